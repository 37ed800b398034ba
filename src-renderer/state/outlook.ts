import { useDebouncedValue } from '@mantine/hooks'
import { useQuery } from '@tanstack/react-query'
import type { WireError } from '../../src-shared/ipc/errors.ts'
import type { JobAsked } from '../../src-shared/ipc/outlookMethods.ts'
import type { JobOutlook } from '../../src-shared/lab/plan.ts'
import { call, onEvent, queries } from './services.ts'

/** A number that is being typed is not asked for digit by digit. */
const RESTED_MS = 350
/** While something does not fit it is looked at again: another program may have ended. */
const REFUSED_AGAIN_MS = 5000

/** What the job of a form will cost as the form stands; null while there is no form. */
export function useOutlook(job: JobAsked | null) {
  const text = JSON.stringify(job)
  const [rested] = useDebouncedValue(text, RESTED_MS)
  const outlook = useQuery<JobOutlook, WireError>({
    queryKey: ['job-outlook', rested],
    enabled: rested !== 'null',
    // What is free changes by the minute.
    staleTime: 10_000,
    refetchInterval: query => (query.state.data?.refusal ? REFUSED_AGAIN_MS : false),
    queryFn: ({ signal }) => call('jobs.outlook', { job: JSON.parse(rested) as JobAsked }, signal),
  })
  // What is said belongs to the form as it stands.
  return { ...outlook, data: rested === text ? outlook.data : undefined, settled: rested === text }
}

// A job that ended teaches how fast the next one is; a calibration, all of them.
onEvent('job.changed', job => {
  if (job.endedAt !== undefined && !job.read) void queries.invalidateQueries({ queryKey: ['job-outlook'] })
})
