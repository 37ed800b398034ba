import { Button, Select, Skeleton } from '@mantine/core'
import { useEffect } from 'react'
import type { OpenedFile } from '../../../src-shared/genome/files.ts'
import type { CohortRun, CohortSubject, OpenedCohort } from '../../../src-shared/ipc/riskMethods.ts'
import {
  exportCohort,
  refreshRun,
  startCohort,
  useCohortRun,
  useCohorts,
  useOpenedCohort,
  useOtherRuns,
} from '../../state/cohorts.ts'
import { useOutlook } from '../../state/outlook.ts'
import { chooseRiskModel, openDemoRiskModel, type RiskModelEntry, useRiskModel, useRiskModels } from '../../state/risk.ts' // biome-ignore format: one line
import { attempt, call, openFiles, refreshFile } from '../../state/services.ts'
import { isSynthetic } from '../../state/tracks.ts'
import { useWorkbench } from '../../state/workbench.ts'
import { ErrorCard, Section, SmallButton, Synthetic, whenText } from '../../ui/parts.tsx'
import { headline, JobEstimate, JobTruth } from '../jobs/JobEstimate.tsx'
import { progressText } from '../jobs/StatusBar.tsx'
import { Warned } from '../risk/RiskPanel.tsx'
import { CohortMetrics } from './CohortMetrics.tsx'
import { Problems } from './CohortProblems.tsx'
import { NeedsLabels } from './NeedsLabels.tsx'
import { TuneSection } from './TuneSection.tsx'

const n = (x: number) => x.toLocaleString('en-US')
const lowered = (text: string) => text.charAt(0).toLowerCase() + text.slice(1)

/** A sample sheet: what is in it, what is wrong with it, and what models say of its people. */
export function CohortInspector({ file }: { readonly file: OpenedFile }) {
  const opened = useOpenedCohort(file)
  const models = useRiskModels()
  const model = useRiskModel(models.data)
  return (
    <>
      <div className="inspector-head">
        <h2 title={`${file.folder}/${file.name}`} data-testid="cohort-title">
          {file.name}
        </h2>
        {isSynthetic(file) && <Synthetic />}
        <span className="tag">research use only</span>
      </div>
      <div className="inspector-body" data-testid="cohort-inspector">
        {opened.isPending && (
          <div role="status" aria-label="Reading the sheet">
            <Skeleton height={60} mb={12} />
            <Skeleton height={140} />
          </div>
        )}
        {opened.error && (
          <ErrorCard error={opened.error} title="This sheet cannot be used.">
            <Button size="compact-sm" variant="default" onClick={() => refreshFile(file)}>
              Look again
            </Button>
          </ErrorCard>
        )}
        {opened.data && <Sheet opened={opened.data} file={file} />}
        {opened.data && <TuneSection file={file} />}
        {opened.data && models.data && !model && <NeedsModel />}
        {opened.data && models.data && model && (
          <Run key={model.fileId} file={file} opened={opened.data} model={model} models={models.data} />
        )}
      </div>
    </>
  )
}

function Sheet({ opened, file }: { readonly opened: OpenedCohort; readonly file: OpenedFile }) {
  const { rows, problems, cautions } = opened.sheet
  const count = (label: 0 | 1 | null) => rows.filter(r => r.label === label).length
  return (
    <>
      <Section title={opened.from === 'folder' ? 'The folder' : 'The sheet'} testId="cohort-sheet">
        <dl className="facts">
          <dt>Samples</dt>
          <dd className="num">
            {n(rows.length)} that can be scored
            {problems.length > 0 &&
              `, ${n(problems.length)} ${opened.from === 'folder' ? (problems.length === 1 ? 'file' : 'files') : problems.length === 1 ? 'row' : 'rows'} at fault`}
          </dd>
          <dt>Labels</dt>
          <dd className="num">
            {count(1) + count(0) === 0
              ? 'none: scores only, no figures'
              : `${n(count(1))} cases, ${n(count(0))} controls${count(null) > 0 ? `, ${n(count(null))} without` : ''}`}
          </dd>
          {opened.covariates.length > 0 && (
            <>
              <dt>Other columns</dt>
              <dd>{opened.covariates.join(', ')}</dd>
            </>
          )}
          {opened.truth && (
            <>
              <dt>Simulated</dt>
              <dd>
                {opened.truth.note}
                {opened.truth.depth !== null && <span className="num">; depth {opened.truth.depth}</span>}
              </dd>
            </>
          )}
        </dl>
        {count(1) + count(0) === 0 && <NeedsLabels fileId={file.id} />}
        {cautions.map(c => (
          <p className="note" key={c} style={{ margin: '8px 0 0' }}>
            {c}
          </p>
        ))}
      </Section>
      {problems.length > 0 && (
        <Section
          title={`${opened.from === 'folder' ? 'Files' : 'Rows'} at fault (${n(problems.length)})`}
          testId="cohort-problems"
        >
          <p className="soft" style={{ margin: '0 0 4px' }}>
            They are left out and listed again at the end; the rest goes on.
          </p>
          <Problems problems={problems} />
        </Section>
      )}
    </>
  )
}

