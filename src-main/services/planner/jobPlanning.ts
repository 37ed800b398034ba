import { WorkbenchError } from '../../../src-shared/ipc/errors.ts'
import type { JobCost } from '../../../src-shared/lab/plan.ts'
import type { Compute } from '../../compute/client.ts'
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

/** `device`: that the job asks for; default the CPU. */
export type PlanJob = (work: Omit<ModelWork, 'runs'> & { readonly device?: 'cpu' | 'auto' }) => Promise<PlannedJob>

/** Plans nothing and refuses nothing. */
export const unplanned: PlanJob = async () => ({ cost: async () => undefined, peakBytes: async () => undefined })

/**
 * Plans jobs of one compute process; not those that another device would compute: rates are the CPU's.
 * @throws WorkbenchError `out-of-memory` for what will not fit, with the number and the largest setting that will
 */
export function createJobPlanning(planner: Planner, compute: () => Promise<Compute>): PlanJob {
  return async ({ device = 'cpu', ...work }) => {
    if (device === 'auto' && !(await choosesCpu(await compute()))) return unplanned(work)
    try {
      const told = await planner.estimateModel({ ...work, runs: 1 })
      // What the process holds already (networks that are open) is used again, or closed for this one.
      const held = told.fits ? 0 : (await (await compute()).stats()).rssBytes
      if (told.peakBytes > told.freeBytes + held) throw doesNotFit(work, told.peakBytes, told.freeBytes + held, told.instead) // biome-ignore format: one line
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
        const { seconds, peakBytes } = await planner.estimateModel({ ...work, runs })
        return { seconds, peakBytes }
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

const gigabytes = (bytes: number) => `${(bytes / 1e9).toFixed(1)} GB`

export function doesNotFit(
  work: Pick<ModelWork, 'json' | 'work'>,
  peakBytes: number,
  freeBytes: number,
  instead: string | null,
): WorkbenchError {
  const what = work.work === 'training' ? 'training' : 'running'
  return new WorkbenchError(
    'out-of-memory',
    `${what} '${work.json.id}' needs about ${gigabytes(peakBytes)} of memory and ${gigabytes(freeBytes)} are free`,
    instead === null ? 'close other programs, or use a smaller model' : `what fits: ${instead}`,
    { neededBytes: Math.round(peakBytes), freeBytes: Math.round(freeBytes) },
  )
}
