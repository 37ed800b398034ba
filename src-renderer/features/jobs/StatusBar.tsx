import { Button } from '@mantine/core'
import { IconAlertTriangle, IconCheck } from '@tabler/icons-react'
import { useEffect, useRef, useState } from 'react'
import type { JobSnapshot } from '../../../src-shared/job.ts'
import { estimateText, memoryText } from '../../../src-shared/lab/costText.ts'
import { attempt, call, refreshFile } from '../../state/services.ts'
import { useWorkbench } from '../../state/workbench.ts'

/** A job's announcements reach a screen reader at most this often. */
const ANNOUNCE_MS = 5000

export const timeLeft = (seconds: number): string => {
  const s = Math.max(0, Math.round(seconds))
  const two = (n: number) => String(n).padStart(2, '0')
  return s >= 3600
    ? `${Math.floor(s / 3600)}:${two(Math.floor((s % 3600) / 60))}:${two(s % 60)}`
    : `${Math.floor(s / 60)}:${two(s % 60)}`
}

/** What was said of a job, and what it came to: `about 2 min, 1.2 GB`, `took 2:10, 1.1 GB (estimated 2 min, 1.2 GB)`. */
export const costText = ({ estimate, cost, state }: JobSnapshot): string => {
  if (state === 'done' && cost) {
    const took = `took ${[timeLeft(cost.seconds), cost.peakBytes === null ? '' : memoryText(cost.peakBytes)].filter(Boolean).join(', ')}` // biome-ignore format: one thought
    return estimate ? `${took} (estimated ${estimateText(estimate)})` : took
  }
  return estimate && state === 'running' ? `about ${estimateText(estimate)}` : ''
}

export const progressText = (job: JobSnapshot): string => {
  const { done, total, phase } = job.progress
  const n = (x: number) => x.toLocaleString('en-US')
  if (job.state === 'queued') return 'waiting'
  if (job.state !== 'running') return [job.state, costText(job)].filter(Boolean).join(', ')
  return [
    phase,
    total > 0 ? (Number.isInteger(total) ? `${n(done)}/${n(total)}` : `${Math.floor((100 * done) / total)} %`) : '',
    job.secondsLeft === undefined ? '' : `${timeLeft(job.secondsLeft)} left`,
    costText(job),
  ]
    .filter(Boolean)
    .join(' · ')
}

export function StatusBar() {
  const jobs = useWorkbench(s => s.jobs).filter(j => !j.read)
  const info = useWorkbench(s => s.info)
  useFinishedIndexes()
  return (
    <section className="statusbar" aria-label="Jobs">
      {jobs.length === 0 ? (
        <span className="soft">No job running</span>
      ) : (
        jobs.slice(-3).map(j => <JobEntry key={j.id} job={j} />)
      )}
      {jobs.length > 3 && <span className="soft">and {jobs.length - 3} more</span>}
      <span style={{ flex: 1 }} />
      <span className="soft">Research use only</span>
      {info && (
        <span className="soft num">
          device: cpu {info.threads} {info.threads === 1 ? 'thread' : 'threads'}
        </span>
      )}
      <Announcements jobs={jobs} />
    </section>
  )
}

function JobEntry({ job }: { readonly job: JobSnapshot }) {
  const active = job.state === 'running' || job.state === 'queued'
  const { done, total } = job.progress
  const read = () => {
    useWorkbench.getState().jobChanged({ ...job, read: true })
    attempt(() => call('jobs.markRead', { jobId: job.id }))
  }
  return (
    <div className="job" data-state={job.state}>
      {job.state === 'failed' && <IconAlertTriangle size={14} color="var(--bad-ink)" />}
      {job.state === 'done' && <IconCheck size={14} color="var(--good-ink)" />}
      <span title={job.title}>{job.title}</span>
      {active && <progress aria-label={job.title} {...(total > 0 ? { value: done, max: total } : {})} />}
      <span className="num soft" title={job.error?.remedy ?? progressText(job)}>
        {job.error ? job.error.message : progressText(job)}
      </span>
      {active ? (
        <Button
          variant="subtle"
          size="compact-xs"
          aria-label={`Cancel ${job.title}`}
          onClick={() => attempt(() => call('jobs.cancel', { jobId: job.id }))}
        >
          Cancel
        </Button>
      ) : (
        <Button
          variant="subtle"
          color="gray"
          c="var(--ink-soft)"
          size="compact-xs"
          aria-label={`Dismiss ${job.title}`}
          onClick={read}
        >
          Dismiss
        </Button>
      )}
    </div>
  )
}

/** An index that was built makes its file usable: it is looked at again. */
function useFinishedIndexes() {
  const jobs = useWorkbench(s => s.jobs)
  const seen = useRef(new Set<string>())
  useEffect(() => {
    for (const j of jobs) {
      if (j.state !== 'done' || j.kind !== 'index' || seen.current.has(j.id)) continue
      seen.current.add(j.id)
      const file = useWorkbench.getState().files.find(f => f.id === j.resultId)
      if (file) refreshFile(file)
    }
  }, [jobs])
}

/** The window's one polite live region for jobs. */
function Announcements({ jobs }: { readonly jobs: readonly JobSnapshot[] }) {
  const text = jobs.map(j => `${j.title}: ${j.error?.message ?? progressText(j)}`).join('. ')
  const [said, setSaid] = useState('')
  const latest = useRef(text)
  latest.current = text
  const waiting = useRef(false)
  useEffect(() => {
    if (waiting.current || text === said) return
    setSaid(text)
    waiting.current = true
    const timer = setTimeout(() => {
      waiting.current = false
      setSaid(latest.current)
    }, ANNOUNCE_MS)
    return () => {
      // The wait outlives a change of text; only the end of the window ends it.
      if (latest.current === '') clearTimeout(timer)
    }
  }, [text, said])
  return (
    <span className="visually-hidden" aria-live="polite">
      {said}
    </span>
  )
}
