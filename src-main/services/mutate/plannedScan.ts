import { WorkbenchError } from '../../../src-shared/ipc/errors.ts'
import type { ScanAsked } from '../../../src-shared/ipc/outlookMethods.ts'
import type { JobCost } from '../../../src-shared/lab/plan.ts'
import type { ModelJson } from '../../models/folder/modelJson.ts'
import { type PlanJob, type PlannedJob, together } from '../planner/jobPlanning.ts'
import { noGradient } from './gradientNetwork.ts'
import { MAX_PREVIEWS } from './scanJob.ts'

/** What a scan costs whose passes can be counted: full passes of the method `naive`, and passes back of previews and of `gradient`. */
export interface PlannedScan {
  /** Of so many mutations that are left. For `exact` it is what full passes would cost. */
  cost(mutations: number): Promise<JobCost | undefined>
  peakBytes: PlannedJob['peakBytes']
}

/** Kind of work whose pace tells how long an exact scan is. */
export const exactKind = (json: Pick<ModelJson, 'id'>): string => `exact scan of ${json.id}`

/** @throws WorkbenchError `out-of-memory` for what will not fit, with the largest setting that will */
export async function plannedScan(
  plan: PlanJob,
  json: ModelJson,
  { method, score, answers }: Pick<ScanAsked, 'method' | 'score' | 'answers'>,
): Promise<PlannedScan> {
  if (method === 'gradient') {
    const passes = await plan({ json, work: 'gradient' }).catch(error => offerFullPasses(error, plan, json))
    return { cost: () => passes.cost(answers), peakBytes: passes.peakBytes }
  }
  const full = await plan({ json, work: 'inference' })
  const previewed = noGradient(json.kind, score) === undefined && answers <= MAX_PREVIEWS
  return {
    async cost(mutations) {
      // A preview that does not fit is left out when the scan runs.
      const preview = previewed ? await plan({ json, work: 'gradient' }).catch(leftOut) : undefined
      const all = await Promise.all([full.cost(mutations + 1), ...(preview ? [preview.cost(answers)] : [])])
      return together(all) ?? all[0]
    },
    peakBytes: full.peakBytes,
  }
}

const leftOut = (error: unknown): undefined => {
  if (error instanceof WorkbenchError && error.code === 'out-of-memory') return undefined
  throw error
}

/** A gradient keeps what the network computed on its way: full passes may fit where it does not. */
async function offerFullPasses(error: unknown, plan: PlanJob, json: ModelJson): Promise<PlannedJob> {
  if (leftOut(error) === undefined && (await plan({ json, work: 'inference' }).catch(leftOut))) {
    const { code, message, detail } = error as WorkbenchError
    throw new WorkbenchError(code, message, 'what fits: method naive or exact, over the same window', detail)
  }
  throw error
}
