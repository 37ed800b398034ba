import { describe, expect, it } from 'vitest'
import { SeededRandom } from '../../../test-support/random.ts'
import { createMergeTable } from './mergeTable.ts'

describe('which piece two pieces make', () => {
  it('equals joining their texts, for every pair of 300 random pieces', () => {
    const random = new SeededRandom(3)
    const mergeable = new Map<string, number>()
    while (mergeable.size < 300) {
      const piece = Array.from({ length: random.integer(1, 7) }, () => random.pick(['A', 'C', '嗄', '\u{1d400}'])).join('') // biome-ignore format: one line
      if (!mergeable.has(piece)) mergeable.set(piece, 5 + 2 * mergeable.size)
    }
    const table = createMergeTable(mergeable)
    let found = 0
    for (const [a, left] of mergeable)
      for (const [b, right] of mergeable) {
        const expected = mergeable.get(a + b) ?? -1
        if (expected >= 0) found++
        if (table.find(left, right) !== expected) expect.unreachable(`${a} + ${b}`)
      }
    expect(found).toBeGreaterThan(100)
  })

  it('of a vocabulary of single characters is empty', () => {
    expect(createMergeTable(new Map([['A', 1]])).find(1, 1)).toBe(-1)
  })
})
