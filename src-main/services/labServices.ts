import type { ExportedFile } from '../../src-shared/ipc/contract.ts'
import type { LabRecipe, LabResultLine } from '../../src-shared/ipc/labMethods.ts'
import type { JobSnapshot } from '../../src-shared/job.ts'
import type { JobCost } from '../../src-shared/lab/plan.ts'
import type { LabResult } from '../../src-shared/lab/result.ts'
import type { Downloads } from './downloads.ts'
import type { Emit } from './hub.ts'
import type { Jobs } from './jobs.ts'
import { exportResult } from './lab/exportResult.ts'
import type { Lab, LabRun } from './lab/lab.ts'

export interface LabServices {
  recipes(signal?: AbortSignal): Promise<readonly LabRecipe[]>
  /** Durations were planned by rates that are others now. */
  forgetPlans(): void
  /** The newest first. */
  results(): Promise<readonly LabResultLine[]>
  /** @throws WorkbenchError `not-found` */
  result(resultId: string): Promise<LabResult>
  run(recipeId: string): Promise<{ job: JobSnapshot; resultId: string }>
  resume(resultId: string): Promise<{ job: JobSnapshot; resultId: string }>
  remove(resultId: string): Promise<void>
  import(name: string, text: string): Promise<LabResultLine>
  export(resultId: string, format: 'json' | 'tsv'): Promise<ExportedFile>
}

export interface LabServicesOptions {
  readonly lab: Lab
  readonly jobs: Jobs
  readonly downloads: Downloads
  readonly emit: Emit
}

/** The lab for windows: its runs are jobs. */
export function createLabServices({ lab, jobs, downloads, emit }: LabServicesOptions): LabServices {
  /** Result -> its job and recipe, while it runs. */
  const running = new Map<string, { readonly jobId: string; readonly recipeId: string }>()
  /** Recipe or result -> what is being prepared: asking twice gives one job. */
  const preparing = new Map<string, Promise<{ job: JobSnapshot; resultId: string }>>()

  const once = (key: string, start: () => Promise<{ job: JobSnapshot; resultId: string }>) => {
    const known = preparing.get(key)
    if (known) return known
    const made = start().finally(() => preparing.delete(key))
    preparing.set(key, made)
    return made
  }

  const startJob = (run: LabRun, cost?: JobCost): { job: JobSnapshot; resultId: string } => {
    const { resultId, recipe } = run
    let peakBytes: number | undefined
    const job = jobs.start({
      kind: 'lab',
      title: recipe.name,
      resumable: true,
      exclusive: true,
      ...(cost ? { estimate: Promise.resolve(cost) } : {}),
      peakBytes: async () => peakBytes,
      async run(context) {
        try {
          await run.go(context, (result, point) => {
            const done = result.points.length
            const peaks = result.points.flatMap(p => p.measures['peakBytes']?.upper ?? [])
            if (peaks.length > 0) peakBytes = Math.max(...peaks)
            emit('lab.changed', { resultId, state: result.state, point, done, total: result.total })
          })
          return resultId
        } finally {
          running.delete(resultId)
          await run.close()
          // Said again when the job is no more: a window that asks now sees a result that can be gone on with.
          const last = await lab.result(resultId).catch(() => undefined)
          if (last) emit('lab.changed', { resultId, state: last.state, point: null, done: last.points.length, total: last.total }) // biome-ignore format: one thought
        }
      },
    })
    running.set(resultId, { jobId: job.id, recipeId: recipe.id })
    // A job that was cancelled while it waited never ran.
    void jobs.ended(job.id).then(async () => {
      if (!running.delete(resultId)) return
      await run.close()
    })
    return { job, resultId }
  }

  const line = (result: LabResult, imported: boolean): LabResultLine => {
    const { id, experiment, recipe, points, total, startedAt, machine, state } = result
    const jobId = running.get(id)?.jobId ?? null
    return { id, experiment, recipeName: recipe.name, state, jobId, done: points.length, total, startedAt, machine, imported } // biome-ignore format: one thought
  }

  return {
    recipes: signal => lab.recipes(signal),
    forgetPlans: () => lab.forgetPlans(),
    results: async () => (await lab.results()).map(r => line(r.result, r.origin.imported)),
    result: resultId => lab.result(resultId),
    async run(recipeId) {
      const known = [...running].find(([, r]) => r.recipeId === recipeId)
      if (known) return { job: jobs.get(known[1].jobId), resultId: known[0] }
      return once(`recipe ${recipeId}`, async () => {
        const recipe = await lab.recipeFile(recipeId)
        return startJob(await lab.begin(recipe), lab.cost(recipe.sha256))
      })
    },
    async resume(resultId) {
      const known = running.get(resultId)
      if (known) return { job: jobs.get(known.jobId), resultId }
      return once(`result ${resultId}`, async () => startJob(await lab.resume(resultId)))
    },
    async remove(resultId) {
      const known = running.get(resultId)
      if (known) {
        jobs.cancel(known.jobId)
        await jobs.ended(known.jobId)
      }
      await lab.remove(resultId)
    },
    async import(name, text) {
      return line(await lab.import(name, text), true)
    },
    async export(resultId, format) {
      const { name, contentType, text } = exportResult(await lab.result(resultId), format)
      return downloads.add({ name, contentType, bytes: new TextEncoder().encode(text) })
    },
  }
}
