import { Button, SegmentedControl, Select, useComputedColorScheme } from '@mantine/core'
import { useMemo, useRef } from 'react'
import type { TuneDetail } from '../../../src-shared/genome/tune.ts'
import type { ChartHandle } from '../../charts/Chart.tsx'
import { useShownCohort } from '../../state/cohorts.ts'
import { attempt, call } from '../../state/services.ts'
import { askTune, exportTune, openTuned, resumeTune, scoreWithTuned, showTune, type TuneView, useTune, useTuneList, useTunes } from '../../state/tunes.ts' // biome-ignore format: one line
import { useWorkbench } from '../../state/workbench.ts'
import { ErrorCard, PictureButtons, SmallButton, sentence, TsvButton } from '../../ui/parts.tsx'
import { type Cell, type Origin, originLines, toTsv } from '../../ui/provenance.ts'
import { useModule } from '../../ui/useModule.ts'
import { progressText } from '../jobs/StatusBar.tsx'
import { Card } from '../models/Card.tsx'
import { TuneFigures, tuneFiguresTsv } from './TuneFigures.tsx'
import { aucOption, lossOption } from './tuneCharts.ts'

const loadChart = () => import('../../charts/Chart.tsx')

/** A training as it goes, and what came of it. */
export function TunePlots() {
  const file = useShownCohort()
  const list = useTuneList(file)
  const chosen = useTunes(s => (file ? s.shown[file.id] : undefined))
  const shown = chosen ?? list.data?.[0]?.tuneId ?? null
  const detail = useTune(shown)
  return (
    <section className="plots cohort-plots" aria-label="Training" data-testid="tune-plots">
      {!shown && (
        <div className="empty">
          <p>
            A risk model can be fine-tuned on the labelled people of a sample sheet: curves and figures appear here.
          </p>
          {file && (
            <Button
              variant="light"
              onClick={() => {
                useWorkbench.getState().select({ kind: 'file', fileId: file.id })
                askTune(file.id)
              }}
            >
              Fine-tune on the people of {file.name}…
            </Button>
          )}
        </div>
      )}
      {detail.error && <ErrorCard error={detail.error} title="This training cannot be shown." />}
      {detail.data && (
        <Training
          tune={detail.data}
          others={(list.data ?? []).map(l => ({ value: l.tuneId, label: l.name }))}
          fileId={file?.id}
        />
      )}
    </section>
  )
}

const VIEWS: readonly { readonly value: TuneView; readonly label: string }[] = [
  { value: 'curves', label: 'Curves' },
  { value: 'figures', label: 'Figures' },
  { value: 'card', label: 'Card' },
]

function Training(props: {
  readonly tune: TuneDetail
  readonly others: readonly { readonly value: string; readonly label: string }[]
  readonly fileId: string | undefined
}) {
  const { tune, others, fileId } = props
  const view = useTunes(s => s.view)
  const info = useWorkbench(s => s.info)
  const files = useWorkbench(s => s.files)
  const origin: Origin = {
    info,
    what: `fine-tuning '${tune.name}' on ${tune.people} ${tune.simulated ? 'simulated ' : ''}people of ${tune.sheetName}, from ${tune.startName}${tune.state === 'done' ? '' : ', unfinished'}. ${tune.cautions.join(' ')}`,
    files: files.filter(f => f.id === fileId || f.id === tune.modelFileId),
  }
  const name = `training ${tune.name}`
  return (
    <>
      <div className="scan-toolbar">
        {others.length > 1 && others.some(o => o.value === tune.tuneId) ? (
          <Select
            size="xs"
            aria-label="Training"
            allowDeselect={false}
            value={tune.tuneId}
            data={[...others]}
            onChange={v => v && fileId && showTune(fileId, v)}
          />
        ) : (
          <b>{tune.name}</b>
        )}
        <State tune={tune} fileId={fileId} />
        <span style={{ flex: 1 }} />
        <SegmentedControl
          size="xs"
          aria-label="What of the training"
          value={view}
          data={VIEWS.map(v => ({ ...v, disabled: v.value !== 'curves' && tune.result === null }))}
          onChange={v => useTunes.setState({ view: v as TuneView })}
        />
      </div>
      <p className={tune.simulated ? 'note tune-caution' : 'soft tune-caution'} data-testid="tune-cautions">
        {tune.cautions.join(' ')}
      </p>
      {tune.error && (
        <p className="tune-error" role="alert">
          {sentence(tune.error)}
        </p>
      )}
      {(view === 'curves' || !tune.result) && <Curves tune={tune} origin={origin} name={name} />}
      {view === 'figures' && tune.result && (
        <>
          <TuneFigures tune={tune} result={tune.result} />
          <div className="scan-toolbar cohort-foot">
            {fileId && (
              <Button size="compact-xs" variant="light" onClick={() => scoreWithTuned(fileId, tune.tuneId)}>
                Score the cohort with it
              </Button>
            )}
            <Button size="compact-xs" variant="subtle" onClick={() => openTuned(tune.tuneId)}>
              Open the model
            </Button>
            <span style={{ flex: 1 }} />
            <TsvButton
              name={`${name} figures`}
              tsv={() => tuneFiguresTsv(tune.result, originLines(origin, new Date()))}
            />
            <SmallButton
              label="Save all figures as JSON"
              text="JSON"
              onClick={() => exportTune(tune.tuneId, 'report')}
            />
          </div>
        </>
      )}
      {view === 'card' && tune.result && (
        <>
          {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a box that scrolls must be reachable by keyboard */}
          <section className="tune-card" tabIndex={0} aria-label="Model card" data-testid="tune-card">
            <Card text={tune.result.card} />
          </section>
          <div className="scan-toolbar cohort-foot">
            <Button size="compact-xs" variant="subtle" onClick={() => openTuned(tune.tuneId)}>
              Open the model
            </Button>
            <span style={{ flex: 1 }} />
            <SmallButton label="Save the model card" text="Card" onClick={() => exportTune(tune.tuneId, 'card')} />
            <SmallButton label="Save the recipe" text="Recipe" onClick={() => exportTune(tune.tuneId, 'recipe')} />
          </div>
        </>
      )}
    </>
  )
}

