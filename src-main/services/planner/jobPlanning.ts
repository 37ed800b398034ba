import { WorkbenchError } from '../../../src-shared/ipc/errors.ts'
import { memoryText } from '../../../src-shared/lab/costText.ts'
import type { JobCost, JobEstimate, JobOutlook } from '../../../src-shared/lab/plan.ts'
import type { Compute } from '../../compute/client.ts'
import type { ModelJson } from '../../models/folder/modelJson.ts'
import type { ModelWork } from './modelGraph.ts'
import type { Planner } from './planner.ts'

/** What a job with a model will cost, and how to ask what it took. */
export interface PlannedJob {
  /** Of so many runs; undefined where nothing can be planned (an imported ONNX graph). */
  cost(runs: number): Promise<JobCost | undefined>
  /**
   * The most that the computing process has held, where it had held less when the cost was asked for: jobs share the process, and what an
   * earlier one took is no news of this one.
   */
  peakBytes(): Promise<number | undefined>
}

export interface JobWork extends Omit<ModelWork, 'runs'> {
  /** That the job asks for; default the CPU. */
  readonly device?: 'cpu' | 'auto'
  /** It is computed in a process of its own: what the shared one holds stays held beside it. */
  readonly ownProcess?: boolean
}

export type PlanJob = (work: JobWork) => Promise<PlannedJob>

/** Plans nothing and refuses nothing. */
export const unplanned: PlanJob = async () => ({ cost: async () => undefined, peakBytes: async () => undefined })

const RECENT_MS = 10_000

/**
 * Plans jobs of one compute process; not those that another device would compute: rates are the CPU's.
 * @throws WorkbenchError `out-of-memory` for what will not fit, with the number and the largest setting that will
 */
export function createJobPlanning(
  planner: Planner,
  compute: () => Promise<Compute>,
  options: {
    readonly now?: () => number
    /** A job that the shared process computes has not ended. */
    readonly computing?: () => boolean
  } = {},
): PlanJob {
  const { now = Date.now, computing = () => false } = options
  /** Whoever starts a job has just been told what it costs: it is not worked out again for so short a time. */
  const recent = new WeakMap<ModelJson, Map<string, { readonly at: number; readonly told: JobEstimate }>>()
  const estimate = async (work: ModelWork): Promise<JobEstimate> => {
    const { json, ...sizes } = work
    const known = recent.get(json) ?? new Map()
    recent.set(json, known)
    const key = JSON.stringify(sizes)
    const found = known.get(key)
    if (found && now() - found.at < RECENT_MS) return found.told
    const told = await planner.estimateModel(work)
    // What does not fit now may fit at once.
    if (told.fits) known.set(key, { at: now(), told })
    return told
  }
  return async ({ device = 'cpu', ownProcess = false, ...work }) => {
    if (device === 'auto' && !(await choosesCpu(await compute()))) return unplanned(work)
    try {
      const alone = await estimate({ ...work, runs: 1 })
      if (!alone.fits) {
        // Networks that the process has open, and room that earlier jobs left in it, are used again; not by another process, nor
        // while a job computes in it, which needs what it holds.
        const rssBytes = ownProcess || computing() ? 0 : (await (await compute()).stats()).rssBytes
        const told = await planner.estimateModel({ ...work, runs: 1 }, undefined, rssBytes)
        if (!told.fits) throw doesNotFit(work, told.peakBytes, told.freeBytes, told.instead)
      }
    } catch (error) {
      if (error instanceof WorkbenchError && error.code === 'unsupported') return unplanned(work)
      throw error
    }
    const peak = async () => (await (await compute()).stats()).peakRssBytes
    let before: Promise<number> | undefined
    return {
      async cost(runs) {
        if (runs < 1) return undefined
        before ??= peak()
        before.catch(() => {}) // told where it is asked for
        const { seconds, peakBytes, basis } = await estimate({ ...work, runs })
        return { seconds, peakBytes, basis }
      },
      async peakBytes() {
        const [most, then] = [await peak(), await before]
        return then !== undefined && most > then ? most : undefined
      },
    }
  }
}

/** As `auto` chooses (compute/client.ts). */
async function choosesCpu(compute: Compute): Promise<boolean> {
  for (const device of ['cuda', 'webgpu'] as const) {
    const { works, ms = 0, cpuMs = 0 } = await compute.tryDevice(device)
    if (works && ms < cpuMs) return false
  }
  return true
}

const WORDS: Readonly<Record<ModelWork['work'], string>> = { inference: 'running', training: 'training', gradient: 'the gradient of' } // biome-ignore format: one line

export function doesNotFit(
  work: Pick<ModelWork, 'json' | 'work'>,
  peakBytes: number,
  freeBytes: number,
  instead: string | null,
): WorkbenchError {
  const what = WORDS[work.work]
  return new WorkbenchError(
    'out-of-memory',
    `${what} '${work.json.id}' needs about ${memoryText(peakBytes)} of memory and ${memoryText(freeBytes)} are free`,
    instead === null ? 'close other programs, or use a smaller model' : `what fits: ${instead}`,
    { neededBytes: Math.round(peakBytes), freeBytes: Math.round(freeBytes) },
  )
}

/** Jobs one after the other in one process: time adds up, memory is that of the largest. Undefined where one of them is not known. */
export function together(costs: readonly (JobCost | undefined)[]): JobCost | undefined {
  const known = costs.filter(c => c !== undefined)
  const [first] = known
  if (!first || known.length < costs.length) return undefined
  const peaks = known.flatMap(c => c.peakBytes ?? [])
  return {
    seconds: known.reduce((sum, c) => sum + c.seconds, 0),
    peakBytes: peaks.length > 0 ? Math.max(...peaks) : null,
    // The least certain of them.
    basis: known.find(c => c.basis === 'typical')?.basis ?? first.basis ?? 'typical',
  }
}

/** What a form is told of a job before it starts. */
export interface Told {
  readonly cost?: JobCost | undefined
  /** Where nobody can say how long it takes, but how much memory. */
  readonly peakBytes?: number | null
  readonly note?: string
}

/** `An imported ONNX graph` and what else cannot be planned. */
export const NOT_PLANNED = 'Of this model nothing is planned: an imported graph, or another device than the CPU computes it. Its memory is checked before each run.' // biome-ignore format: one sentence

/** What will not fit is an answer here, with the largest setting that will. @throws WorkbenchError what else is wrong with the job */
export async function outlookOf(tell: () => Promise<Told>): Promise<JobOutlook> {
  try {
    const { cost, peakBytes = null, note } = await tell()
    const basis = cost ? (cost.basis ?? 'typical') : null
    return { seconds: cost?.seconds ?? null, peakBytes: cost ? cost.peakBytes : peakBytes, basis, note: note ?? (cost ? '' : NOT_PLANNED), refusal: null } // biome-ignore format: one line
  } catch (error) {
    if (!(error instanceof WorkbenchError) || error.code !== 'out-of-memory') throw error
    const { message, remedy } = error
    return { seconds: null, peakBytes: null, basis: null, note: '', refusal: { message, remedy } }
  }
}
