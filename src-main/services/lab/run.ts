import { asWorkbenchError, cancelled, throwIfCancelled, WorkbenchError } from '../../../src-shared/ipc/errors.ts'
import type { WorkContext } from '../../../src-shared/job.ts'
import type { Experiment, PlannedGraph, PointPlan } from './experiment.ts'
import { ProgressClock } from './progress.ts'
import { type PointFolders, type VisitDeps, visitPoint } from './visitPoint.ts'
import { describe, endsPoint, lostToOthers, pointsById, standing, type VisitRecord } from './visits.ts'

/** What the planner says of a graph (services/planner). */
export interface Prediction {
  /** One run, warmed up. */
  readonly seconds: number
  /** All runs of a visit, with the start of the process. */
  readonly totalSeconds: number
  readonly peakBytes: number
  readonly basis: 'calibrated' | 'typical'
}

export type Predict = (graph: PlannedGraph, signal: AbortSignal) => Promise<Prediction | null>

/** The same for a point of a recipe by its place, where another thread builds its graph; null where it has none. */
export type PlanPoint = (
  recipe: { readonly path: string; readonly sha256: string; readonly dataFolder: string | null },
  index: number,
  signal: AbortSignal,
) => Promise<Prediction | null>

export interface RunRequest {
  readonly experiment: Experiment
  /** Of visits that were made before, by this run's recipe. */
  readonly known: readonly VisitRecord[]
  /** Keeps a visit, before the next begins. */
  record(visit: VisitRecord): Promise<void>
  /** Plans the point of this place; default: here, by `predict` of the dependencies. */
  planPoint?(index: number, signal: AbortSignal): Promise<Prediction | null>
  /** Makes the point's own folder, and the one of all points. */
  folders(pointId: string): Promise<PointFolders>
}

export interface RunDeps extends VisitDeps {
  readonly predict?: Predict
  /** A prediction that failed: the point runs without one. */
  readonly fault: (error: unknown) => void
}

/** Where a recipe sets no limit to the whole. */
const TOTAL_SECONDS = 4 * 3600

/**
 * Visits all points of an experiment in turns: the first visit of every point, then the second, so that what slows the machine for a
 * while falls on all points alike. A point that ended otherwise than `done` is not visited again, unless others had taken the memory. What
 * is known is not repeated, but for visits that failed before this run.
 * @returns `partial` when the time of the whole was over before the last visit, or when others had the memory at every visit of a point
 * @throws WorkbenchError `cancelled`, or what `record` throws; a fault of a point is its result
 */
export async function runVisits(request: RunRequest, deps: RunDeps, context: WorkContext): Promise<'done' | 'partial'> {
  const { experiment } = request
  const points = pointsById(experiment.points)
  const visits = standing(request.known).filter(v => v.state !== 'failed')
  const predictions = new Map<string, Prediction | null>()
  const started = deps.now()
  const limit = 1000 * (experiment.totalLimitSeconds ?? TOTAL_SECONDS)

  const predicted = async (id: string, point: PointPlan): Promise<Prediction | null> => {
    const known = predictions.get(id)
    if (known !== undefined) return known
    const planPoint = request.planPoint?.bind(request, experiment.points.indexOf(point))
    const told = await predictPoint(point, planPoint ? { fault: deps.fault, planPoint } : deps, context.signal)
    predictions.set(id, told)
    return told
  }
  const clock = new ProgressClock({
    now: deps.now,
    visits: experiment.visits,
    points: new Map([...points].map(([id, p]) => [id, p.estimateSeconds])),
    known: visits,
    report: context.report,
  })

  for (let visit = 1; visit <= experiment.visits; visit++)
    for (const [id, point] of points) {
      const own = visits.filter(v => v.point === id)
      if (own.some(v => v.visit === visit || endsPoint(v))) continue
      throwIfCancelled(context.signal)
      if (deps.now() - started >= limit) return 'partial'
      const prediction = await predicted(id, point)
      clock.begin(id, point.estimateSeconds ?? prediction?.totalSeconds)
      const folders = await request.folders(id)
      const record = await visitPoint(
        { experiment, point, id, visit, first: !own.some(v => v.state === 'done'), prediction, folders },
        deps,
        { signal: context.signal, report: p => clock.within(p) },
      ) // biome-ignore format: one call
      throwIfCancelled(context.signal)
      visits.push(record)
      await request.record(record)
      clock.end(record)
    }
  const settled = new Set(visits.filter(v => !lostToOthers(v)).map(v => v.point))
  return [...points.keys()].every(id => settled.has(id)) ? 'done' : 'partial'
}

/** The planner's word on a point; null where it has no graph, or none can be said. @throws WorkbenchError `cancelled` */
export async function predictPoint(
  point: PointPlan,
  deps: Pick<RunDeps, 'predict' | 'fault'> & {
    readonly planPoint?: (signal: AbortSignal) => Promise<Prediction | null>
  },
  signal: AbortSignal,
): Promise<Prediction | null> {
  if (!point.graph) return null
  try {
    if (deps.planPoint) return await deps.planPoint(signal)
    return deps.predict ? await deps.predict(point.graph(), signal) : null
  } catch (error) {
    if (signal.aborted) throw cancelled()
    deps.fault(new WorkbenchError('internal', `no plan for ${describe(point.factors)}: ${asWorkbenchError(error).message}`, 'the point runs without one', undefined, { cause: error })) // biome-ignore format: one thought
    return null
  }
}
