import type { CoverageBins } from '../../../src-shared/ipc/contract.ts'

/** Depth over a view in numbers. With bins wider than a base, of the bins' means: said where it is shown. */
export interface DepthSummary {
  readonly positions: number
  readonly mean: number
  readonly median: number
  /** Share of positions with at least so many reads. */
  readonly atLeast: readonly { readonly depth: number; readonly share: number }[]
}

export const MARKS = [1, 8, 10, 20, 30] as const

/** Mean, median and shares of a view's depths; each bin weighs as many positions as it holds. */
export function summarise(bins: CoverageBins): DepthSummary {
  const { interval, binBp, mean } = bins
  const weighed = Array.from(mean, (depth, i) => ({
    depth,
    weight: Math.min(binBp, interval.end - interval.start - i * binBp),
  })).sort((a, b) => a.depth - b.depth)
  const positions = weighed.reduce((n, w) => n + w.weight, 0)
  const total = weighed.reduce((n, w) => n + w.weight * w.depth, 0)
  let below = 0
  const median = weighed.find(w => {
    below += w.weight
    return below >= positions / 2
  })
  const share = (depth: number) =>
    positions === 0 ? 0 : weighed.reduce((n, w) => n + (w.depth >= depth ? w.weight : 0), 0) / positions
  return {
    positions,
    mean: positions === 0 ? 0 : total / positions,
    median: median?.depth ?? 0,
    atLeast: MARKS.map(depth => ({ depth, share: share(depth) })),
  }
}

/** The share of positions with at least each depth from 0 to the largest: a curve that falls. */
export function cumulative(bins: CoverageBins): readonly (readonly [number, number])[] {
  const { interval, binBp, mean } = bins
  const top = Math.ceil(mean.reduce((t, d) => Math.max(t, d), 0))
  const counts = new Float64Array(top + 2)
  let positions = 0
  mean.forEach((depth, i) => {
    const weight = Math.min(binBp, interval.end - interval.start - i * binBp)
    counts[Math.floor(depth)]! += weight
    positions += weight
  })
  const curve: [number, number][] = []
  let left = positions
  for (let d = 0; d <= top; d++) {
    curve.push([d, positions === 0 ? 0 : (100 * left) / positions])
    left -= counts[d]!
  }
  return curve
}
