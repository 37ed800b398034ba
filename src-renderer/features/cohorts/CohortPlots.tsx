import { Button, SegmentedControl, Slider, useComputedColorScheme } from '@mantine/core'
import { type ReactNode, useMemo, useRef } from 'react'
import type { OpenedFile } from '../../../src-shared/genome/files.ts'
import { type RiskCohort, SIMULATED_LABEL } from '../../../src-shared/genome/risk.ts'
import { heldOutFigures, seenSentence } from '../../../src-shared/genome/riskRows.ts'
import type { CohortRun } from '../../../src-shared/ipc/riskMethods.ts'
import type { ChartHandle } from '../../charts/Chart.tsx'
import { type CohortFigure, startCohort, useCohortRun, useCohorts, useOtherRuns, useShownCohort } from '../../state/cohorts.ts' // biome-ignore format: one line
import { openDemoRiskModel, type RiskModelEntry, useRiskModel, useRiskModels } from '../../state/risk.ts'
import { openFiles, openFolder } from '../../state/services.ts'
import { useWorkbench } from '../../state/workbench.ts'
import { ErrorCard, PictureButtons, TsvButton } from '../../ui/parts.tsx'
import { type Cell, type Origin, originLines, toTsv } from '../../ui/provenance.ts'
import { useModule } from '../../ui/useModule.ts'
import { progressText } from '../jobs/StatusBar.tsx'
import { percent } from '../risk/RiskResult.tsx'
import { CohortCompare } from './CohortCompare.tsx'
import { CohortTable } from './CohortTable.tsx'
import { ConfusionTable } from './ConfusionTable.tsx'
import { calibrationOption, type NamedRoc, rocOption, scoresOption } from './cohortCharts.ts'
import { type Confusion, confusionAt } from './confusion.ts'
import { NeedsLabels } from './NeedsLabels.tsx'
import { SeenTag } from './TuneSeen.tsx'

const loadChart = () => import('../../charts/Chart.tsx')

/** What models say of the people of a sample sheet. */
export function CohortPlots() {
  const file = useShownCohort()
  const models = useRiskModels()
  const model = useRiskModel(models.data)
  return (
    <section className="plots cohort-plots" aria-label="Cohort" data-testid="cohort-plots">
      {!file && (
        <div className="empty">
          <p>
            A cohort is a sample sheet (a tab-separated table with the columns sample, bam and, where known, label), or
            a folder of BAM and CRAM files.
          </p>
          <Button variant="light" onClick={openFiles}>
            Open a sample sheet…
          </Button>
          <Button variant="default" onClick={openFolder}>
            Open a folder…
          </Button>
        </div>
      )}
      {file && models.data && !model && (
        <div className="empty">
          <p>Scoring a cohort needs a risk model.</p>
          <Button variant="light" onClick={openDemoRiskModel}>
            Open the demonstration model (trained on simulated people)
          </Button>
        </div>
      )}
      {file && model && <Cohort file={file} model={model} models={models.data ?? []} />}
    </section>
  )
}

