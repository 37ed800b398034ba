import type { WorkContext } from '../../../src-shared/job.ts'
import type { ExperimentName, Factors, Quartiles } from '../../../src-shared/lab/result.ts'
import type { Compute } from '../../compute/client.ts'
import type { Graph, Tensor } from '../../graph/graph.ts'
import type { ModelRegistry } from '../../models/registry.ts'
import type { RecipeFile } from '../training/recipe.ts'

/** The graph of one run of a point, for the planner: what is fed, what is computed. */
export interface PlannedGraph {
  readonly graph: Graph
  readonly outputs: readonly Tensor[]
  /** How many times a point runs it: warm-up and repetitions of a visit. */
  readonly runs: number
  /** Where fewer runs may do: after `warmUp` of them no other is begun when those since took `seconds` (timedRuns.ts). */
  readonly enough?: { readonly warmUp: number; readonly seconds: number }
  readonly work: 'inference' | 'training'
  /** `fixed`: the runtime keeps freed memory for the next run (compute/engine.ts). */
  readonly workload: 'fixed' | 'varied'
  /**
   * Where a run is several models one after the other (tiles, then what follows them: services/predict/tiledNetwork.ts): what each
   * computes, and how often in one run. Its memory is that of the largest part and the last one, not of `outputs` as a whole.
   */
  readonly parts?: readonly { readonly outputs: readonly Tensor[]; readonly times: number }[]
}

export interface PointPlan {
  readonly factors: Factors
  /** Builds the graph of the point; absent where a point is not one graph (its time is told by `estimateSeconds`). */
  graph?(): PlannedGraph
  /** Of one visit, where no graph tells. */
  readonly estimateSeconds?: number
}

/** What a point may use while it is measured. */
export interface PointContext extends WorkContext {
  /** A compute process of its own, closed after the visit: its peak memory is this visit's alone. Opened with the first call. */
  compute(): Promise<Compute>
  readonly registry: ModelRegistry
  readonly threads: number
  /** Bytes that the visit may take; the compute process refuses more. */
  readonly memoryLimitBytes: number
  /** The point's own folder, kept until the result is done: checkpoints of a long point. */
  readonly folder: string
  /** One folder for all points of the result, kept as long: what many of them read. */
  readonly sharedFolder: string
  /** The same, but emptied whenever a run stops: gigabytes that are made again in seconds. */
  readonly remadeFolder: string
  /** No visit of this point has been kept: what is measured once for a point belongs to this visit. */
  readonly first: boolean
  readonly now: () => number
}

/**
 * One visit of a point: its timed repetitions after its warm-up. A measure with several values is pooled over visits; every name ends with
 * its unit (src-shared/lab/result.ts). `peakBytes` is filled in from the compute process when the visit does not give it.
 */
export type Visit = Readonly<Record<string, readonly number[]>>

/** A recipe that has been read. */
export interface Experiment {
  readonly name: ExperimentName
  /** How many times every point is visited, in turns over all points: load of others falls on all alike. */
  readonly visits: number
  /** Seconds a visit may take, by the plan and by the clock. */
  readonly pointLimitSeconds: number
  /** Seconds after which no further visit is begun; the result is `partial` then and can be gone on with. Default: four hours. */
  readonly totalLimitSeconds?: number
  readonly notes: readonly string[]
  readonly points: readonly PointPlan[]
  /** @throws WorkbenchError `out-of-memory` (a result: does not fit), `cancelled`, or a fault */
  visit(point: PointPlan, context: PointContext): Promise<Visit>
}

/** Reads a recipe of an experiment. @throws WorkbenchError `bad-input` that names the field; `not-found` for data that are not there */
export type ExperimentReader = (recipe: RecipeFile) => Promise<Experiment>

/** What `experiment` of a recipe with task `lab` may be: a new experiment is a file with a reader and a line in experiments.ts. */
export type ExperimentTable = Readonly<Record<ExperimentName, () => Promise<ExperimentReader>>>

export type { Quartiles }
