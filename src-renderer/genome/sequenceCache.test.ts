import fc from 'fast-check'
import { describe, expect, it, vi } from 'vitest'
import { cachedSequence } from './sequenceCache.ts'

const letters = Array.from({ length: 100_000 }, (_, i) => 'ACGT'[(i * 7 + (i >> 5)) % 4]).join('')

describe('cachedSequence', () => {
  it('gives what a direct read gives (truth: slice of the whole)', async () => {
    const sequence = cachedSequence(
      async (_c, s, e) => letters.slice(s, e),
      () => letters.length,
    )
    await fc.assert(
      fc.asyncProperty(fc.nat(101_000), fc.nat(30_000), async (start, length) => {
        expect(await sequence('c', start, start + length)).toBe(letters.slice(start, start + length))
      }),
    )
  })
  it('reads a block once however often it is asked for, and again after a failure', async () => {
    const read = vi.fn(async (_c: string, s: number, e: number) => letters.slice(s, e))
    const sequence = cachedSequence(read, () => letters.length)
    await Promise.all([sequence('c', 5, 6), sequence('c', 5, 900), sequence('c', 100, 8000)])
    expect(read).toHaveBeenCalledOnce()
    read.mockRejectedValueOnce(new Error('gone'))
    await expect(sequence('c', 90_000, 90_010)).rejects.toThrow('gone')
    expect(await sequence('c', 90_000, 90_010)).toBe(letters.slice(90_000, 90_010))
  })
})
