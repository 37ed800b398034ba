import type { WorkContext } from '../../../src-shared/job.ts'
import type { JobCost } from '../../../src-shared/lab/plan.ts'
import type { JobRates } from './jobRates.ts'

/** A job of which nobody can say how long it will be but by its pace: that of earlier ones, else of its own first part. */
export interface PacedJob {
  /** Undefined when it ended before anything could be told. */
  readonly estimate: Promise<JobCost | undefined>
  /** Its reports are looked at on their way. The job begins with this call. */
  watch(context: WorkContext): WorkContext
  /** What it took is kept for later ones when it did all that it was to do. */
  end(complete: boolean): Promise<void>
}

/**
 * A job's own pace tells how long it will be once a tenth of it is done, or after so many seconds. The first part is not counted: it starts
 * processes and compiles, and took a hundred times as long as the others.
 */
const BEGUN = { after: 2, share: 0.1, orAfter: 30 }

export function pacedJob(options: {
  readonly rates: JobRates
  /** What is done, and with what: jobs of one kind take as long for a unit. */
  readonly kind: string
  readonly units: number
  /** Of the process that computes, where one does. */
  readonly peakBytes?: Promise<number | null>
  /** Milliseconds. */
  readonly now: () => number
}): PacedJob {
  const { rates, kind, units, now } = options
  let tell: (seconds: number | undefined) => void = () => {}
  const begun = new Promise<number | undefined>(resolve => {
    tell = resolve
  })
  const peak = async () => (await options.peakBytes?.catch(() => null)) ?? null
  const estimate = async (): Promise<JobCost | undefined> => {
    const earlier = await rates.seconds(kind, units)
    if (earlier !== undefined) return { seconds: earlier, peakBytes: await peak(), basis: 'earlier' }
    const own = await begun
    return own === undefined ? undefined : { seconds: own, peakBytes: await peak(), basis: 'begun' }
  }
  let startedAt = now()
  let from: { readonly phase: string; readonly done: number; readonly at: number } | undefined
  return {
    estimate: estimate(),
    watch({ signal, report }) {
      startedAt = now()
      return {
        signal,
        report(progress) {
          const { phase, done, total } = progress
          const t = now()
          if (from?.phase !== phase) from = undefined
          if (done > 0) from ??= { phase, done, at: t }
          if (from && total > 0) {
            const [elapsed, moved] = [(t - from.at) / 1000, done - from.done]
            const told = elapsed >= BEGUN.after && (done >= BEGUN.share * total || elapsed >= BEGUN.orAfter)
            if (moved > 0 && told) tell((t - startedAt) / 1000 + ((total - done) * elapsed) / moved)
          }
          report(progress)
        },
      }
    },
    async end(complete) {
      tell(undefined)
      if (complete) await rates.learn(kind, units, (now() - startedAt) / 1000)
    },
  }
}