const NeedsModel = () => (
  <div className="empty">
    <p>Scoring a cohort needs a risk model.</p>
    <div style={{ display: 'flex', gap: 6, justifyContent: 'center' }}>
      <Button size="compact-sm" variant="light" onClick={openDemoRiskModel}>
        Open the demonstration model
      </Button>
      <Button size="compact-sm" variant="default" onClick={openFiles}>
        Open a model folder…
      </Button>
    </div>
  </div>
)

function Run(props: {
  readonly file: OpenedFile
  readonly opened: OpenedCohort
  readonly model: RiskModelEntry
  readonly models: readonly RiskModelEntry[]
}) {
  const { file, opened, model, models } = props
  const subject = { fileId: file.id, modelFileId: model.fileId }
  const run = useCohortRun(file, model.fileId)
  const others = useOtherRuns(
    file,
    models.filter(m => m.fileId !== model.fileId),
  )
  const data = run.data
  const done = data?.cohort ? data.cohort.rows.length : 0
  const jobId = useCohorts(s => s.jobs[`${subject.fileId}:${subject.modelFileId}`])
  const job = useWorkbench(s => s.jobs).find(j => j.id === jobId)
  const waiting = data?.state === 'ready' || data?.state === 'partial'
  const outlook = useOutlook(data && data.total > 0 && data.state !== 'running' ? { kind: 'cohort', request: { ...subject, again: !waiting } } : null) // biome-ignore format: one line
  const refused = outlook.data?.refusal != null
  return (
    <>
      <Section
        title="Scores"
        testId="cohort-run"
        actions={
          data?.cohort && (
            <>
              <SmallButton label="Save the cohort as TSV" text="TSV" onClick={() => exportCohort(subject, 'tsv')} />
              <SmallButton label="Save the cohort as JSON" text="JSON" onClick={() => exportCohort(subject, 'json')} />
            </>
          )
        }
      >
        <Warned label={model.label} />
        <div className="risk-choice" style={{ marginBottom: 8 }}>
          {models.length > 1 ? (
            <Select
              aria-label="Risk model"
              allowDeselect={false}
              value={model.fileId}
              data={models.map(m => ({ value: m.fileId, label: m.name }))}
              onChange={v => v && chooseRiskModel(v)}
            />
          ) : (
            <span className="risk-name" title={model.name}>
              {model.name}
            </span>
          )}
          <Button
            size="compact-xs"
            variant="subtle"
            onClick={() => useWorkbench.getState().select({ kind: 'file', fileId: model.fileId })}
          >
            Card
          </Button>
        </div>
        {run.isPending && <Skeleton height={30} />}
        {run.error && (
          <ErrorCard error={run.error} title="This model cannot score the cohort.">
            <Button size="compact-sm" variant="default" onClick={() => void run.refetch()}>
              Try again
            </Button>
          </ErrorCard>
        )}
        {data && (
          <div className="cohort-run" data-state={data.state} data-testid="cohort-state">
            {data.state === 'ready' && (
              <Button size="compact-sm" disabled={data.total === 0 || refused} onClick={() => startCohort(subject)}>
                Score {n(data.total)} {data.total === 1 ? 'sample' : 'samples'}
              </Button>
            )}
            {data.state === 'running' && data.jobId && <Running jobId={data.jobId} subject={subject} />}
            {data.state === 'partial' && (
              <>
                <span className="tag">partial</span>
                <span className="num">
                  {n(done)} of {n(data.total)} scored, and kept
                </span>
                <Button size="compact-sm" disabled={refused} onClick={() => startCohort(subject)}>
                  Go on
                </Button>
              </>
            )}
            {data.state === 'done' && (
              <>
                <span className="num">
                  {n(done)} of {n(data.total)} scored{data.finishedAt !== null && `, ${whenText(data.finishedAt)}`}
                  {data.cohort &&
                    data.cohort.resumed > 0 &&
                    `; ${n(data.cohort.resumed)} taken over from a run that was stopped`}
                </span>
                <Button size="compact-xs" variant="subtle" onClick={() => startCohort(subject, true)}>
                  Score again
                </Button>
              </>
            )}
          </div>
        )}
        {data && waiting && data.total > 0 && <JobEstimate outlook={outlook} />}
        {data?.state === 'done' && <JobTruth job={job} />}
        {data?.state === 'done' && outlook.data && outlook.data.seconds !== null && (
          <p className="job-estimate soft num" data-testid="cohort-again-cost">
            Scoring again: {lowered(headline(outlook.data))}
          </p>
        )}
        {data?.state === 'done' && <Again run={data} opened={opened} subject={subject} />}
        {data?.cohort && (
          <Button
            mt={6}
            size="compact-xs"
            variant="default"
            onClick={() => useWorkbench.getState().showPlots('cohort')}
          >
            Table and curves
          </Button>
        )}
      </Section>
      {data?.cohort && <CohortMetrics run={data} opened={opened} model={model} others={others} />}
      {data?.cohort && data.cohort.failures.length > 0 && data.state !== 'running' && (
        <Section title={`Failed (${n(data.cohort.failures.length)})`} testId="cohort-failures">
          <Problems problems={data.cohort.failures} />
        </Section>
      )}
      {data?.cohort && (
        <Section title="What this does not mean" testId="cohort-limits">
          <ul className="limits">
            {data.cohort.limits.map(l => (
              <li key={l}>{l}</li>
            ))}
          </ul>
        </Section>
      )}
    </>
  )
}

