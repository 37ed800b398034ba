import type { Interval } from '../../src-shared/genome/interval.ts'
import type { Failure } from './failure.ts'

/** One line or area of a predicted track. */
export interface PredictedSeries {
  readonly label: string
  readonly kind: 'predicted' | 'observed'
  readonly colour: string
  /** Broken, so that a line below it shows through where both are equal: colour is not the only sign. */
  readonly dashed: boolean
  /** -1: drawn downwards, the reverse strand of a pair. */
  readonly direction: 1 | -1
  /** One value a bin; NaN where there is none. `max` is the largest within a bin that was merged. */
  readonly mean: Float32Array
  readonly max: Float32Array
}

/** What a stretch shows at this moment. Bin i covers start + i·binBp …; the last may reach over the interval. */
export interface PredictedData {
  readonly contig: string
  readonly start: number
  readonly binBp: number
  readonly count: number
  readonly series: readonly PredictedSeries[]
  /** 1: no base of the bin is known. */
  readonly unknown: Uint8Array
  /** 1: predicted. Elsewhere it is still being computed. */
  readonly computed: Uint8Array
  /** 1: the haplotype lacks all of the bin's bases. */
  readonly deleted?: Uint8Array | undefined
  /** What stands where nothing is predicted yet; '' when all is. */
  readonly waiting: string
}

/** A stretch that is being predicted: what there is now, and what comes. */
export interface PredictedStretch {
  data: PredictedData | Failure
  /** Told once the data changed; kept until `stop`. */
  onChange: (() => void) | undefined
  stop(): void
}

export interface PredictedSource {
  /** Answers with what there is, at once; what is missing follows, from the middle outwards. */
  open(interval: Interval, bins: number): Promise<PredictedStretch>
}

/** Largest size of any series between two places: what an axis must hold. */
export function largestIn(data: PredictedData, start: number, end: number): number {
  const first = Math.max(0, Math.floor((start - data.start) / data.binBp))
  const last = Math.min(data.count, Math.ceil((end - data.start) / data.binBp))
  let top = 0
  for (const { max, mean } of data.series)
    for (let i = first; i < last; i++) {
      // A difference's largest fall is in its mean; NaN compares false.
      const size = Math.max(Math.abs(max[i]!), Math.abs(mean[i]!))
      if (size > top) top = size
    }
  return top
}
