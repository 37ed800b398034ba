import { describe, expect, it } from 'vitest'
import { BfcArena } from './bfcArena.ts'
import { heapBytes } from './heap.ts'
import { fitTerms, passSeconds } from './rates.ts'

describe('rates', () => {
  // Truth: times made of known rates.
  it('are found again from times that they made, none below 0', () => {
    const rates = [2e-6, 5e-12, 0, 3e-10]
    const samples = [[1, 1e6, 1e4, 1e3], [1, 1e8, 1e5, 1e5], [1, 1e7, 1e6, 1e2], [1, 5e8, 1e3, 1e6], [1, 1e5, 1e5, 1e5]].map(terms => ({ terms, seconds: terms.reduce((s, t, i) => s + t * rates[i]!, 0) })) // biome-ignore format: a table
    const found = fitTerms(samples)
    for (const { terms, seconds } of samples)
      expect(terms.reduce((s, t, i) => s + t * found[i]!, 0) / seconds).toBeCloseTo(1, 1)
    expect(Math.min(...found)).toBeGreaterThanOrEqual(0)
  })

  it('of a pass go through what was measured, rise in between, and in proportion beyond', () => {
    const measured = [[1000, 1e-6], [100_000, 1e-4], [1_000_000, 4e-3]] as const // biome-ignore format: a table
    for (const [n, s] of measured) expect(passSeconds(measured, n)).toBeCloseTo(s, 12)
    expect(passSeconds(measured, 10)).toBe(1e-6)
    expect(passSeconds(measured, 10_000)).toBeCloseTo(1e-5, 10)
    expect(passSeconds(measured, 2_000_000)).toBeCloseTo(8e-3, 10)
  })
})

describe('memory of the runtime', () => {
  // Truth: a block that was given back is used again; one that is too small is not.
  it('the arena uses again what it has', () => {
    const arena = new BfcArena()
    const a = arena.allocate(10e6)
    arena.release(a)
    arena.allocate(10e6)
    expect(arena.touchedBytes).toBe(10e6)
    arena.allocate(4e6)
    expect(arena.touchedBytes).toBe(14e6)
    arena.allocate(20e6)
    expect(arena.touchedBytes).toBe(34e6)
  })

  it('joins neighbours that are free', () => {
    const arena = new BfcArena()
    const parts = [1, 2, 3].map(() => arena.allocate(256 * 1024))
    for (const part of parts) arena.release(part)
    arena.allocate(768 * 1024)
    expect(arena.touchedBytes).toBe(768 * 1024)
  })

  it('a heap keeps small blocks by size, and gives large ones back', () => {
    const large = 40e6
    const events = [
      { buffer: 0, bytes: large },
      { buffer: 0, bytes: 0 },
      { buffer: 1, bytes: 1000 },
      { buffer: 2, bytes: 1000 },
      { buffer: 1, bytes: 0 },
      { buffer: 2, bytes: 0 },
      { buffer: 3, bytes: 2000 },
      { buffer: 4, bytes: large },
      { buffer: 3, bytes: 0 },
      { buffer: 4, bytes: 0 },
    ]
    expect(heapBytes(events)).toBe(large + 2 * 1000 + 2000)
  })
})
