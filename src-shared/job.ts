import type { WireError } from './ipc/errors.ts'
import type { JobCost } from './lab/plan.ts'

/** How far a piece of work is. `total` 0 means unknown. */
export interface Progress {
  readonly phase: string
  readonly done: number
  readonly total: number
}

/** What every piece of work that may last receives: how it is stopped and where it reports. */
export interface WorkContext {
  readonly signal: AbortSignal
  report(progress: Progress): void
}

export type JobState = 'queued' | 'running' | 'done' | 'failed' | 'cancelled'

/** A long-running job as seen from outside. Times are milliseconds since the epoch. */
export interface JobSnapshot {
  readonly id: string
  readonly kind: string
  readonly title: string
  readonly state: JobState
  readonly progress: Progress
  readonly startedAt: number
  readonly endedAt?: number
  /** Estimated from the rate so far; until there is one, from what was planned; absent where neither is known. */
  readonly secondsLeft?: number
  /** What was said of it: before it started, or once its pace was seen. */
  readonly estimate?: JobCost
  /** What it took, when it is done. `peakBytes`: of the process that computed; null where nobody knows. */
  readonly cost?: { readonly seconds: number; readonly peakBytes: number | null }
  readonly error?: WireError
  /** Where the result was written or which call returns it. */
  readonly resultId?: string
  readonly resumable: boolean
  /** The user has seen that it ended. */
  readonly read: boolean
}

/** Never aborted, reports to nobody: for tests and for work that is known to be short. */
export const quietContext = (): WorkContext => ({ signal: new AbortController().signal, report() {} })
