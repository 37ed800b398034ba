import { readFile } from 'node:fs/promises'
import { asWorkbenchError, cancelled, throwIfCancelled, toWire, WorkbenchError } from '../../src-shared/ipc/errors.ts'
import type { JobSnapshot, Progress, WorkContext } from '../../src-shared/job.ts'
import type { JobCost } from '../../src-shared/lab/plan.ts'
import { writeFileAtomic } from '../storage/atomic.ts'
import { newId } from './ids.ts'
import { Pace } from './pace.ts'

/** Windows are told of a running job at most this often; how it ended is always told. */
const TELL_EVERY_MS = 100
const MAX_RUNNING = 2
/** Ended jobs that nobody has read are kept up to this many. */
const KEPT_ENDED = 100

export interface JobPlan {
  readonly kind: string
  readonly title: string
  readonly resumable?: boolean
  /** Somebody waits for it at the screen: it starts at once, beside those that run. */
  readonly interactive?: boolean
  /** It times the machine: it waits until no other job runs, and those after it wait for it; interactive ones do not. */
  readonly exclusive?: boolean
  /** What it will cost, if the planner can tell; it may still be worked out while the job runs. A fault of it is no fault of the job. */
  readonly estimate?: Promise<JobCost | undefined>
  /** The most memory of the process that computes, asked for when the job is done. */
  peakBytes?(): Promise<number | undefined>
  /** Does the work; what it returns is the snapshot's `resultId`. */
  run(context: WorkContext): Promise<string | undefined>
}

export interface Jobs {
  start(plan: JobPlan): JobSnapshot
  list(): readonly JobSnapshot[]
  /** @throws WorkbenchError `not-found` */
  get(id: string): JobSnapshot
  /** Asks a job to stop; one that has ended stays as it is. @throws WorkbenchError `not-found` */
  cancel(id: string): void
  /** Takes an ended job off the list. @throws WorkbenchError `not-found` */
  markRead(id: string): void
  /** Resolves when the job has ended, however it did. */
  ended(id: string): Promise<JobSnapshot>
  /** Cancels everything and waits until each job has ended or `ms` are over. */
  stop(ms: number): Promise<void>
}

interface Live {
  snapshot: JobSnapshot
  readonly plan: JobPlan
  readonly controller: AbortController
  readonly pace: Pace
  toldAt: number
  timer: NodeJS.Timeout | undefined
  readonly waiters: ((s: JobSnapshot) => void)[]
}

/**
 * Work that outlives the call that started it. Jobs end as `done`, `failed` or `cancelled` and stay in the list, over restarts too,
 * until they are read. A job that the program's end cut off is listed as failed at the next start.
 */
