import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { throwIfCancelled, WorkbenchError } from '../../../src-shared/ipc/errors.ts'
import type { WorkContext } from '../../../src-shared/job.ts'
import type { Factors } from '../../../src-shared/lab/result.ts'
import { createCompute } from '../../compute/client.ts'
import type { ModelRegistry } from '../../models/registry.ts'
import type { Experiment, PlannedGraph } from '../lab/experiment.ts'
import { isLogistic } from '../risk/logistic.ts'
import type { RecipeFile } from '../training/recipe.ts'
import { taskRunner } from '../training/tasks.ts'
import type { Batched } from './largestBatch.ts'
import type { PlannedCost, Planner } from './planner.ts'

export type RecipeCost = Omit<PlannedCost, 'seconds'>

/**
 * What all steps of a training recipe will take, as `train` plans it before the first: data are read, since they decide shapes; nothing is
 * computed, and nothing stays written. `smaller`: the same steps with another batch, where the training can have one.
 * @throws WorkbenchError as the training does for a recipe or data that cannot be; `unsupported` for what trains no network
 */
export async function trainingRecipeCost(
  recipe: RecipeFile,
  deps: { readonly planner: Pick<Planner, 'estimate'>; readonly registry: ModelRegistry },
  context: WorkContext,
): Promise<RecipeCost & { readonly steps: number; readonly smaller: Batched | undefined }> {
  const run = await taskRunner(recipe.task)
  if (isLogistic(recipe)) throw new WorkbenchError('unsupported', 'a logistic regression computes no network, and has no plan', 'run it: it takes seconds') // biome-ignore format: one thought
  const folder = await mkdtemp(join(tmpdir(), 'diploscope-plan-'))
  const compute = createCompute({}) // starts nothing before it is asked to compute
  const planned = new Error('the training is planned, and goes no further')
  let graph: PlannedGraph | undefined
  let smaller: Batched | undefined
  try {
    await run(
      { recipe, out: join(folder, 'model'), resume: false, now: 0 },
      {
        compute,
        registry: deps.registry,
        note: () => {},
        async plan(told, batched) {
          graph = told
          smaller = batched
          throw planned
        },
      },
      context,
    )
  } catch (error) {
    if (error !== planned) throw error
  } finally {
    await compute.close()
    await rm(folder, { recursive: true, force: true })
  }
  if (!graph) throw new WorkbenchError('internal', `a training of '${recipe.task}' was not planned`, 'please report this') // biome-ignore format: one thought
  const { totalSeconds, peakBytes, basis } = await deps.planner.estimate(graph, context.signal)
  return { totalSeconds, peakBytes, basis, steps: graph.runs, smaller }
}

/** A point of an experiment and what one visit of it takes; null where nothing tells. */
export interface PointForecast {
  readonly factors: Factors
  readonly seconds: number | null
  readonly peakBytes: number | null
}

export interface ExperimentForecast {
  /** Of all visits of all points; null where one point has no plan. */
  readonly seconds: number | null
  /** Of the largest point that has a plan; null where none has. */
  readonly peakBytes: number | null
  readonly points: readonly PointForecast[]
}

/** What a recipe of the lab will take, point by point: a visit that its limits would end counts with its limit. */
export async function experimentForecast(
  experiment: Pick<Experiment, 'points' | 'visits' | 'pointLimitSeconds'>,
  planner: Pick<Planner, 'estimate'>,
  { signal, report }: WorkContext,
): Promise<ExperimentForecast> {
  const points: PointForecast[] = []
  for (const { factors, graph, estimateSeconds } of experiment.points) {
    throwIfCancelled(signal)
    report({ phase: 'planning points', done: points.length, total: experiment.points.length })
    const told = graph ? await planner.estimate(graph(), signal) : undefined
    points.push({
      factors,
      seconds: estimateSeconds ?? told?.totalSeconds ?? null,
      peakBytes: told?.peakBytes ?? null,
    })
    await new Promise(next => setImmediate(next)) // an interrupt is heard between points
  }
  const { visits, pointLimitSeconds } = experiment
  const untold = points.some(p => p.seconds === null)
  const peaks = points.flatMap(p => p.peakBytes ?? [])
  return {
    seconds: untold ? null : visits * points.reduce((sum, p) => sum + Math.min(p.seconds ?? 0, pointLimitSeconds), 0),
    peakBytes: peaks.length > 0 ? Math.max(...peaks) : null,
    points,
  }
}
