import { hashOf } from '../../src-shared/random.ts'
import { PearsonSums } from '../domain/statistics/pearson.ts'
import type { ModelTrack } from '../models/folder/modelJson.ts'

/** An estimate with a percentile interval of the bootstrap over windows. */
export interface Estimate {
  /** Absent where it is undefined: the experiment or the prediction is constant. */
  readonly r: number | null
  readonly interval95: readonly [number, number] | null
}

export interface TrackEstimate extends Estimate {
  readonly name: string
  readonly assay: string
  readonly sourceId: string | null
}

export interface AssayEstimate extends Estimate {
  readonly assay: string
  readonly tracks: number
  /** One r over all positions and tracks of the assay together: another metric, dominated by differences of scale between tracks. */
  readonly pooled: number | null
}

/** r of one window: the mean over tracks, and pooled over all of an assay's tracks. */
export interface SequenceScore {
  readonly region: string
  readonly meanPerTrack: number | null
  readonly pooledByAssay: Readonly<Record<string, number | null>>
}

export interface TrackEvaluation {
  /** `pearson_per_track`: mean over tracks of one r a track over all bins of all windows. */
  readonly mean: Estimate
  readonly used: number
  /** Tracks left out of the mean because r is undefined. */
  readonly excluded: number
  readonly tracks: readonly TrackEstimate[]
  readonly assays: readonly AssayEstimate[]
  readonly pooled: number | null
  readonly sequences: readonly SequenceScore[]
  readonly bootstrap: { readonly unit: 'window'; readonly resamples: number; readonly seed: number }
}

/** What kind of experiment a track is: its assay; ChIP of histones (antibody H2A, H2B, H3, H4) apart from the rest. */
export function assayOf(track: ModelTrack): string {
  const assay = track.assay ?? track.name.split(':')[0]!
  if (assay !== 'CHIP') return assay
  return /^H(2A|2B|3|4)/.test(track.target ?? track.name.split(':')[1] ?? '') ? 'CHIP histone' : 'CHIP other'
}

/** Collects predictions and experiments window by window; keeps sums only, in float64. */
export class TrackJudge {
  readonly #windows: { readonly region: string; readonly sums: readonly PearsonSums[] }[] = []

  constructor(readonly tracks: readonly ModelTrack[]) {}

  /** One window, both [bins, tracks], row-major. */
  add(region: string, predicted: ArrayLike<number>, target: ArrayLike<number>): void {
    const n = this.tracks.length
    const sums = this.tracks.map(() => new PearsonSums())
    for (let i = 0; i < predicted.length; i++) sums[i % n]!.add(predicted[i]!, target[i]!)
    this.#windows.push({ region, sums })
  }

  get windows(): number {
    return this.#windows.length
  }

  /** Sums of each track over some windows, each as often as it is listed. */
  #merged(windows: readonly number[]): readonly PearsonSums[] {
    return this.tracks.map((_, t) => {
      const total = new PearsonSums()
      for (const w of windows) total.merge(this.#windows[w]!.sums[t]!)
      return total
    })
  }

  /** r of each track for each resample [resample][track]; the same seed draws the same windows for every judge of equally many. */
  resampled(resamples: number, seed: number): readonly (readonly (number | undefined)[])[] {
    const n = this.#windows.length
    return Array.from({ length: resamples }, (_, b) =>
      this.#merged(Array.from({ length: n }, (_, i) => Math.floor((hashOf(seed, b, i) / 2 ** 32) * n))).map(s => s.r),
    )
  }

  evaluation(resamples: number, seed: number): TrackEvaluation {
    const { tracks } = this
    const all = this.#merged(this.#windows.map((_, i) => i))
    const draws = this.resampled(resamples, seed)
    const groups = new Map<string, number[]>()
    tracks.forEach((t, i) => {
      const assay = assayOf(t)
      groups.set(assay, [...(groups.get(assay) ?? []), i])
    })
    const every = tracks.map((_, i) => i)
    const meanOf = (rs: readonly (number | undefined)[], some: readonly number[]) => mean(some.map(i => rs[i]))
    const rs = all.map(s => s.r)
    const estimate = (some: readonly number[]): Estimate => ({ r: meanOf(rs, some) ?? null, interval95: interval(draws.map(d => meanOf(d, some))) }) // biome-ignore format: one thought
    return {
      mean: estimate(every),
      used: rs.filter(r => r !== undefined).length,
      excluded: rs.filter(r => r === undefined).length,
      tracks: tracks.map((t, i) => ({
        name: t.name,
        assay: assayOf(t),
        sourceId: t.sourceId ?? null,
        ...estimate([i]),
      })),
      assays: [...groups].map(([assay, some]) => ({ assay, tracks: some.length, ...estimate(some), pooled: pooled(all, some) ?? null })), // biome-ignore format: one thought
      pooled: pooled(all, every) ?? null,
      sequences: this.#windows.map(({ region, sums }) => ({
        region,
        meanPerTrack: mean(sums.map(s => s.r)) ?? null,
        pooledByAssay: Object.fromEntries([...groups].map(([assay, some]) => [assay, pooled(sums, some) ?? null])),
      })),
      bootstrap: { unit: 'window', resamples, seed },
    }
  }
}

