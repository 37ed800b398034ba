import { join } from 'node:path'
import { asWorkbenchError, cancelled, WorkbenchError } from '../../../src-shared/ipc/errors.ts'
import type { WorkContext } from '../../../src-shared/job.ts'
import type { PointState } from '../../../src-shared/lab/result.ts'
import { type Compute, type ComputeStats, createCompute } from '../../compute/client.ts'
import { type ComputeProcess, nodeLauncher, type ProcessLauncher } from '../../compute/launcher.ts'
import type { ModelRegistry } from '../../models/registry.ts'
import type { Experiment, PointContext, PointPlan, Visit } from './experiment.ts'
import { foreignShare, ownSeconds, type ProcessorTime, processorTime } from './foreignLoad.ts'
import { availableBytes, reserveBytes, residentBytes, WATCH_MS } from './memoryLimit.ts'
import { plainText } from './plainText.ts'
import type { Prediction } from './run.ts'
import { OUT_OF_MEMORY, type VisitRecord } from './visits.ts'

export interface VisitDeps {
  readonly registry: ModelRegistry
  readonly threads: number
  /** How compute processes are started; default: a child of this Node. */
  readonly launcher?: ProcessLauncher
  /** Milliseconds since the epoch. */
  readonly now: () => number
  /** Bytes that programs can get now; default: the machine's. */
  readonly available?: () => number
  readonly reserve?: number
  readonly resident?: (pid: number) => Promise<number | undefined>
  readonly processor?: () => ProcessorTime
}

/** Where a point keeps what it needs again: its own folder, and those of all points of the result. */
export type PointFolders = Pick<PointContext, 'folder' | 'sharedFolder' | 'remadeFolder'>

export interface VisitRequest {
  readonly experiment: Experiment
  readonly point: PointPlan
  readonly id: string
  readonly visit: number
  /** No visit of the point has been kept. */
  readonly first: boolean
  readonly prediction: Prediction | null
  readonly folders: PointFolders
}

type Ending = { readonly state: Exclude<PointState, 'done'>; readonly reason: string }

const gb = (bytes: number) => `${(bytes / 1e9).toFixed(bytes < 10e9 ? 2 : 1)} GB`
const time = (seconds: number) => (seconds < 120 ? `${Number(seconds.toPrecision(3))} s` : `${Math.round(seconds / 60)} min`) // biome-ignore format: one line
const CANCEL_GRACE_MS = 500
const MAX_REASON = 2000

/**
 * Visits a point once: sets the limits, measures within them in a compute process of its own, and says how it ended. Too much memory,
 * too much time and faults are answers; only `cancelled` is thrown.
 */
export async function visitPoint(request: VisitRequest, deps: VisitDeps, context: WorkContext): Promise<VisitRecord> {
  const { experiment, point, id, visit, first, prediction, folders } = request
  const available = deps.available ?? availableBytes
  const reserve = deps.reserve ?? reserveBytes()
  const memoryLimitBytes = Math.max(0, available() - reserve)
  const record = (ending: Ending | undefined, measures: Visit, seconds: number, foreignLoad: number): VisitRecord => ({
    point: id,
    visit,
    state: ending?.state ?? 'done',
    reason: ending ? plainText(ending.reason).slice(0, MAX_REASON) : null,
    measures: ending ? {} : measures,
    predicted: prediction?.basis === 'calibrated' ? { seconds: prediction.seconds, peakBytes: prediction.peakBytes } : null, // biome-ignore format: one thought
    foreignLoad,
    seconds,
  })
  const refused = refusedByPlan(point, prediction, memoryLimitBytes, experiment.pointLimitSeconds)
  if (refused) return record(refused, {}, 0, 0)

  const cacheFolder = join(folders.remadeFolder, 'models')
  const guard = new VisitGuard(context, deps, {
    memoryLimitBytes,
    reserve,
    seconds: experiment.pointLimitSeconds,
    cacheFolder,
  })
  const processor = deps.processor ?? processorTime
  const [startedAt, busyBefore, ownBefore] = [deps.now(), processor(), ownSeconds()]
  let measures: Visit = {}
  let childSeconds = 0
  try {
    const measured = await experiment.visit(point, {
      signal: guard.signal,
      report: context.report,
      compute: () => guard.compute(),
      registry: deps.registry,
      threads: deps.threads,
      memoryLimitBytes,
      ...folders,
      first,
      now: deps.now,
    })
    const stats = await guard.stats()
    childSeconds = stats?.cpuSeconds ?? 0
    const peak = stats?.peakRssBytes ?? 0
    measures = { ...(peak > 0 ? { peakBytes: [peak] } : {}), ...measured }
    checkMeasures(measures)
  } catch (error) {
    guard.fail(endingOf(error))
  } finally {
    await guard.close()
  }
  if (context.signal.aborted) throw cancelled()
  const ending = guard.ending
  // What a process that was ended had used is not known everywhere: then nothing is called others'.
  const share = ending && guard.computed ? 0 : foreignShare(busyBefore, processor(), ownSeconds() - ownBefore + childSeconds) // biome-ignore format: one thought
  return record(ending, measures, (deps.now() - startedAt) / 1000, share)
}