function Cohort({
  file,
  model,
  models,
}: {
  readonly file: OpenedFile
  readonly model: RiskModelEntry
  readonly models: readonly RiskModelEntry[]
}) {
  // biome-ignore format: one line
  const subject = { fileId: file.id, modelFileId: model.fileId }
  const found = useCohortRun(file, model.fileId)
  const others = useOtherRuns(
    file,
    models.filter(m => m.fileId !== model.fileId),
  )
  const info = useWorkbench(s => s.info)
  const files = useWorkbench(s => s.files)
  const job = useWorkbench(s => s.jobs).find(j => j.id === found.data?.jobId)
  const run = found.data
  const label = model.label === null ? '' : ` (${SIMULATED_LABEL})`
  const seen = seenSentence(run?.cohort?.seen)
  const origin: Origin = {
    info,
    what: `risk scores of ${file.name} by ${model.name}${model.name.includes(SIMULATED_LABEL) ? '' : label}${run && run.state !== 'done' ? ', unfinished' : ''}${seen === null ? '' : `; ${seen}`}`,
    files: files.filter(f => f.id === file.id || f.id === model.fileId),
  }
  if (found.error) return <ErrorCard error={found.error} title="The cohort cannot be shown." />
  if (!run)
    return (
      <p className="soft" role="status">
        Reading the cohort…
      </p>
    )
  return (
    <>
      <div className="scan-toolbar">
        <button
          type="button"
          className="link"
          onClick={() => useWorkbench.getState().select({ kind: 'file', fileId: file.id })}
        >
          <b>{file.name}</b>
        </button>
        {model.label !== null && <span className="synthetic">{model.label}</span>}
        <SeenTag cohort={run.cohort} />
        {run.state === 'running' && job && (
          <span className="soft num" role="status">
            {progressText(job)}
          </span>
        )}
        {run.state === 'partial' && (
          <>
            <span className="tag" title="Not every sample was scored; what is here is kept">
              partial
            </span>
            <Button size="compact-xs" variant="light" onClick={() => startCohort(subject)}>
              Go on
            </Button>
          </>
        )}
      </div>
      {run.cohort ? (
        <div className="cohort-body">
          <CohortTable
            cohort={run.cohort}
            subject={subject}
            origin={origin}
            running={run.state === 'running'}
            changed={run.changed}
          />
          <Figures
            cohort={run.cohort}
            run={run}
            origin={origin}
            fileId={file.id}
            compare={<CohortCompare file={file} model={model} models={models} run={run} origin={origin} />}
            others={others.flatMap(o => {
              const roc = o.run.cohort && heldOutFigures(o.run.cohort)?.roc
              const few = seenSentence(o.run.cohort?.seen) === null ? '' : ' (held out)'
              return roc ? [{ name: `${o.model.name}${few}`, roc }] : []
            })}
          />
        </div>
      ) : (
        <div className="empty">
          {run.state === 'running' ? (
            <p>The first sample is being scored.</p>
          ) : (
            <>
              <p>No sample of {file.name} was scored with this model yet.</p>
              <Button disabled={run.total === 0} onClick={() => startCohort(subject)}>
                Score {run.total.toLocaleString('en-US')} samples
              </Button>
            </>
          )}
        </div>
      )}
    </>
  )
}

const FIGURES: readonly { readonly value: CohortFigure; readonly label: string }[] = [
  { value: 'roc', label: 'ROC' },
  { value: 'calibration', label: 'Calibration' },
  { value: 'scores', label: 'Scores' },
  { value: 'confusion', label: 'Confusion' },
  { value: 'compare', label: 'Compare' },
]

function Figures(props: {
  readonly cohort: RiskCohort
  readonly run: CohortRun
  readonly origin: Origin
  readonly others: readonly NamedRoc[]
  readonly compare: ReactNode
  readonly fileId: string
}) {
  const { cohort, run, origin, others, compare, fileId } = props
  const figure = useCohorts(s => s.figure)
  const own = useCohorts(s => s.threshold)
  const threshold = own ?? run.threshold
  const dark = useComputedColorScheme() === 'dark'
  const chart = useRef<ChartHandle>(null)
  const charts = useModule(loadChart)
  const { model, 'two-snp': twoSnp } = run.rocs
  const otherKey = others.map(o => `${o.name}:${o.roc.thresholds.length}`).join()
  // biome-ignore lint/correctness/useExhaustiveDependencies: others is made anew at each drawing; its key says when it is another
  const option = useMemo(() => {
    const look = { dark }
    if (figure === 'roc') return model ? rocOption(cohort, { model, twoSnp, others }, threshold, look) : null
    if (figure === 'calibration') return cohort.metrics ? calibrationOption(cohort, look) : null
    if (figure === 'scores') return cohort.metrics ? scoresOption(cohort, threshold, look) : null
    return null
  }, [figure, cohort, model, twoSnp, otherKey, threshold, dark])
  const comparing = figure === 'compare'
  const labelled = cohort.metrics !== null && !comparing
  const at = confusionAt(cohort.rows, threshold)
  const name = `cohort ${figure}`
  return (
    <div className="cohort-right">
      <div className="scan-toolbar">
        <SegmentedControl
          size="xs"
          aria-label="Figure"
          value={figure}
          data={[...FIGURES]}
          onChange={v => useCohorts.setState({ figure: v as CohortFigure })}
        />
      </div>
      {comparing && compare}
      {!labelled && !comparing && (
        <div className="empty">
          <p>
            {run.state === 'running'
              ? 'Curves appear when people of both labels are scored.'
              : 'Curves need people of both labels in a sample sheet: a column label with 1 (case) and 0 (control).'}
          </p>
          {cohort.rows.every(r => r.label === null) && <NeedsLabels fileId={fileId} />}
        </div>
      )}
      {labelled && option && charts && (
        <charts.Chart ref={chart} option={option} label={chartLabel(figure, cohort)} height="100%" />
      )}
      {labelled && figure === 'confusion' && <ConfusionTable at={at} />}
      {labelled && figure !== 'calibration' && (
        <div className="cohort-threshold">
          <span className="soft" id="threshold-label">
            Called a case from
          </span>
          <Slider
            aria-label="Threshold"
            min={0}
            max={100}
            step={0.5}
            value={100 * threshold}
            label={v => `${v.toFixed(1)} %`}
            onChange={v => useCohorts.setState({ threshold: v / 100 })}
            thumbLabel="Threshold"
            style={{ flex: 1 }}
          />
          <b className="num" data-testid="cohort-threshold">
            {percent(threshold)}
          </b>
          {own !== null && (
            <Button size="compact-xs" variant="subtle" onClick={() => useCohorts.setState({ threshold: null })}>
              The model’s own
            </Button>
          )}
        </div>
      )}
      {labelled && (
        <div className="scan-toolbar cohort-foot">
          <span className="soft num" data-testid="cohort-note" data-auc={cohort.metrics?.model?.auc?.auc}>
            {noteOf(figure, cohort)}
            {run.state !== 'done' && '; of the people scored so far'}
          </span>
          <span style={{ flex: 1 }} />
          <TsvButton name={name} tsv={() => figureTsv(figure, cohort, run, threshold, at, origin)} />
          {option && <PictureButtons svg={() => chart.current?.svg()} name={name} origin={origin} />}
        </div>
      )}
    </div>
  )
}

