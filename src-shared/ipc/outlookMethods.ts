import type { Interval } from '../genome/interval.ts'
import type { EffectScore, ScanMethod } from '../genome/scan.ts'
import type { CompressionChoice } from '../lab/compression.ts'
import type { JobOutlook } from '../lab/plan.ts'
import type { PredictionSubject } from './modelMethods.ts'
import type { CohortSubject } from './riskMethods.ts'
import type { FieldRequest, VariantTableRequest } from './scanMethods.ts'

/** A job as its form stands, before it is started. */
export type JobAsked =
  /** What of the region is not computed yet, as `predict.region` and `predict.export` would. */
  | { readonly kind: 'predict'; readonly request: PredictionSubject & { readonly interval: Interval; readonly channels: readonly number[] } } // biome-ignore format: one line a kind
  | { readonly kind: 'scan'; readonly request: ScanAsked }
  | { readonly kind: 'attribution'; readonly request: { readonly modelFileId: string } }
  | { readonly kind: 'field'; readonly request: FieldRequest }
  | { readonly kind: 'variants'; readonly request: VariantTableRequest }
  | { readonly kind: 'compression'; readonly request: { readonly modelFileId: string; readonly choice: CompressionChoice } } // biome-ignore format: one line a kind
  | { readonly kind: 'cohort'; readonly request: CohortSubject & { readonly again: boolean } }
  | { readonly kind: 'index'; readonly request: { readonly fileId: string } }

/** Of a scan what its cost depends on. */
export interface ScanAsked {
  readonly modelFileId: string
  /** Positions that are mutated. */
  readonly spanBp: number
  /** Tracks, or one for the mean of them. */
  readonly answers: number
  readonly method: ScanMethod
  readonly score: EffectScore
}

export interface OutlookMethods {
  /** What a job will cost, and whether it would be refused. Starts nothing. @throws as starting it does, but for what does not fit */
  'jobs.outlook': { args: { job: JobAsked }; result: JobOutlook }
}