/** Two models on the same windows: what is between them. */
export interface Comparison {
  /** Of the mean r per track, the other model minus this one; the interval draws the same windows for both. */
  readonly difference: Estimate
  readonly byTrack: readonly (Estimate & { readonly name: string })[]
  /** A point a window and assay: pooled r of this model (x) and of the other (y). */
  readonly points: readonly {
    readonly region: string
    readonly assay: string
    readonly x: number
    readonly y: number
  }[]
  /** Of the points of each assay: their own correlation, how often the other is at least as good, and both means. */
  readonly byAssay: readonly {
    readonly assay: string
    readonly windows: number
    readonly r: number | null
    readonly shareOtherAtLeast: number
    readonly meanX: number
    readonly meanY: number
  }[]
}

/** @param judges this model's and the other's, filled with the same windows in the same order */
export function compareJudges(judges: readonly [TrackJudge, TrackJudge], resamples: number, seed: number): Comparison {
  const [a, b] = judges.map(j => ({ own: j.evaluation(0, seed), draws: j.resampled(resamples, seed) })) as [
    Judged,
    Judged,
  ]
  const difference = (some: (rs: readonly (number | undefined)[]) => number | undefined): Estimate => {
    const of = (x: readonly (number | undefined)[], y: readonly (number | undefined)[]) => {
      const [p, q] = [some(x), some(y)]
      return p === undefined || q === undefined ? undefined : q - p
    }
    const rs = (j: Judged) => j.own.tracks.map(t => t.r ?? undefined)
    return { r: of(rs(a), rs(b)) ?? null, interval95: interval(a.draws.map((d, i) => of(d, b.draws[i]!))) }
  }
  const points = a.own.sequences.flatMap((s, i) =>
    Object.entries(s.pooledByAssay).flatMap(([assay, x]) => {
      const y = b.own.sequences[i]!.pooledByAssay[assay]
      return x === null || y === null || y === undefined ? [] : [{ region: s.region, assay, x, y }]
    }),
  )
  const byAssay = a.own.assays.flatMap(({ assay }) => {
    const own = points.filter(p => p.assay === assay)
    if (!own.length) return []
    const sums = new PearsonSums()
    for (const p of own) sums.add(p.x, p.y)
    return [{ assay, windows: own.length, r: sums.r ?? null, shareOtherAtLeast: own.filter(p => p.y >= p.x).length / own.length, meanX: mean(own.map(p => p.x))!, meanY: mean(own.map(p => p.y))! }] // biome-ignore format: one thought
  })
  return {
    difference: difference(mean),
    byTrack: a.own.tracks.map((t, i) => ({ name: t.name, ...difference(rs => rs[i]) })),
    points,
    byAssay,
  }
}

interface Judged {
  readonly own: TrackEvaluation
  readonly draws: readonly (readonly (number | undefined)[])[]
}

function mean(values: readonly (number | undefined)[]): number | undefined {
  const known = values.filter(v => v !== undefined)
  return known.length ? known.reduce((a, b) => a + b, 0) / known.length : undefined
}

function pooled(sums: readonly PearsonSums[], some: readonly number[]): number | undefined {
  const total = new PearsonSums()
  for (const i of some) total.merge(sums[i]!)
  return total.r
}

/** The 2.5th and 97.5th percentile, by linear interpolation. */
function interval(draws: readonly (number | undefined)[]): readonly [number, number] | null {
  const sorted = draws.filter(d => d !== undefined).sort((a, b) => a - b)
  if (sorted.length < 40) return null
  const at = (share: number) => {
    const place = share * (sorted.length - 1)
    const low = Math.floor(place)
    const high = Math.min(low + 1, sorted.length - 1)
    return sorted[low]! + (sorted[high]! - sorted[low]!) * (place - low)
  }
  return [at(0.025), at(0.975)]
}
