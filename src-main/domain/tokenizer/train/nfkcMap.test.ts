import { expect, it } from 'vitest'
import { parseCharsmap } from '../charsmap.ts'
import { nfkcCharsmap } from './nfkcMap.ts'

it('maps every character of Unicode as String.normalize does, and composes what stands decomposed', () => {
  const map = parseCharsmap(nfkcCharsmap())
  const encoder = new TextEncoder()
  const decoder = new TextDecoder()
  const wrong: string[] = []
  for (let code = 1; code <= 0x10ffff; code++) {
    if (code === 0xd800) code = 0xe000
    const character = String.fromCodePoint(code)
    for (const text of new Set([character, character.normalize('NFD')])) {
      if (text !== character && text.normalize('NFKC') === text) continue
      const bytes = encoder.encode(text)
      const rule = map?.longestMatch(bytes, 0)
      const mapped = rule && rule.length === bytes.length ? decoder.decode(rule.replacement) : rule ? undefined : text
      if (mapped !== text.normalize('NFKC')) wrong.push(code.toString(16))
    }
  }
  expect(wrong).toEqual([])
})
