import { WorkbenchError } from '../../../../src-shared/ipc/errors.ts'
import type { JobCost } from '../../../../src-shared/lab/plan.ts'
import type { ModelJson } from '../../../models/folder/modelJson.ts'
import type { PlanJob } from '../../planner/jobPlanning.ts'
import { PEOPLE, TIMING, WINDOWS } from './makeCompression.ts'

/**
 * What running a model costs that is made smaller and measured: its timed visits and the predictions that are compared, before and after.
 * The smaller one is taken to cost as much. Making the factors comes on top. Undefined where nothing can be planned.
 * @throws WorkbenchError `out-of-memory` where the model cannot be measured here
 */
export async function plannedCompression(plan: PlanJob, json: ModelJson): Promise<() => Promise<JobCost | undefined>> {
  const planned = await plan({ json, work: 'inference', ownProcess: true }).catch(error => {
    if (!(error instanceof WorkbenchError) || error.code !== 'out-of-memory') throw error
    // Its window is part of what is compared: a shorter one would be another model's.
    throw new WorkbenchError(error.code, error.message, "what fits: making it without measuring, with 'diploscope models factorise'", error.detail) // biome-ignore format: one line
  })
  const compared = json.risk ? PEOPLE : json.input.type === 'dna' ? WINDOWS : 1
  return async () => {
    const { warmUp, repeats, seconds } = TIMING.repetitions
    const [two, four] = [await planned.cost(2), await planned.cost(4)]
    if (!two || !four) return undefined
    const run = Math.max(1e-6, (four.seconds - two.seconds) / 2)
    const start = Math.max(0, two.seconds - 2 * run)
    const runs = warmUp + Math.min(repeats, Math.max(1, Math.ceil(seconds / run)))
    return { ...two, seconds: 2 * (TIMING.visits * (start + runs * run) + start + compared * run) }
  }
}
