import type { Interval } from './interval.ts'
import type { Background } from './prediction.ts'

/** How one number is made of reference and alternative predictions over the scored bins. */
export type EffectScore = 'sad' | 'sar' | 'logfold' | 'absmax'
export type ScanMethod = 'exact' | 'naive' | 'gradient'

export interface ScanRequest {
  readonly modelFileId: string
  readonly referenceFileId: string
  /** Positions that are mutated, 1 to 2,000 bp. */
  readonly interval: Interval
  readonly channels: readonly number[]
  /** Track mean instead of one answer a track. */
  readonly groupMean: boolean
  /** Scored bins: all that the window answers for, or those that touch a part of the contig. */
  readonly output: { readonly kind: 'all' } | { readonly kind: 'interval'; readonly interval: Interval }
  readonly score: EffectScore
  readonly method: ScanMethod
  readonly background: Background
}

/** How the values of one cell came to be. */
export const CELL = { missing: 0, estimate: 1, exact: 2, reference: 3, unknown: 4 } as const

/**
 * A scan as it stands: 4 rows of bases (A, C, G, T) by positions, for each column of `channels` (or one, for a group mean).
 * Unfilled cells are NaN with state `missing`; the reference base's cells are 0 with state `reference`; positions with N `unknown`.
 */
export interface ScanData {
  readonly scanId: string
  readonly request: ScanRequest
  readonly columns: readonly { readonly channel: number; readonly name: string; readonly unit: string }[]
  /** Upper-case bases that were mutated: the background's own. */
  readonly sequence: string
  /** [columns, positions, 4]. */
  readonly effects: Float32Array
  /** [positions, 4], of CELL. */
  readonly states: Uint8Array
  /** First base of the window and what it answers for. */
  readonly window: Interval
  readonly answered: Interval
  readonly state: 'running' | 'done' | 'cancelled' | 'failed' | 'partial'
  readonly exactCells: number
  readonly totalCells: number
  readonly secondsLeft: number | null
  /** Which method and device ran, in words; what a verification found. */
  readonly ranWith: string
  readonly verified: ScanVerification | null
  readonly warnings: readonly string[]
}

export interface ScanVerification {
  readonly cells: number
  /** Largest |exact - naive|, the same relative to max(|naive|, 1e-3 of the scan's largest), and rank correlation. */
  readonly maxDifference: number
  readonly maxRelative: number
  readonly spearman: number | null
}

/** What one mutation does along the whole window. */
export interface MutationProfile {
  readonly scanId: string
  readonly position: number
  readonly ref: string
  readonly alt: string
  readonly contig: string
  readonly start: number
  readonly binBp: number
  /** [bins] of one column. */
  readonly column: number
  readonly reference: Float32Array
  readonly alternative: Float32Array
  readonly ranWith: string
}

/** Measured receptive field: mean |change| at each bin for mutations at some positions, with its control and the structural field. */
export interface ReceptiveField {
  readonly model: { readonly id: string; readonly name: string; readonly kind: string }
  readonly protocol: 'seed' | 'default'
  readonly seed: number
  readonly sequences: number
  readonly source: 'random' | 'reference'
  /** 0-based within the window. */
  readonly positions: readonly number[]
  readonly windowBp: number
  readonly binBp: number
  readonly firstBin: number
  readonly bins: number
  /** [positions, bins]. */
  readonly effect: Float32Array
  readonly medians: readonly number[]
  readonly control: { readonly median: number; readonly maximum: number }
  /** [positions, bins]: 1 where the structure lets a change arrive. */
  readonly reachable: Uint8Array
  /** [positions, bins]: 1 where the measured effect exceeds 10 x the control's maximum and the float floor. */
  readonly reached: Uint8Array
  readonly device: string
}

/** One row of a variant table: effect on each column, or why there is none. */
export interface VariantEffect {
  readonly contig: string
  /** 0-based. */
  readonly position: number
  readonly id: string
  readonly ref: string
  readonly alt: string
  readonly state:
    | 'scored'
    | 'ref-mismatch'
    | 'symbolic'
    | 'star'
    | 'off-contig'
    | 'unknown-bases'
    | 'too-long'
    | 'failed'
  readonly detail: string
  /** By column of the request; empty unless scored. */
  readonly effects: readonly number[]
}