const three = (x: number | undefined) => x?.toFixed(3) ?? 'none'

function noteOf(figure: CohortFigure, { metrics }: RiskCohort): string {
  const { model, 'two-snp': twoSnp } = metrics ?? {}
  if (figure === 'calibration')
    return `Brier ${three(model?.brier)}, two SNPs ${three(twoSnp?.brier)}; calibration error ${three(model?.ece)}`
  if (figure === 'roc')
    return `AUC ${three(model?.auc?.auc)}${model?.auc?.ci95 ? ` (95 % ${model.auc.ci95.map(three).join(' to ')})` : ''}, two SNPs ${three(twoSnp?.auc?.auc)}`
  return `${model?.cases ?? 0} cases and ${(model?.n ?? 0) - (model?.cases ?? 0)} controls with a score`
}

const chartLabel = (figure: CohortFigure, cohort: RiskCohort): string =>
  figure === 'roc'
    ? `ROC of the model, AUC ${cohort.metrics?.model?.auc?.auc.toFixed(3) ?? 'none'}, and of the two SNPs, AUC ${cohort.metrics?.['two-snp']?.auc?.auc.toFixed(3) ?? 'none'}`
    : figure === 'calibration'
      ? 'Share of cases against the probability, of the model and of the two SNPs'
      : 'Distribution of the scores of cases and controls'

/** What the figure shows, as a table. */
function figureTsv(
  figure: CohortFigure,
  cohort: RiskCohort,
  run: CohortRun,
  threshold: number,
  at: Confusion,
  origin: Origin,
): string {
  // biome-ignore format: one line
  const lines = originLines({ ...origin, options: { figure, threshold } }, new Date())
  if (figure === 'roc') {
    const rows = Object.entries(run.rocs).flatMap(([by, roc]) => roc.falsePositiveRate.map((x, i): Cell[] => [by, x, roc.truePositiveRate[i] ?? null, roc.thresholds[i] ?? null])) // biome-ignore format: one line
    return toTsv(['by', 'false_positive_rate', 'true_positive_rate', 'threshold'], rows, lines)
  }
  if (figure === 'calibration') {
    const rows = Object.entries(cohort.metrics ?? {}).flatMap(([by, m]) => m.calibration.map((b): Cell[] => [by, b.from, b.to, b.n, b.meanProbability, b.observed, b.ci95[0], b.ci95[1]])) // biome-ignore format: one line
    return toTsv(['by', 'from', 'to', 'n', 'mean_probability', 'observed', 'ci95_low', 'ci95_high'], rows, lines)
  }
  if (figure === 'scores')
    return toTsv(['sample', 'label', 'probability', 'two_snp'], cohort.rows.map(r => [r.sample, r.label, r.probability, r.twoSnp]), lines) // biome-ignore format: one line
  return toTsv(['quantity', 'value'], Object.entries(at), lines)
}
