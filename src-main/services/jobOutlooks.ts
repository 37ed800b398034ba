import type { Handlers } from '../../src-shared/ipc/contract.ts'
import type { JobAsked } from '../../src-shared/ipc/outlookMethods.ts'
import type { WorkContext } from '../../src-shared/job.ts'
import type { JobOutlook } from '../../src-shared/lab/plan.ts'

/** What each kind of job says of itself before it starts: asked where its form stands. */
export type Outlooks = {
  readonly [K in JobAsked['kind']]: (
    request: Extract<JobAsked, { kind: K }>['request'],
    context: WorkContext,
  ) => Promise<JobOutlook>
}

/** The contract's method about what a job will cost: routing only. */
export function createOutlookHandlers(outlooks: Outlooks): Pick<Handlers, 'jobs.outlook'> {
  return {
    'jobs.outlook': ({ job }, context) => {
      const tell = outlooks[job.kind] as (request: JobAsked['request'], context: WorkContext) => Promise<JobOutlook>
      return tell(job.request, context)
    },
  }
}
