import { describe, expect, it } from 'vitest'
import type { CoverageBins } from '../../../src-shared/ipc/contract.ts'
import { cumulative, summarise } from './depthSummary.ts'

const bins = (depths: readonly number[], binBp = 1, length = depths.length * binBp): CoverageBins => ({
  interval: { contig: 'c', start: 100, end: 100 + length },
  binBp,
  mean: Float32Array.from(depths),
  max: Int32Array.from(depths),
})

describe('depth in numbers (truth: by hand)', () => {
  it('summarises single bases', () => {
    const s = summarise(bins([0, 0, 10, 30]))
    expect(s).toMatchObject({ positions: 4, mean: 10, median: 0 })
    expect(s.atLeast.map(a => a.share)).toEqual([0.5, 0.5, 0.5, 0.25, 0.25])
  })
  it('weighs bins, the last by what is left of it', () => {
    const s = summarise(bins([4, 8], 10, 12))
    expect(s.positions).toBe(12)
    expect(s.mean).toBeCloseTo((40 + 16) / 12)
    expect(s.median).toBe(4)
  })
  it('falls from all to the largest depth', () => {
    expect(cumulative(bins([0, 1, 1, 3]))).toEqual([
      [0, 100],
      [1, 75],
      [2, 25],
      [3, 25],
    ])
  })
  it('survives an empty view', () => {
    expect(summarise(bins([])).mean).toBe(0)
    expect(cumulative(bins([]))).toEqual([[0, 0]])
  })
})
