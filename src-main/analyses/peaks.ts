/** A stretch of bins that stand out. */
export interface Peak {
  /** First bin, and one past the last. */
  readonly from: number
  readonly to: number
  /** Largest value of the stretch. */
  readonly height: number
}

/** The quantile above which a bin stands out. */
export const PEAK_QUANTILE = 0.95

/**
 * Peaks of a signal: runs of bins above the 95th percentile of the bins that count, at most one bin apart, highest first. The percentile is
 * the value at rank ceil(0.95 n); a signal whose values above it are none (a constant, or fewer than 20 levels reached) has no peaks.
 */
export function findPeaks(values: ArrayLike<number>, used: Uint8Array): readonly Peak[] {
  const counted: number[] = []
  for (let i = 0; i < values.length; i++) if (used[i] === 1) counted.push(values[i]!)
  if (counted.length === 0) return []
  const sorted = Float64Array.from(counted).sort()
  const threshold = sorted[Math.ceil(PEAK_QUANTILE * sorted.length) - 1]!
  const peaks: { from: number; to: number; height: number }[] = []
  for (let i = 0; i < values.length; i++) {
    if (used[i] !== 1 || !(values[i]! > threshold)) continue
    const last = peaks.at(-1)
    if (last && i - last.to <= 1) {
      last.to = i + 1
      last.height = Math.max(last.height, values[i]!)
    } else peaks.push({ from: i, to: i + 1, height: values[i]! })
  }
  return peaks.sort((a, b) => b.height - a.height || a.from - b.from)
}

export interface JudgedPeak {
  readonly from: number
  readonly to: number
  readonly kind: 'found' | 'missed' | 'invented'
}

/** Peaks of either side that are judged. */
export const JUDGED_PEAKS = 20
/** Bins by which peaks of the two sides may miss each other. */
const TOLERANCE = 1

/**
 * The 20 highest peaks of the experiment, found when any predicted peak overlaps them or is at most a bin away, else missed; then those of
 * the 20 highest predicted ones that no experimental peak is near: invented. In order of position.
 */
export function judgePeaks(predicted: readonly Peak[], observed: readonly Peak[]): readonly JudgedPeak[] {
  const near = (a: Peak, b: Peak) => a.from - TOLERANCE < b.to && b.from - TOLERANCE < a.to
  const out: JudgedPeak[] = observed.slice(0, JUDGED_PEAKS).map(o => ({
    from: o.from,
    to: o.to,
    kind: predicted.some(p => near(p, o)) ? 'found' : 'missed',
  }))
  for (const p of predicted.slice(0, JUDGED_PEAKS))
    if (!observed.some(o => near(p, o))) out.push({ from: p.from, to: p.to, kind: 'invented' })
  return out.sort((a, b) => a.from - b.from)
}
