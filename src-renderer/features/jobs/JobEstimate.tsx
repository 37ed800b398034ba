import { IconAlertTriangle } from '@tabler/icons-react'
import type { WireError } from '../../../src-shared/ipc/errors.ts'
import type { JobSnapshot } from '../../../src-shared/job.ts'
import { BASIS_TEXT, memoryText, roughDuration } from '../../../src-shared/lab/costText.ts'
import type { JobOutlook } from '../../../src-shared/lab/plan.ts'
import { costText } from './StatusBar.tsx'

/** What a job will cost, where it is decided; or why it would be refused, with what would not. */
export function JobEstimate({
  outlook,
}: {
  readonly outlook: { readonly data: JobOutlook | undefined; readonly error: WireError | null }
}) {
  const { data, error } = outlook
  if (error) return <p className="job-estimate soft">No estimate: {error.message}.</p>
  if (!data)
    return (
      <p className="job-estimate soft" role="status">
        Estimating…
      </p>
    )
  if (data.refusal)
    return (
      <p className="job-estimate job-refusal" role="alert" data-testid="job-refusal">
        <IconAlertTriangle size={15} aria-hidden="true" />
        <span>
          <b>Does not fit here:</b> {data.refusal.message}. {capital(data.refusal.remedy)}.
        </span>
      </p>
    )
  return (
    <p className="job-estimate num" role="status" data-testid="job-estimate" data-basis={data.basis ?? 'none'}>
      <b>{headline(data)}</b> <span className="soft">{details(data)}</span>
    </p>
  )
}

/** `About 2 min, 1.2 GB of memory.` */
export const headline = ({
  seconds,
  peakBytes,
  basis,
}: Pick<JobOutlook, 'seconds' | 'peakBytes' | 'basis'>): string => {
  const memory = peakBytes === null ? '' : `${memoryText(peakBytes)} of memory`
  if (seconds === null) return memory === '' ? 'Duration not known yet.' : `Duration not known yet; ${memory}.`
  const about = basis === 'typical' ? 'Roughly' : 'About'
  return `${[`${about} ${roughDuration(seconds)}`, memory].filter(Boolean).join(', ')}.`
}

const details = ({ note, basis }: JobOutlook): string =>
  [note, basis === null ? '' : BASIS_TEXT[basis]].filter(Boolean).join(' ')

const capital = (text: string) => text.charAt(0).toUpperCase() + text.slice(1)

/** What the last job of a form took, beside what was said of it. */
export function JobTruth({ job }: { readonly job: JobSnapshot | undefined }) {
  if (job?.state !== 'done' || !job.cost) return null
  const text = costText(job)
  return (
    <p className="job-estimate soft num" data-testid="job-truth" data-seconds={job.cost.seconds}>
      {capital(text)}.
    </p>
  )
}
