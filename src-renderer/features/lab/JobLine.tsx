import { Button } from '@mantine/core'
import { cancelJob } from '../../state/lab.ts'
import { useWorkbench } from '../../state/workbench.ts'
import { progressText } from '../jobs/StatusBar.tsx'

/** How far a job of the lab is, how long still, and how it is stopped. */
export function JobLine({ jobId, what }: { readonly jobId: string | null; readonly what: string }) {
  const job = useWorkbench(s => s.jobs).find(j => j.id === jobId)
  if (!job || (job.state !== 'running' && job.state !== 'queued')) return null
  const { done, total } = job.progress
  return (
    <div className="job lab-job" data-state={job.state}>
      <progress aria-label={`Progress of ${what}`} {...(total > 0 ? { value: done, max: total } : {})} />
      <span className="num">{progressText(job)}</span>
      <Button size="compact-xs" variant="subtle" aria-label={`Cancel ${what}`} onClick={() => cancelJob(job.id)}>
        Cancel
      </Button>
    </div>
  )
}
