import { buildDoubleArray, type TrieEntry } from './doubleArray.ts'

/** A charsmap's size is limited by its 21-bit offsets; Unicode needs a tenth of that. */
const SURROGATES = [0xd800, 0xdfff] as const

/**
 * The precompiled charsmap of Unicode normalisation form KC, from the platform's Unicode tables: a rule for each character that NFKC
 * changes, and one for each decomposed sequence that it composes. SentencePiece applies the leftmost longest rule, so marks that do not
 * stand in canonical order are left as they are.
 */
export function nfkcCharsmap(): Uint8Array {
  made ??= makeCharsmap()
  return made
}

/** It takes a second to make, and does not change. */
let made: Uint8Array | undefined

function makeCharsmap(): Uint8Array {
  const encoder = new TextEncoder()
  const rules = new Map<string, string>()
  for (let code = 1; code <= 0x10ffff; code++) {
    if (code === SURROGATES[0]) code = SURROGATES[1] + 1
    const character = String.fromCodePoint(code)
    const composed = character.normalize('NFKC')
    if (composed !== character) rules.set(character, composed)
    const decomposed = character.normalize('NFD')
    if (decomposed !== character && decomposed.normalize('NFKC') !== decomposed)
      rules.set(decomposed, decomposed.normalize('NFKC'))
  }
  // Halfwidth kana compose with the halfwidth marks behind them, which no single character decomposes to.
  for (let code = 0xff66; code <= 0xff9d; code++)
    for (const mark of ['\uff9e', '\uff9f']) {
      const pair = String.fromCodePoint(code) + mark
      const composed = pair.normalize('NFKC')
      if (composed.length === 1) rules.set(pair, composed)
    }
  const texts: number[] = []
  const offsets = new Map<string, number>()
  const entries: TrieEntry[] = []
  for (const key of [...rules.keys()].sort()) {
    const text = rules.get(key) as string
    let value = offsets.get(text)
    if (value === undefined) {
      value = texts.length
      offsets.set(text, value)
      texts.push(...encoder.encode(text), 0)
    }
    entries.push({ key: encoder.encode(key), value })
  }
  const units = buildDoubleArray(entries)
  const out = new Uint8Array(4 + units.length * 4 + texts.length)
  const view = new DataView(out.buffer)
  view.setUint32(0, units.length * 4, true)
  units.forEach((unit, i) => {
    view.setUint32(4 + 4 * i, unit, true)
  })
  out.set(texts, 4 + units.length * 4)
  return out
}