function refusedByPlan(
  { estimateSeconds }: PointPlan,
  prediction: Prediction | null,
  memory: number,
  limit: number,
): Ending | undefined {
  if (prediction && prediction.peakBytes > memory)
    return { state: 'does-not-fit', reason: `the plan needs ${gb(prediction.peakBytes)}, and ${gb(memory)} may be taken` } // biome-ignore format: one thought
  // Rates that were not measured here say too little to refuse by them.
  const seconds = prediction?.basis === 'calibrated' ? prediction.totalSeconds : estimateSeconds
  if (seconds !== undefined && seconds > limit)
    return { state: 'too-slow', reason: `the plan takes ${time(seconds)}, and a visit may take ${time(limit)}` }
  return undefined
}

function endingOf(error: unknown): Ending {
  const e = asWorkbenchError(error)
  if (e.code === 'out-of-memory') return { state: 'does-not-fit', reason: e.message }
  return { state: 'failed', reason: `${e.code}: ${e.message}` }
}

function checkMeasures(measures: Visit): void {
  for (const [name, values] of Object.entries(measures)) {
    const odd = values.find(v => !Number.isFinite(v))
    if (values.length > 0 && odd === undefined) continue
    const what = values.length ? `has the value ${odd}` : 'has no value'
    throw new WorkbenchError('not-finite', `the measure '${name}' ${what}`, 'look at the experiment that gives it')
  }
}

/** Keeps a visit within its limits: the first limit that is passed ends it, and its compute process with it. */
class VisitGuard {
  readonly #controller = new AbortController()
  readonly #processes: ComputeProcess[] = []
  readonly #clock: NodeJS.Timeout
  readonly #watch: NodeJS.Timeout
  readonly #outer: AbortSignal
  readonly #forward = () => this.#controller.abort(cancelled())
  #opened: Compute | undefined
  #ending: Ending | undefined
  #closed = false

  constructor(
    context: WorkContext,
    private readonly deps: VisitDeps,
    private readonly limits: {
      readonly memoryLimitBytes: number
      readonly reserve: number
      readonly seconds: number
      /** Goes with the result: links to a gigabyte of weights would keep its bytes on the disk. */
      readonly cacheFolder: string
    },
  ) {
    this.#outer = context.signal
    if (this.#outer.aborted) this.#forward()
    this.#outer.addEventListener('abort', this.#forward)
    this.#clock = setTimeout(
      () => this.#stop({ state: 'too-slow', reason: `stopped after ${time(limits.seconds)}, the limit of a visit` }),
      Math.min(1000 * limits.seconds, 2 ** 31 - 1),
    )
    let looking = false
    this.#watch = setInterval(() => {
      context.report({ phase: '', done: 0, total: 0 })
      if (looking) return
      looking = true
      void this.#look().finally(() => {
        looking = false
      })
    }, WATCH_MS)
  }

  get signal(): AbortSignal {
    return this.#controller.signal
  }

  get ending(): Ending | undefined {
    return this.#ending
  }

  /** A compute process was started. */
  get computed(): boolean {
    return this.#processes.length > 0
  }

  /** What the process used, while it lives. */
  async stats(): Promise<ComputeStats | undefined> {
    return this.computed ? this.#opened?.stats() : undefined
  }

  async compute(): Promise<Compute> {
    if (this.#closed) throw cancelled()
    const start = this.deps.launcher ?? nodeLauncher
    this.#opened ??= createCompute({
      launcher: (entry, settings) => {
        const started = start(entry, settings)
        this.#processes.push(started)
        return started
      },
      threads: this.deps.threads,
      cacheFolder: this.limits.cacheFolder,
      memoryLimitBytes: this.limits.memoryLimitBytes,
      cancelGraceMs: CANCEL_GRACE_MS,
    })
    return this.#opened
  }

  /** The first word counts: what fails because it was stopped says nothing of its own. */
  fail(ending: Ending): void {
    this.#ending ??= ending
  }

  async close(): Promise<void> {
    this.#closed = true
    clearTimeout(this.#clock)
    clearInterval(this.#watch)
    this.#outer.removeEventListener('abort', this.#forward)
    await this.#opened?.close()
  }

  #stop(ending: Ending): void {
    if (this.#closed || this.#ending) return
    this.#ending = ending
    this.#controller.abort(cancelled())
    for (const p of this.#processes) p.kill()
  }

  async #look(): Promise<void> {
    const resident = this.deps.resident ?? residentBytes
    const { memoryLimitBytes, reserve } = this.limits
    const sizes = await Promise.all(this.#processes.map(p => (p.pid === undefined ? undefined : resident(p.pid))))
    const bytes = sizes.reduce<number>((sum, size) => sum + (size ?? 0), 0)
    if (bytes > memoryLimitBytes)
      this.#stop({ state: 'does-not-fit', reason: `stopped at ${gb(bytes)}: ${gb(memoryLimitBytes)} may be taken` })
    // Below its limit, and yet the machine runs out: others took what was free when the limit was set.
    const free = (this.deps.available ?? availableBytes)()
    if (this.#processes.length > 0 && free < reserve / 4)
      this.#stop({ state: 'failed', reason: `${OUT_OF_MEMORY}: the machine had only ${gb(free)} left while this point took ${gb(bytes)} of the ${gb(memoryLimitBytes)} that it might` }) // biome-ignore format: one thought
  }
}
