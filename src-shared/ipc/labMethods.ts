import type { JobSnapshot } from '../job.ts'
import type { CalibrationFacts, JobEstimate } from '../lab/plan.ts'
import type { ExperimentName, LabMachine, LabPoint, LabResult, ResultState } from '../lab/result.ts'
import type { ExportedFile } from './contract.ts'

/** A recipe that an experiment can run with. */
export interface LabRecipe {
  readonly id: string
  readonly experiment: ExperimentName
  readonly name: string
  /** One sentence: sizes, and what was reduced. */
  readonly summary: string
  readonly points: number
  /** Of the whole run; null where it cannot be told here. */
  readonly estimatedSeconds: number | null
  /** How many points are planned, while the others still are; null when no estimate is being worked out. */
  readonly plannedPoints: number | null
  /** Why it cannot run here (data that are not there); null when it can. */
  readonly unavailable: string | null
}

/** A saved result as a line of a list. `running` names its job. */
export interface LabResultLine {
  readonly id: string
  readonly experiment: ExperimentName
  readonly recipeName: string
  readonly state: ResultState
  readonly jobId: string | null
  readonly done: number
  readonly total: number
  readonly startedAt: string
  readonly machine: LabMachine
  /** Loaded from a file: of another machine or an earlier time. */
  readonly imported: boolean
}

/** Calls of the lab. Results are whole documents: pages are made of them where they are shown (src-shared/lab/pages). */
export interface LabMethods {
  'lab.recipes': { args: Record<string, never>; result: readonly LabRecipe[] }
  'lab.results': { args: Record<string, never>; result: readonly LabResultLine[] }
  /** @throws `not-found` */
  'lab.result': { args: { resultId: string }; result: LabResult }
  /** Runs a shipped recipe as a job whose `resultId` is the result's; a recipe that is running gives its job. */
  'lab.run': { args: { recipeId: string }; result: { job: JobSnapshot; resultId: string } }
  /** Goes on with a result that was stopped. @throws `bad-input` when it is done, imported, or of another machine */
  'lab.resume': { args: { resultId: string }; result: { job: JobSnapshot; resultId: string } }
  'lab.remove': { args: { resultId: string }; result: null }
  /** Adds a result file of another machine. `text` is its JSON. @throws `bad-input` that names the field */
  'lab.import': { args: { name: string; text: string }; result: LabResultLine }
  'lab.export': { args: { resultId: string; format: 'json' | 'tsv' }; result: ExportedFile }
  'planner.state': { args: Record<string, never>; result: CalibrationFacts | null }
  /** Measures this machine's rates, under a minute, as a job. */
  'planner.calibrate': { args: Record<string, never>; result: JobSnapshot }
  /** What running an open model would cost. `lengthBp` and `batch`: the model's own when absent. */
  'planner.estimate': {
    args: {
      modelFileId: string
      work: 'inference' | 'training'
      lengthBp?: number
      batch?: number
    }
    result: JobEstimate
  }
}

export interface LabEvents {
  /** A point of a running experiment arrived, or its state changed; `lab.result` gives all. */
  'lab.changed': {
    readonly resultId: string
    readonly state: ResultState
    readonly point: LabPoint | null
    readonly done: number
    readonly total: number
  }
}