export async function createJobs(options: {
  readonly path: string
  readonly now: () => number
  readonly tell: (job: JobSnapshot) => void
  readonly fault: (error: unknown) => void
}): Promise<Jobs> {
  const { path, now, tell, fault } = options
  const live = new Map<string, Live>()
  const ended = new Map<string, JobSnapshot>((await restore(path, now())).map(s => [s.id, s]))
  let stopping = false

  // Writes follow one another, so that an older list never lands on a newer one.
  let writing = Promise.resolve()
  const persist = () => {
    writing = writing
      .then(() =>
        writeFileAtomic(path, JSON.stringify([...ended.values(), ...[...live.values()].map(l => l.snapshot)])),
      )
      .catch(fault)
  }

  const announce = (job: Live, always: boolean) => {
    const wait = job.toldAt + TELL_EVERY_MS - now()
    if (always || wait <= 0) {
      clearTimeout(job.timer)
      job.timer = undefined
      job.toldAt = now()
      tell(job.snapshot)
    } else job.timer ??= setTimeout(() => announce(job, true), wait).unref()
  }

  const report = (job: Live) => (progress: Progress) => {
    if (job.snapshot.state !== 'running') return
    const t = now()
    const { secondsLeft: _old, ...rest } = job.snapshot
    const left = job.pace.left(progress, t) ?? plannedLeft(job.snapshot, t)
    job.snapshot = { ...rest, progress, ...(left === undefined ? {} : { secondsLeft: left }) }
    announce(job, false)
  }

  const finish = (job: Live, change: Pick<JobSnapshot, 'state'> & Partial<JobSnapshot>) => {
    const { secondsLeft: _old, ...rest } = job.snapshot
    job.snapshot = { ...rest, endedAt: now(), ...change }
    live.delete(job.snapshot.id)
    ended.set(job.snapshot.id, job.snapshot)
    for (const id of [...ended.keys()].slice(0, Math.max(0, ended.size - KEPT_ENDED))) ended.delete(id)
    announce(job, true)
    persist()
    for (const w of job.waiters) w(job.snapshot)
    if (!stopping) startQueued()
  }

  const plan = async (job: Live) => {
    const estimate = await job.plan.estimate?.catch((error: unknown) => void fault(error))
    if (!estimate || !live.has(job.snapshot.id)) return
    const { secondsLeft: known } = job.snapshot
    job.snapshot = { ...job.snapshot, estimate }
    const left = known ?? plannedLeft(job.snapshot, now())
    if (left !== undefined) job.snapshot = { ...job.snapshot, secondsLeft: left }
    announce(job, true)
  }

  /** What it took, to stand beside what was said. */
  const costOf = async (job: Live, endedAt: number): Promise<Pick<JobSnapshot, 'cost'>> => {
    const peakBytes = (await job.plan.peakBytes?.().catch(() => undefined)) ?? null
    return { cost: { seconds: (endedAt - job.snapshot.startedAt) / 1000, peakBytes } }
  }

  const run = async (job: Live) => {
    job.snapshot = { ...job.snapshot, state: 'running', startedAt: now() }
    announce(job, true)
    void plan(job)
    try {
      const resultId = await job.plan.run({ signal: job.controller.signal, report: report(job) })
      const endedAt = now()
      const cost = await costOf(job, endedAt)
      // A job that finished although it was told to stop has its result: that is what the user is told.
      const { progress } = job.snapshot
      const complete = { ...progress, done: Math.max(progress.done, progress.total) }
      finish(job, {
        state: 'done',
        endedAt,
        progress: complete,
        ...cost,
        ...(resultId === undefined ? {} : { resultId }),
      })
    } catch (error) {
      const e = asWorkbenchError(error)
      if (e.code === 'cancelled') return finish(job, { state: 'cancelled' })
      if (e.code === 'internal') fault(error)
      finish(job, { state: 'failed', error: toWire(e) })
    }
  }

  const startQueued = () => {
    /** Jobs start in their order: else one that wants to be alone might never be. */
    let held = false
    for (const job of live.values()) {
      if (job.snapshot.state !== 'queued') continue
      if (job.plan.interactive) {
        void run(job)
        continue
      }
      const running = [...live.values()].filter(j => j.snapshot.state === 'running' && !j.plan.interactive)
      const most = job.plan.exclusive || running.some(j => j.plan.exclusive) ? 1 : MAX_RUNNING
      held ||= running.length >= most
      if (!held) void run(job)
    }
  }

  const get = (id: string): JobSnapshot => {
    const found = live.get(id)?.snapshot ?? ended.get(id)
    if (!found)
      throw new WorkbenchError('not-found', 'this job is not in the list any more', 'nothing needs to be done')
    return found
  }

  const cancel = (id: string) => {
    get(id)
    const job = live.get(id)
    if (!job) return
    job.controller.abort(cancelled())
    if (job.snapshot.state === 'queued') finish(job, { state: 'cancelled' })
  }

  return {
    start(plan) {
      throwIfCancelled(stopping ? AbortSignal.abort() : undefined)
      const job: Live = {
        plan,
        controller: new AbortController(),
        snapshot: {
          id: newId(),
          kind: plan.kind,
          title: plan.title,
          state: 'queued',
          progress: { phase: 'waiting', done: 0, total: 0 },
          startedAt: now(),
          resumable: plan.resumable ?? false,
          read: false,
        },
        pace: new Pace(),
        toldAt: Number.NEGATIVE_INFINITY,
        timer: undefined,
        waiters: [],
      }
      plan.estimate?.catch(() => {}) // told when it runs; one that never runs needs none
      live.set(job.snapshot.id, job)
      startQueued()
      if (job.snapshot.state === 'queued') announce(job, true)
      persist()
      return job.snapshot
    },
    list: () => [...ended.values(), ...[...live.values()].map(j => j.snapshot)],
    get,
    cancel,
    markRead(id) {
      const job = get(id)
      if (!ended.delete(id)) return // still running: it stays in the bar
      persist()
      tell({ ...job, read: true })
    },
    ended: id =>
      new Promise(resolve => {
        const job = live.get(id)
        if (job) job.waiters.push(resolve)
        else resolve(get(id))
      }),
    async stop(ms) {
      stopping = true
      const all = [...live.values()]
      const over = Promise.all(all.map(j => new Promise<void>(done => j.waiters.push(() => done()))))
      for (const j of all) cancel(j.snapshot.id)
      let timer: NodeJS.Timeout | undefined
      await Promise.race([over, new Promise(done => { timer = setTimeout(done, ms) })]) // biome-ignore format: one thought
      clearTimeout(timer)
      await writing
    },
  }
}

/** What is left of the planned time; undefined when none is, or when it is over. */
function plannedLeft({ estimate, startedAt, state }: JobSnapshot, now: number): number | undefined {
  if (!estimate || state !== 'running') return undefined
  const left = estimate.seconds - (now - startedAt) / 1000
  return left > 0 ? Math.round(10 * left) / 10 : undefined
}

/** The list of the last run. What was still running then was cut off. A list that cannot be read is no reason not to start. */
async function restore(path: string, at: number): Promise<readonly JobSnapshot[]> {
  try {
    const list: unknown = JSON.parse(await readFile(path, 'utf8'))
    if (!Array.isArray(list)) return []
    return list.filter(isSnapshot).map(s =>
      s.state === 'running' || s.state === 'queued'
        ? {
            ...s,
            state: 'failed' as const,
            endedAt: at,
            error: {
              code: 'disconnected' as const,
              message: 'The program ended while this was running',
              remedy: 'start it again',
            },
          }
        : s,
    )
  } catch {
    return []
  }
}

const STATES: readonly string[] = ['queued', 'running', 'done', 'failed', 'cancelled']
const isSnapshot = (v: unknown): v is JobSnapshot => {
  const s = v as Partial<JobSnapshot> | null
  return (
    typeof s === 'object' &&
    typeof s?.id === 'string' &&
    typeof s.title === 'string' &&
    typeof s.kind === 'string' &&
    typeof s.progress === 'object' &&
    STATES.includes(s.state ?? '')
  )
}