/** What of a finished run can be done once more without the rest: files that changed since, and what failed. */
function Again({
  run,
  opened,
  subject,
}: {
  readonly run: CohortRun
  readonly opened: OpenedCohort
  readonly subject: CohortSubject
}) {
  const { changed } = run
  const failed = (run.cohort?.failures.length ?? 0) - opened.sheet.problems.length
  if (changed.length === 0 && failed <= 0) return null
  return (
    <p className="note" style={{ margin: '8px 0 0' }} data-testid="cohort-again" data-changed={changed.length}>
      {changed.length > 0 &&
        `The files of ${n(changed.length)} ${changed.length === 1 ? 'sample' : 'samples'} (${changed.slice(0, 3).join(', ')}${changed.length > 3 ? ' …' : ''}) changed after they were scored; their scores are of the files as they were. `}
      {failed > 0 && `${n(failed)} failed. `}
      <Button size="compact-xs" variant="default" onClick={() => startCohort(subject)}>
        {changed.length > 0 ? `Score ${changed.length === 1 ? 'it' : 'them'} again` : 'Try the failed again'}
      </Button>
    </p>
  )
}

function Running({ jobId, subject }: { readonly jobId: string; readonly subject: CohortSubject }) {
  const job = useWorkbench(s => s.jobs).find(j => j.id === jobId)
  const ended = job?.endedAt !== undefined
  const { fileId, modelFileId } = subject
  useEffect(() => {
    if (ended) refreshRun({ fileId, modelFileId })
  }, [ended, fileId, modelFileId])
  return (
    <span className="scan-status num" role="status">
      <progress
        aria-label="Scoring the cohort"
        {...(job && job.progress.total > 0 ? { value: job.progress.done, max: job.progress.total } : {})}
      />
      {job ? progressText(job) : 'starting'}
      <Button size="compact-xs" variant="subtle" onClick={() => attempt(() => call('jobs.cancel', { jobId }))}>
        Stop
      </Button>
    </span>
  )
}
