import type { Interval } from '../../src-shared/genome/interval.ts'

/**
 * A signal over an interval in equal bins: bin i covers start + floor(i x length / count) up to where bin i + 1 begins.
 * A bin without any value is NaN in all three and 0 in `covered`; a bin of zeros is 0 and covered.
 */
export interface SignalBins {
  readonly interval: Interval
  readonly count: number
  /** bp a summary of the level that was read; 1: every value was. */
  readonly resolutionBp: number
  /** Over the bases that have a value. */
  readonly mean: Float32Array
  readonly min: Float32Array
  readonly max: Float32Array
  /** Bases with a value, estimated where a summary reaches over a bin's edge. */
  readonly covered: Float64Array
  /** Of the values over the covered bases. */
  readonly sums: Float64Array
  finish(): SignalBins
}

export function emptyBins(interval: Interval, count: number, resolutionBp: number): SignalBins {
  const bins: SignalBins = {
    interval,
    count,
    resolutionBp,
    mean: new Float32Array(count).fill(Number.NaN),
    min: new Float32Array(count).fill(Number.NaN),
    max: new Float32Array(count).fill(Number.NaN),
    covered: new Float64Array(count),
    sums: new Float64Array(count),
    finish() {
      for (let i = 0; i < count; i++) {
        if (!(bins.covered[i]! > 0)) continue
        bins.mean[i] = bins.sums[i]! / bins.covered[i]!
        // Some writers count a base at a summary's edge twice: no bin has more covered bases than bases.
        bins.covered[i] = Math.min(bins.covered[i]!, binStart(interval, count, i + 1) - binStart(interval, count, i))
      }
      return bins
    },
  }
  return bins
}

/** Where bin i begins. */
export const binStart = ({ start, end }: Interval, count: number, i: number): number =>
  start + Math.floor((i * (end - start)) / count)

/**
 * Adds a stretch [start, end) of which `covered` bases have values that sum to `sum`. Where it reaches over a bin's edge its sum is shared
 * by length. A value that is not finite is no value.
 */
export function addValues(
  bins: SignalBins,
  start: number,
  end: number,
  sum: number,
  covered: number,
  least: number,
  greatest: number,
): void {
  // biome-ignore format: one line
  const { interval, count } = bins
  const from = Math.max(start, interval.start)
  const to = Math.min(end, interval.end)
  if (from >= to || !(covered > 0) || !Number.isFinite(sum)) return
  const length = interval.end - interval.start
  let i = Math.min(count - 1, Math.floor(((from - interval.start) * count) / length))
  while (i > 0 && binStart(interval, count, i) > from) i--
  while (i + 1 < count && binStart(interval, count, i + 1) <= from) i++
  for (; i < count; i++) {
    const binFrom = binStart(interval, count, i)
    if (binFrom >= to) break
    const part = Math.min(to, binStart(interval, count, i + 1)) - Math.max(from, binFrom)
    if (part <= 0) continue
    const share = part / (end - start)
    bins.sums[i]! += sum * share
    bins.covered[i]! += covered * share
    if (!(bins.min[i]! <= least)) bins.min[i] = least
    if (!(bins.max[i]! >= greatest)) bins.max[i] = greatest
  }
}