function State({ tune, fileId }: { readonly tune: TuneDetail; readonly fileId: string | undefined }) {
  const job = useWorkbench(s => s.jobs).find(j => j.id === tune.jobId)
  return (
    <span className="scan-status num" role="status" data-testid="tune-state" data-state={tune.state}>
      {tune.state === 'running' && (
        <>
          <progress
            aria-label="Training"
            {...(job && job.progress.total > 0 ? { value: job.progress.done, max: job.progress.total } : {})}
          />
          {job ? progressText(job) : 'starting'}
          <Button
            size="compact-xs"
            variant="subtle"
            onClick={() => attempt(() => call('jobs.cancel', { jobId: tune.jobId ?? '' }))}
          >
            Stop
          </Button>
        </>
      )}
      {(tune.state === 'stopped' || tune.state === 'failed') && (
        <>
          <span className="tag">{tune.state === 'failed' ? 'failed' : 'stopped; its checkpoint is kept'}</span>
          <Button size="compact-xs" variant="light" onClick={() => resumeTune(fileId, tune.tuneId)}>
            Go on
          </Button>
        </>
      )}
      {tune.state === 'done' && tune.auc !== null && (
        <span className="soft">
          done; mean test AUC {tune.auc.toFixed(3)} over {tune.settings.splits}{' '}
          {tune.settings.splits === 1 ? 'split' : 'splits'}
        </span>
      )}
    </span>
  )
}

function Curves({ tune, origin, name }: { readonly tune: TuneDetail; readonly origin: Origin; readonly name: string }) {
  const split = useTunes(s => s.split)
  const dark = useComputedColorScheme() === 'dark'
  const charts = useModule(loadChart)
  const loss = useRef<ChartHandle>(null)
  const auc = useRef<ChartHandle>(null)
  const curves = useMemo(() => tune.curves.filter(c => split === null || c.split === split), [tune.curves, split])
  const options = useMemo(() => ({ loss: lossOption(curves, { dark }), auc: aucOption(curves, { dark }) }), [curves, dark]) // biome-ignore format: one line
  const steps = tune.curves.reduce((sum, c) => sum + c.steps.length, 0)
  const last = tune.curves.at(-1)
  if (tune.curves.length === 0)
    return (
      <div className="empty" role="status">
        {tune.state === 'running'
          ? 'The people are being read; curves begin with the first step.'
          : 'No step was taken.'}
      </div>
    )
  const tsv = () =>
    toTsv(
      ['split', 'step', 'training_loss', 'validation_loss', 'validation_auc'],
      tune.curves.flatMap(c => {
        const judged = new Map(Array.from(c.validationSteps, (step, i) => [step, i]))
        return Array.from(c.steps, (step, i): Cell[] => {
          const v = judged.get(step)
          return [c.split, step, c.loss[i] ?? null, v === undefined ? null : (c.validationLoss[v] ?? null), v === undefined ? null : (c.validationAuc[v] ?? null)] // biome-ignore format: one line
        })
      }),
      originLines(origin, new Date()),
    )
  return (
    <>
      <div className="tune-curves" data-testid="tune-curves" data-steps={steps} data-splits={tune.curves.length}>
        {charts && (
          <>
            <figure>
              <figcaption>
                <b>Loss</b> <span className="soft">thin: training; dashed: validation</span>
                <span style={{ flex: 1 }} />
                <PictureButtons svg={() => loss.current?.svg()} name={`${name} loss`} origin={origin} />
              </figcaption>
              <charts.Chart
                ref={loss}
                option={options.loss}
                label="Training and validation loss against steps"
                height="100%"
              />
            </figure>
            <figure>
              <figcaption>
                <b>Validation AUC</b>
                <span style={{ flex: 1 }} />
                <PictureButtons svg={() => auc.current?.svg()} name={`${name} AUC`} origin={origin} />
              </figcaption>
              <charts.Chart
                ref={auc}
                option={options.auc}
                label="AUC of the validation people against steps"
                height="100%"
              />
            </figure>
          </>
        )}
      </div>
      <div className="scan-toolbar cohort-foot">
        {tune.settings.splits > 1 && (
          <SegmentedControl
            size="xs"
            aria-label="Split"
            value={split === null ? 'all' : String(split)}
            data={[
              { value: 'all', label: 'All splits' },
              ...tune.curves.map(c => ({ value: String(c.split), label: String(c.split) })),
            ]}
            onChange={v => useTunes.setState({ split: v === 'all' ? null : Number(v) })}
          />
        )}
        <span className="soft num" data-testid="tune-note">
          {last &&
            `split ${last.split} of ${tune.settings.splits}, step ${last.steps.at(-1) ?? 0} of at most ${tune.stepsPerSplit}`}
          {last?.bestStep != null && `; kept: step ${last.bestStep}`}
          {last?.stoppedEarly && '; stopped early'}
        </span>
        <span style={{ flex: 1 }} />
        <TsvButton name={`${name} curves`} tsv={tsv} />
      </div>
    </>
  )
}
