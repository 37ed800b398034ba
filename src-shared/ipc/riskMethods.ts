import type { Interval } from '../genome/interval.ts'
import type {
  CalibrationBin,
  RiskCohort,
  RiskModelName,
  RiskScore,
  RiskSheet,
  RocCurve,
  ScoreDistribution,
} from '../genome/risk.ts'
import type { CohortComparison } from '../genome/riskComparison.ts'
import type { JobSnapshot } from '../job.ts'
import type { OpenedFile } from '../openedFile.ts'
import type { ExportedFile } from './contract.ts'

/** A sample and the model that is to score it. */
export interface RiskSubject {
  readonly fileId: string
  readonly modelFileId: string
}

/** A score beside the held-out people of the model's training cohort, among whom it has its place. */
export interface SampleRisk {
  readonly score: RiskScore
  readonly distribution: ScoreDistribution
  readonly calibration: readonly CalibrationBin[]
  /** Probability from which the model calls a case. */
  readonly threshold: number
}

/** The region as the model reads it. Columns have one entry a token; attribution one a base. */
export interface RiskTokens {
  readonly region: Interval
  /** 0-based on the contig; a token is [start, end). */
  readonly starts: Int32Array
  readonly ends: Int32Array
  /** The token's diplotype characters. */
  readonly pieces: readonly string[]
  /** 1 where the token's letters are not the reference's. */
  readonly differs: Uint8Array
  readonly unknown: number
  readonly limit: number
  /** Gradient times embedding of the sample's tokens minus the reference's, spread over each token's bases; null for a network without one. */
  readonly gradient: Float32Array | null
  /** Upper-case letters of the model's reference. */
  readonly reference: string
}

/** What a simulated cohort says of itself in the `cohort.json` beside its sheet. */
export interface SimulatedTruth {
  readonly optimalAuc: number
  readonly twoSnpOptimalAuc: number
  readonly note: string
  readonly depth: number | null
  readonly effects: readonly string[]
}

export interface OpenedCohort {
  readonly fileId: string
  /** A folder of alignment files without a sheet has nobody's label. */
  readonly from: 'sheet' | 'folder'
  readonly sheet: RiskSheet
  /** Names of columns beyond sample, file and label. */
  readonly covariates: readonly string[]
  readonly truth: SimulatedTruth | null
}

/** `ready`: nothing was scored yet; `partial`: a run was stopped, what it scored is kept. */
export type CohortRunState = 'ready' | 'running' | 'partial' | 'done'

/** The curves of the models that are compared on the same people. */
export type CohortRocs = Readonly<Partial<Record<RiskModelName, RocCurve>>>

/** A cohort as one model sees it, as far as it is scored. */
export interface CohortRun {
  readonly state: CohortRunState
  /** Rows of the sheet that can be scored. */
  readonly total: number
  readonly jobId: string | null
  /** Rows so far and figures of them; null while nothing is scored. */
  readonly cohort: RiskCohort | null
  readonly rocs: CohortRocs
  /** Probability from which the model calls a case. */
  readonly threshold: number
  /** Milliseconds since the epoch; null while unfinished. */
  readonly finishedAt: number | null
  /** Samples whose files changed after they were scored: their scores are of the files as they were. */
  readonly changed: readonly string[]
}

/** `fileId` is that of an open sample sheet. */
export interface CohortSubject {
  readonly fileId: string
  readonly modelFileId: string
}

/** Calls about risk models. Every answer of a model trained on simulated people says so in its limits. */
export interface RiskMethods {
  /** Which open models are risk models. */
  'risk.models': {
    args: Record<string, never>
    result: readonly { fileId: string; name: string; label: string | null }[]
  }
  /**
   * The score of a sample, with the change of the logit for every token that differs from the reference. A sample that does not fit gives
   * a no-call.
   * @throws `build`, `bad-model`, and what reading throws
   */
  'risk.score': { args: RiskSubject; result: SampleRisk }
  'risk.tokens': { args: RiskSubject; result: RiskTokens }
  'risk.cohortOpen': { args: { fileId: string }; result: OpenedCohort }
  /** Scores what is not scored yet, what failed, and what changed since, as a job. `again`: from the beginning. */
  'risk.cohortStart': { args: CohortSubject & { again: boolean }; result: JobSnapshot }
  'risk.cohort': { args: CohortSubject; result: CohortRun }
  /**
   * Two models on the people of a sheet whom both have scored.
   * @throws `not-found` where one of them has scored nobody yet, `bad-input` for a model and itself
   */
  'risk.cohortCompare': { args: CohortSubject & { otherModelFileId: string }; result: CohortComparison }
  'risk.cohortExport': { args: CohortSubject & { format: 'tsv' | 'json' }; result: ExportedFile }
  /** A sample sheet of the cohort's people with whole paths, to fill in with labels. */
  'risk.cohortSheet': { args: { fileId: string }; result: ExportedFile }
  /** Opens the file of a sample of the sheet. */
  'risk.cohortSample': { args: { fileId: string; sample: string }; result: OpenedFile }
}

/** Told as a cohort fills, about once a second; `risk.cohort` gives the rows. */
export interface RiskEvents {
  'risk.changed': CohortSubject & { readonly state: CohortRunState; readonly done: number }
}
