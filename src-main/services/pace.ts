import type { Progress } from '../../src-shared/job.ts'

/** No rate before this much of a phase was seen: the first one is mostly start-up. */
const RATE_AFTER_MS = 500

/** How fast the phase of a job goes that is running now. Another phase, or one that goes back, begins anew. Times are milliseconds. */
export class Pace {
  #from: { readonly at: number; readonly done: number; readonly phase: string } | undefined

  /** Seconds until `total`; undefined while there is no rate, and where the total is not known. */
  left(progress: Progress, now: number): number | undefined {
    const { phase, done, total } = progress
    if (this.#from?.phase !== phase || done < this.#from.done) this.#from = { at: now, done, phase }
    const [elapsed, moved] = [now - this.#from.at, done - this.#from.done]
    if (total <= 0 || moved <= 0 || elapsed < RATE_AFTER_MS) return undefined
    return Math.max(0, Math.round(((total - done) * elapsed) / moved / 100) / 10)
  }
}
