import { WorkbenchError } from '../../src-shared/ipc/errors.ts'
import type { AttributionPeak } from '../../src-shared/ipc/scanMethods.ts'

/** Σ over A, C, G, T of ∂y/∂x · x for each base of [bases, 4] (Shrikumar et al. 2016; Avsec et al. 2021). */
export function gradientTimesInput(gradient: Float32Array, sequence: Float32Array): Float32Array {
  const out = new Float32Array(sequence.length / 4)
  for (let i = 0; i < out.length; i++) {
    let sum = 0
    for (let k = 4 * i; k < 4 * i + 4; k++) sum += gradient[k]! * sequence[k]!
    out[i] = sum
  }
  return out
}

/**
 * First-order estimates of single-base changes, [bases, 4] like the gradient: ∂y/∂x of the alternative less that of the base that is
 * there. 0 for the base itself, NaN where none is known.
 */
export function firstOrderEffects(gradient: Float32Array, sequence: Float32Array): Float32Array {
  const out = new Float32Array(gradient.length)
  for (let i = 0; i < gradient.length; i += 4) {
    const own = [0, 1, 2, 3].find(k => sequence[i + k] === 1)
    for (let k = 0; k < 4; k++)
      out[i + k] = own === undefined ? Number.NaN : k === own ? 0 : gradient[i + k]! - gradient[i + own]!
  }
  return out
}

export interface PeakOptions {
  /** Bases of a stretch; default 10, between a half-site and a long motif. */
  readonly width?: number
  /** Standard deviations above the mean of all stretches; default 3. */
  readonly deviations?: number
  readonly limit?: number
}

/**
 * Stretches of motif size whose bases' attributions add up, in magnitude, to more than usual: the strongest first, none overlapping
 * another. `start` is the contig position of the first value.
 */
export function attributionPeaks(
  values: Float32Array,
  bases: string,
  start: number,
  { width = 10, deviations = 3, limit = 50 }: PeakOptions = {},
): readonly AttributionPeak[] {
  if (bases.length !== values.length) throw new WorkbenchError('internal', `${bases.length} bases for ${values.length} values`, 'please report this') // biome-ignore format: one thought
  const windows = values.length - width + 1
  if (windows < 2) return []
  const sums = new Float64Array(windows)
  let sum = 0
  for (let i = 0; i < values.length; i++) {
    sum += Math.abs(values[i]!)
    if (i >= width) sum -= Math.abs(values[i - width]!)
    if (i >= width - 1) sums[i - width + 1] = sum
  }
  const mean = sums.reduce((a, b) => a + b, 0) / windows
  const deviation = Math.sqrt(sums.reduce((a, b) => a + (b - mean) ** 2, 0) / windows)
  if (!(deviation > 0)) return []
  const above = [...sums.keys()].filter(i => sums[i]! > mean + deviations * deviation)
  above.sort((a, b) => sums[b]! - sums[a]! || a - b)
  const taken = new Uint8Array(values.length)
  const peaks: AttributionPeak[] = []
  for (const i of above) {
    if (peaks.length === limit) break
    if (taken[i] || taken[i + width - 1]) continue
    taken.fill(1, i, i + width)
    peaks.push({
      start: start + i,
      end: start + i + width,
      sum: values.subarray(i, i + width).reduce((a, b) => a + b, 0),
      deviations: (sums[i]! - mean) / deviation,
      bases: bases.slice(i, i + width),
    })
  }
  return peaks
}
