import { Button } from '@mantine/core'
import { useState } from 'react'
import type { OpenedFile } from '../../../src-shared/genome/files.ts'
import type { TuneLine } from '../../../src-shared/genome/tune.ts'
import { attempt, call, refreshFile } from '../../state/services.ts'
import { askTune, openTuned, removeTune, resumeTune, showTune, useTuneList, useTuneOptions, useTunes } from '../../state/tunes.ts' // biome-ignore format: one line
import { useWorkbench } from '../../state/workbench.ts'
import { ErrorCard, Section, sentence, whenText } from '../../ui/parts.tsx'
import { progressText } from '../jobs/StatusBar.tsx'
import { Problems } from './CohortProblems.tsx'
import { TuneForm } from './TuneForm.tsx'

/** Fine-tuning on the people of a sheet: the form, and the trainings that were made of it. */
export function TuneSection({ file }: { readonly file: OpenedFile }) {
  const asking = useTunes(s => s.asking === file.id)
  const options = useTuneOptions(file, asking)
  const list = useTuneList(file)
  return (
    <Section
      title="Fine-tuning"
      testId="tune"
      actions={
        asking && (
          <Button size="compact-xs" variant="subtle" onClick={() => askTune(null)}>
            Close
          </Button>
        )
      }
    >
      {!asking && (
        <Button size="compact-sm" variant="light" onClick={() => askTune(file.id)}>
          Fine-tune on these people…
        </Button>
      )}
      {asking && options.isPending && (
        <p className="soft" role="status">
          Looking at what there is to start from…
        </p>
      )}
      {asking && options.error && <ErrorCard error={options.error} title="Nothing can be trained on this sheet." />}
      {asking && options.data?.refusal && (
        <div data-testid="tune-refusal">
          <ErrorCard error={{ code: 'bad-input', ...options.data.refusal }} title="Nobody can be trained on.">
            <Button size="compact-sm" variant="default" onClick={() => refreshFile(file)}>
              Look again
            </Button>
          </ErrorCard>
          {options.data.refusal.rows.length > 0 && <Problems problems={options.data.refusal.rows} />}
        </div>
      )}
      {asking && options.data && !options.data.refusal && <TuneForm file={file} options={options.data} />}
      {list.data && list.data.length > 0 && <Lines fileId={file.id} lines={list.data} />}
    </Section>
  )
}

const STATE: Readonly<Record<TuneLine['state'], string>> = {
  running: 'training',
  stopped: 'stopped; what was trained is kept',
  failed: 'failed',
  done: 'done',
}

/** The latest first; one that was stopped can go on. */
function Lines({ fileId, lines }: { readonly fileId: string; readonly lines: readonly TuneLine[] }) {
  const shown = useTunes(s => s.shown[fileId])
  const jobs = useWorkbench(s => s.jobs)
  const [sure, setSure] = useState<string | null>(null)
  return (
    <ul className="scan-list tune-list" data-testid="tune-list" aria-label="Trainings on this sheet">
      {lines.map(l => {
        const job = jobs.find(j => j.id === l.jobId)
        return (
          <li key={l.tuneId} data-state={l.state} data-tune={l.tuneId}>
            <button
              type="button"
              className="link"
              aria-current={shown === l.tuneId ? 'true' : undefined}
              onClick={() => showTune(fileId, l.tuneId)}
            >
              {l.name}
            </button>
            <span className="soft num">
              {` ${l.state === 'running' && job ? progressText(job) : STATE[l.state]}, ${l.people.toLocaleString('en-US')} ${l.simulated ? 'simulated people' : 'people'}, ${whenText(l.createdAt)}`}
              {l.auc !== null && `; mean test AUC ${l.auc.toFixed(3)}`}
            </span>
            {l.error && <span className="tune-error">{sentence(l.error)}</span>}
            <span className="tune-actions">
              {l.state === 'running' && l.jobId && (
                <Button
                  size="compact-xs"
                  variant="subtle"
                  aria-label={`Stop ${l.name}`}
                  onClick={() => attempt(() => call('jobs.cancel', { jobId: l.jobId ?? '' }))}
                >
                  Stop
                </Button>
              )}
              {(l.state === 'stopped' || l.state === 'failed') && (
                <Button
                  size="compact-xs"
                  variant="light"
                  aria-label={`Go on with ${l.name}`}
                  onClick={() => resumeTune(fileId, l.tuneId)}
                >
                  Go on
                </Button>
              )}
              {l.state === 'done' && (
                <Button
                  size="compact-xs"
                  variant="subtle"
                  aria-label={`Open the model ${l.name}`}
                  onClick={() => openTuned(l.tuneId)}
                >
                  {l.modelFileId ? 'Model' : 'Open'}
                </Button>
              )}
              {l.state !== 'running' && (
                <Button
                  size="compact-xs"
                  variant={sure === l.tuneId ? 'light' : 'subtle'}
                  color={sure === l.tuneId ? 'red' : 'gray'}
                  c={sure === l.tuneId ? 'var(--bad-ink)' : 'var(--ink-soft)'}
                  aria-label={sure === l.tuneId ? `Remove ${l.name} and its model for good` : `Remove ${l.name}`}
                  title="Removes the training and its model from the data folder"
                  onBlur={() => setSure(null)}
                  onClick={() => (sure === l.tuneId ? removeTune(l.tuneId) : setSure(l.tuneId))}
                >
                  {sure === l.tuneId ? 'Remove for good' : 'Remove'}
                </Button>
              )}
            </span>
          </li>
        )
      })}
    </ul>
  )
}
