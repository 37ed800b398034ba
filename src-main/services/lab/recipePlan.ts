import { asWorkbenchError, toWire, type WireError, WorkbenchError } from '../../../src-shared/ipc/errors.ts'
import type { PlannedRuns } from '../planner/modelEstimate.ts'
import type { Experiment, ExperimentTable, PointPlan } from './experiment.ts'
import { readExperiment, readLabRecipe } from './recipes.ts'

/** A recipe that is to be read, and planned from its point `from` on. */
export interface RecipeRequest {
  /** The recipe's SHA-256. */
  readonly key: string
  readonly path: string
  readonly from: number
  /** How many points it has, where it was read before. */
  readonly points?: number
  /** The point before which planning ends; default: all. */
  readonly to?: number
  /** Where its paths are looked for first, besides its own folder. */
  readonly dataFolder?: string | null
}

/** What a recipe is before its points are planned. */
export interface ReadRecipe {
  readonly points: number
  readonly visits: number
  readonly pointLimitSeconds: number
}

export interface PointCost {
  /** Of one visit. */
  readonly seconds: number
  readonly peakBytes: number
  /** What the point's graph says, where it has one. */
  readonly planned?: PlannedRuns
}

/** What is told of a recipe, point after point. */
export type FromPlan = { readonly key: string } & (
  | { readonly kind: 'read'; readonly read: ReadRecipe }
  | { readonly kind: 'unavailable'; readonly error: WireError }
  /** The next point; null where nothing tells what it costs, and nothing more is told of the recipe. */
  | { readonly kind: 'point'; readonly cost: PointCost | null }
)

/** Reads recipes, and plans their points when `points` is set. @throws WorkbenchError `cancelled` */
export type PlanRecipes = (
  requests: readonly RecipeRequest[],
  points: boolean,
  tell: (message: FromPlan) => void,
  signal: AbortSignal,
) => Promise<void>

/**
 * Reads all recipes, then plans their points, small recipes first: networks of every size are built for that, seconds of arithmetic, so
 * that a program with windows does it in a thread (recipePlanThread.ts).
 */
export async function planRecipes(
  requests: readonly RecipeRequest[],
  options: {
    readonly points: boolean
    readonly dataFolders: readonly string[]
    readonly readers: Partial<ExperimentTable>
    /** Null where nothing tells. */
    readonly costOf: (point: PointPlan) => Promise<PointCost | null>
    readonly signal?: AbortSignal
  },
  tell: (message: FromPlan) => void,
): Promise<void> {
  const read: { readonly request: RecipeRequest; readonly experiment: Experiment }[] = []
  for (const request of requests) {
    const { key, path, dataFolder = null } = request
    try {
      const file = await readLabRecipe(path, options.dataFolders, dataFolder)
      if (file.sha256 !== key) throw new WorkbenchError('bad-input', `'${path}' has changed since it was read`, 'run the recipe again') // biome-ignore format: one thought
      const experiment = await readExperiment(file, options.readers)
      const { points, visits, pointLimitSeconds } = experiment
      tell({ key, kind: 'read', read: { points: points.length, visits, pointLimitSeconds } })
      read.push({ request, experiment })
    } catch (error) {
      tell({ key, kind: 'unavailable', error: toWire(asWorkbenchError(error)) })
    }
  }
  if (!options.points) return
  read.sort((a, b) => a.experiment.points.length - b.experiment.points.length)
  for (const { request, experiment } of read)
    for (const point of experiment.points.slice(request.from, request.to)) {
      if (options.signal?.aborted) return
      const cost = await options.costOf(point)
      tell({ key: request.key, kind: 'point', cost })
      if (!cost) break
      await new Promise(next => setImmediate(next))
    }
}
