import type { Contig } from '../../../src-shared/genome/locus.ts'
import { asWorkbenchError, toWire, type WireError } from '../../../src-shared/ipc/errors.ts'
import type { PredictionChanged } from '../../../src-shared/ipc/modelMethods.ts'
import type { Progress, WorkContext } from '../../../src-shared/job.ts'
import type { JobCost } from '../../../src-shared/lab/plan.ts'
import { keptStart } from '../../analyses/viewGrid.ts'
import type { Jobs } from '../jobs.ts'
import { together } from '../planner/jobPlanning.ts'
import type { Subject } from './subject.ts'

/** Missing windows of what somebody looks at, in the order in which they are wanted. */
export interface WantedView {
  readonly subject: Subject
  readonly contig: Contig
  readonly channels: readonly number[]
  readonly windows: readonly number[]
}

export interface ViewQueue {
  /** Puts a view in the place of the last one of the same subject and channels. Resolves when it is done or after `patienceMs`; gives why it
   *  failed, if it did. */
  ask(view: WantedView, patienceMs: number): Promise<WireError | undefined>
  close(): void
}

/** Windows are told of at most this often. */
const TELL_EVERY_MS = 100
/** Work that lasts longer is shown as a job. */
const JOB_AFTER_MS = 500
/** A view of which something was told and that nobody asked for again since is not looked at any more. */
const FORGOTTEN_AFTER_MS = 10_000

const RETRY_AFTER_MS = 5000

interface Entry {
  view: WantedView
  /** Windows still to be computed, the next first. */
  left: number[]
  askedAt: number
  toldAt: number | undefined
  /** Windows that were computed and not told of. */
  range: { readonly first: number; readonly end: number } | undefined
  failure: WireError | undefined
  waiters: (() => void)[]
}

/**
 * The windows of all views, one after another, in turn between the views (a person's two haplotypes fill at the same pace). A view that was
 * moved replaces its older self, so that work nobody waits for any more is never begun.
 */
export function createViewQueue(parts: {
  readonly compute: (view: WantedView, index: number, context: WorkContext) => Promise<void>
  /** What so many windows of a view cost, if anybody can tell. */
  readonly cost: (view: WantedView, windows: number) => Promise<JobCost | undefined>
  readonly jobs: Jobs
  readonly tell: (change: PredictionChanged) => void
  readonly now: () => number
}): ViewQueue {
  const { compute, cost, jobs, tell, now } = parts
  const entries = new Map<string, Entry>()
  let controller = new AbortController()
  let running = false
  let closed = false
  /** Of views that failed: asked again at once, they would fail again. */
  const failures = new Map<string, { readonly failure: WireError; readonly at: number }>()

  const settle = (entry: Entry) => {
    for (const wake of entry.waiters) wake()
    entry.waiters = []
  }
  const drop = (key: string, entry: Entry) => {
    entries.delete(key)
    settle(entry)
  }

  const run = async () => {
    const { signal } = controller
    const progress: { done: number; report: (p: Progress) => void } = { done: 0, report() {} }
    let finish: (() => void) | undefined
    let jobId: string | undefined
    let failed: unknown
    const showJob = () => {
      const views = [...entries.values()]
      const title = views[0]?.view.subject.model.json.name ?? 'tracks'
      return jobs.start({
        kind: 'predict',
        estimate: Promise.all(views.map(e => cost(e.view, e.left.length))).then(together),
        title: `Predicting what is shown: ${title}`,
        interactive: true,
        run: job =>
          new Promise((done, reject) => {
            progress.report = job.report
            finish = () => (failed === undefined ? done(undefined) : reject(failed))
            job.signal.addEventListener('abort', () => {
              controller.abort()
              reject(job.signal.reason)
            })
          }),
      }).id
    }
    const timer = setTimeout(() => {
      try {
        jobId = showJob()
      } catch {
        controller.abort() // the program ends: no job is begun any more, and nobody waits
      }
    }, JOB_AFTER_MS)
    timer.unref()

    const told = (entry: Entry, always: boolean) => {
      const { range } = entry
      if (!range || (!always && entry.toldAt !== undefined && now() - entry.toldAt < TELL_EVERY_MS)) return
      entry.range = undefined
      entry.toldAt = now()
      const { subject, contig } = entry.view
      tell({ ...subject.ids, contig: contig.name, start: Math.max(0, keptStart(range.first, subject.geometry)), end: keptStart(range.end, subject.geometry) }) // biome-ignore format: one line
    }

    const context: WorkContext = { signal, report() {} }
    while (entries.size > 0 && !signal.aborted) {
      const [key, entry] = [...entries][0]!
      const index = entry.left[0]
      const unasked =
        entry.toldAt !== undefined && entry.askedAt < entry.toldAt && now() - entry.toldAt > FORGOTTEN_AFTER_MS
      if (index === undefined || unasked) {
        told(entry, true)
        drop(key, entry)
        continue
      }
      const total = progress.done + [...entries.values()].reduce((n, e) => n + e.left.length, 0)
      progress.report({ phase: 'predicting', done: progress.done, total })
      try {
        const { contig } = entry.view
        await compute(entry.view, index, context)
        progress.done++
        const { range } = entry
        if (entry.view.contig === contig)
          entry.range = { first: Math.min(index, range?.first ?? index), end: Math.max(index + 1, range?.end ?? index + 1) } // biome-ignore format: one line
      } catch (error) {
        if (signal.aborted) break
        failed = error
        const { technical: _stack, ...problem } = toWire(asWorkbenchError(error))
        entry.failure = problem
        entry.left = []
        // Told, so that whoever shows it asks and learns why.
        entry.range = { first: index, end: index + 1 }
      }
      const at = entry.left.indexOf(index)
      if (at >= 0) entry.left.splice(at, 1)
      if (entry.left.length === 0) {
        if (entry.failure) failures.set(key, { failure: entry.failure, at: now() })
        told(entry, true)
        if (entries.get(key) === entry) drop(key, entry)
      } else {
        told(entry, false)
        if (entries.get(key) === entry) {
          // To the end of the turn.
          entries.delete(key)
          entries.set(key, entry)
        }
      }
    }
    clearTimeout(timer)
    for (const [key, entry] of [...entries]) drop(key, entry) // cancelled
    running = false
    finish?.()
    // What went well needs no reading: a view shows it.
    if (jobId !== undefined && failed === undefined && !signal.aborted) {
      const id = jobId
      await jobs.ended(id)
      if (jobs.list().some(j => j.id === id)) jobs.markRead(id)
    }
  }

  return {
    async ask(view, patienceMs) {
      if (closed) return undefined
      const key = JSON.stringify([view.subject.key, view.channels])
      const before = failures.get(key)
      if (before && now() - before.at < RETRY_AFTER_MS) return before.failure
      failures.delete(key)
      let entry = entries.get(key)
      if (entry) {
        if (entry.view.contig !== view.contig) entry.range = undefined
        entry.view = view
        entry.left = [...view.windows]
        entry.askedAt = now()
      } else {
        entry = {
          view,
          left: [...view.windows],
          askedAt: now(),
          toldAt: undefined,
          range: undefined,
          failure: undefined,
          waiters: [],
        }
        entries.set(key, entry)
      }
      const asked = entry
      const done = new Promise<void>(wake => {
        asked.waiters.push(wake)
        setTimeout(wake, patienceMs)
      })
      if (!running) {
        running = true
        controller = new AbortController()
        void run()
      }
      await done
      return asked.failure
    },
    close() {
      closed = true
      controller.abort()
      for (const [key, entry] of [...entries]) drop(key, entry)
    },
  }
}
