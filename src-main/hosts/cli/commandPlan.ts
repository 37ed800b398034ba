import { availableParallelism } from 'node:os'
import { memoryText, roughDuration } from '../../../src-shared/lab/costText.ts'
import type { Compute } from '../../compute/client.ts'
import type { ModelJson } from '../../models/folder/modelJson.ts'
import { MODELS } from '../../models/kinds.ts'
import { modelRegistry } from '../../models/registry.ts'
import { defaultDataDir } from '../../services/dataDir.ts'
import { createJobPlanning, type PlanJob, together } from '../../services/planner/jobPlanning.ts'
import { createPlanner } from '../../services/planner/planner.ts'
import type { CliIo } from './command.ts'

/** Forward passes of a model that a command will make. */
export interface CommandWork {
  readonly json: ModelJson
  readonly passes: number
}

export interface CommandPlan {
  /** Says what it took. */
  done(): Promise<void>
}

/**
 * Says what the networks of a command will cost before the first of them is opened.
 * @throws WorkbenchError `out-of-memory` for what will not fit, with the largest setting that will
 */
export async function planCommand(
  works: readonly CommandWork[],
  options: {
    readonly io: Pick<CliIo, 'note'>
    readonly compute: Compute
    readonly device: 'auto' | 'cpu' | 'webgpu' | 'cuda'
    readonly threads?: number | undefined
    /** Default: by the calibration of this machine. */
    readonly plan?: PlanJob
    /** Milliseconds. */
    readonly now?: () => number
  },
): Promise<CommandPlan> {
  const { io, compute, device, now = Date.now } = options
  // Another device than the CPU is not planned for.
  if (device === 'webgpu' || device === 'cuda') return { done: async () => {} }
  const plan = options.plan ?? planHere(compute, options.threads)
  const jobs = await Promise.all(works.map(async ({ json, passes }) => ({ passes, job: await plan({ json, work: 'inference', device }) }))) // biome-ignore format: one thought
  const cost = together(await Promise.all(jobs.map(({ job, passes }) => job.cost(passes))))
  if (!cost || cost.peakBytes === null) return { done: async () => {} }
  const rates = cost.basis === 'typical' ? " (by the rates of a slow machine; 'diploscope plan --calibrate' measures this one)" : '' // biome-ignore format: one line
  io.note(`about ${roughDuration(cost.seconds)}, ${memoryText(cost.peakBytes)} of memory${rates}`)
  const startedAt = now()
  return {
    async done() {
      const peak = await jobs[0]!.job.peakBytes()
      io.note(`took ${roughDuration((now() - startedAt) / 1000)}${peak === undefined ? '' : `, ${memoryText(peak)} of memory`}`) // biome-ignore format: one line
    },
  }
}

function planHere(compute: Compute, threads = availableParallelism()): PlanJob {
  const registry = modelRegistry(MODELS)
  const version = process.env['DIPLOSCOPE_VERSION'] ?? 'unknown'
  return createJobPlanning(
    createPlanner({ dataDir: defaultDataDir(), registry, threads, version }),
    async () => compute,
  )
}
