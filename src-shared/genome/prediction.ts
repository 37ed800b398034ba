import type { WireError } from '../ipc/errors.ts'
import type { Interval } from './interval.ts'

/** How predictions are made: part of the key under which they are kept. */
export interface PredictOptions {
  /** Mean over both strands, with stranded tracks swapped. */
  readonly bothStrands: boolean
  /** Windows moved by so many base pairs, averaged; [0] is one window. */
  readonly shiftsBp: readonly number[]
}
export const PREDICT_DEFAULTS: PredictOptions = { bothStrands: false, shiftsBp: [0] }

/** Whose sequence is predicted: the reference, or one of a sample's two haplotypes put onto it. */
export type Background =
  | { readonly kind: 'reference' }
  | { readonly kind: 'haplotype'; readonly fileId: string; readonly sample: string; readonly haplotype: 0 | 1 }
export const REFERENCE: Background = { kind: 'reference' }

/**
 * Predicted tracks over an interval, in the model's own units, one value a bin and channel. Bin i covers
 * start + i·binBp … of `contig`. Bins are the model's, or merged ones (`merged` of them each) when more were asked for than fit.
 */
export interface PredictedBins {
  readonly contig: string
  readonly start: number
  readonly binBp: number
  /** How many of the model's bins are one of these: `binBp` is the width of the merged bin. */
  readonly merged: number
  readonly channels: readonly number[]
  /** [bins, channels], row-major: mean over merged bins. NaN: not computed (yet). */
  readonly mean: Float32Array
  /** The same, largest of the merged bins. Equal to `mean` when nothing was merged. */
  readonly max: Float32Array
  /** 1: none of the bin's bases is known (N, or beyond the contig). */
  readonly unknown: Uint8Array
  /** Windows that lie in the interval and how many of them are computed: fewer while it is being refined. */
  readonly windows: number
  readonly computed: number
  /** Whether the rest is coming: `too-many` windows are missing to be computed for a view (zoom in, or compute as a job). */
  readonly pending: 'none' | 'running' | 'too-many'
  /** Why the last attempt at the missing windows failed, in one line; absent while there is hope. */
  readonly failure?: WireError
  /** 1: the haplotype lacks all of the bin's bases (deleted), so there is no value. Absent on the reference. */
  readonly deleted?: Uint8Array
  /** What ran and where; '' while nothing is computed. */
  readonly device: string
  /** Sentences that belong beside the values. */
  readonly warnings: readonly string[]
}

/** How a track's numbers are drawn and compared. */
export type Scale = 'linear' | 'log' | 'arcsinh'

/** Place of a value on a scale. Those that are not linear are odd functions, so that differences and mirrored strands can be drawn on them. */
export function scaled(scale: Scale, value: number): number {
  switch (scale) {
    case 'linear':
      return value
    case 'log':
      return Math.sign(value) * Math.log10(1 + Math.abs(value))
    case 'arcsinh':
      return Math.asinh(value)
  }
}

/** Predicted against experimental signal in the same bins. */
export interface TrackComparison {
  readonly contig: string
  readonly start: number
  readonly binBp: number
  readonly channel: number
  readonly signalFileId: string
  /** What is compared: as the model gives it against the signal with the training transform applied, or undone against raw. */
  readonly units: string
  readonly predicted: Float32Array
  readonly observed: Float32Array
  /** Bins that count: known sequence and a value in the file. */
  readonly used: Uint8Array
  readonly n: number
  /** null: undefined (a constant track). */
  readonly pearson: number | null
  readonly spearman: number | null
  readonly pearsonLog: number | null
  /** Counts of (predicted, observed) pairs on hexagons, for the scatter: centres in axis units. */
  readonly hexbin: {
    readonly x: Float32Array
    readonly y: Float32Array
    readonly count: Int32Array
    readonly scale: Scale
  }
  /** Largest peaks of either side: found by both, missed by the model, invented by it. */
  readonly peaks: readonly {
    readonly start: number
    readonly end: number
    readonly kind: 'found' | 'missed' | 'invented'
    readonly predicted: number
    readonly observed: number
  }[]
  readonly warnings: readonly string[]
}

/** A region of a comparison over several places. */
export interface RegionComparison {
  readonly interval: Interval
  readonly n: number
  readonly pearson: number | null
  readonly spearman: number | null
}

/** What the disk cache of predictions holds. `folder` is for display. */
export interface PredictionCacheState {
  readonly bytes: number
  readonly limit: number
  readonly entries: number
  readonly folder: string
}
