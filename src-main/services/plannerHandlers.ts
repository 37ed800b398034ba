import type { Handlers } from '../../src-shared/ipc/contract.ts'
import type { Jobs } from './jobs.ts'
import type { LabServices } from './labServices.ts'
import type { ModelServices } from './modelServices.ts'
import type { Planner } from './planner/planner.ts'

export type PlannerHandlers = Pick<Handlers, 'planner.state' | 'planner.calibrate' | 'planner.estimate'>

/** The contract's methods about what computing will cost: routing only. */
export function createPlannerHandlers(parts: {
  readonly planner: Planner
  readonly jobs: Jobs
  readonly models: ModelServices
  readonly lab: Pick<LabServices, 'forgetPlans'>
}): PlannerHandlers {
  const { planner, jobs, models, lab } = parts
  return {
    'planner.state': () => planner.calibration(),
    'planner.calibrate': async () =>
      jobs.start({
        kind: 'calibration',
        title: 'Measuring this machine',
        exclusive: true,
        async run(context) {
          await planner.calibrate(context)
          lab.forgetPlans()
          return undefined
        },
      }),
    async 'planner.estimate'({ modelFileId, work, lengthBp, batch }, context) {
      const { json } = await models.models.use(modelFileId)
      const sizes = {
        ...(lengthBp === undefined ? {} : { length: lengthBp }),
        ...(batch === undefined ? {} : { batch }),
      }
      return planner.estimateModel({ json, work, ...sizes }, context.signal)
    },
  }
}
