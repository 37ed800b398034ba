import { Button, SegmentedControl, Select, useComputedColorScheme } from '@mantine/core'
import { useMemo, useRef } from 'react'
import type { OpenedFile } from '../../../src-shared/genome/files.ts'
import type { CohortComparison, ComparedModel } from '../../../src-shared/genome/riskComparison.ts'
import type { CohortRun } from '../../../src-shared/ipc/riskMethods.ts'
import type { ChartHandle } from '../../charts/Chart.tsx'
import { type CompareView, startCohort, useCohortRun, useCohorts, useComparison } from '../../state/cohorts.ts'
import type { RiskModelEntry } from '../../state/risk.ts'
import { openFiles } from '../../state/services.ts'
import { useWorkbench } from '../../state/workbench.ts'
import { ErrorCard, PictureButtons, TsvButton } from '../../ui/parts.tsx'
import { type Cell, type Origin, originLines, toTsv } from '../../ui/provenance.ts'
import { useModule } from '../../ui/useModule.ts'
import { progressText } from '../jobs/StatusBar.tsx'
import { scatterOption, twoRocsOption } from './cohortCharts.ts'
import { pairedText } from './figureText.ts'

const loadChart = () => import('../../charts/Chart.tsx')

interface Props {
  readonly file: OpenedFile
  readonly model: RiskModelEntry
  readonly models: readonly RiskModelEntry[]
  readonly run: CohortRun
  readonly origin: Origin
}

/** The model in use beside another one, on the people of the sheet whom both have scored. */
export function CohortCompare(props: Props) {
  const others = props.models.filter(m => m.fileId !== props.model.fileId)
  const chosen = useCohorts(s => s.compareWith)
  const view = useCohorts(s => s.compareView)
  const other = others.find(m => m.fileId === chosen) ?? others[0]
  if (!other)
    return (
      <div className="empty">
        <p>A comparison needs a second risk model.</p>
        <Button size="compact-sm" variant="light" onClick={openFiles}>
          Open another model folder…
        </Button>
      </div>
    )
  return (
    <div className="cohort-compare" data-testid="cohort-compare">
      <div className="scan-toolbar">
        <span className="soft">with</span>
        <Select
          size="xs"
          aria-label="Compare with"
          allowDeselect={false}
          value={other.fileId}
          data={others.map(m => ({ value: m.fileId, label: m.name }))}
          onChange={v => v && useCohorts.setState({ compareWith: v })}
          style={{ flex: 1 }}
        />
        <SegmentedControl
          size="xs"
          aria-label="Comparison"
          value={view}
          data={[...VIEWS]}
          onChange={v => useCohorts.setState({ compareView: v as CompareView })}
        />
      </div>
      {other.label !== null && other.label !== props.model.label && <span className="synthetic">{other.label}</span>}
      <With key={other.fileId} {...props} other={other} view={view} />
    </div>
  )
}

const VIEWS: readonly { readonly value: CompareView; readonly label: string }[] = [
  { value: 'curves', label: 'Curves' },
  { value: 'scatter', label: 'Scores' },
  { value: 'calls', label: 'Calls' },
]

function With(props: Props & { readonly other: RiskModelEntry; readonly view: CompareView }) {
  const { file, model, run, other, origin, view } = props
  const subject = { fileId: file.id, modelFileId: model.fileId }
  const otherRun = useCohortRun(file, other.fileId)
  const compared = useComparison(file, run, subject, otherRun.data, other.fileId)
  const job = useWorkbench(s => s.jobs).find(j => j.id === otherRun.data?.jobId)
  const error = otherRun.error ?? compared.error
  if (error) return <ErrorCard error={error} title="The two models cannot be compared." />
  if (!otherRun.data || compared.isLoading)
    return (
      <p className="soft" role="status">
        Reading both scores…
      </p>
    )
  const { data } = compared
  const { state } = otherRun.data
  return (
    <>
      {state === 'running' && job && (
        <p className="soft num" role="status" style={{ margin: 0 }}>
          {other.name}: {progressText(job)}
        </p>
      )}
      {(state === 'ready' || state === 'partial') && (
        <div className={data ? 'scan-toolbar' : 'empty'}>
          <span>
            {state === 'ready'
              ? `${other.name} has not scored this sheet yet.`
              : `${other.name} has scored a part of it.`}
          </span>
          <Button size="compact-sm" onClick={() => startCohort({ fileId: file.id, modelFileId: other.fileId })}>
            {state === 'ready' ? 'Score with it' : 'Go on'}
          </Button>
        </div>
      )}
      {data && data.people === 0 && <p className="empty">Nobody was scored by both models.</p>}
      {data && data.people > 0 && <Compared data={data} view={view} origin={origin} />}
    </>
  )
}

function Compared({
  data,
  view,
  origin: own,
}: {
  readonly data: CohortComparison
  readonly view: CompareView
  readonly origin: Origin
}) {
  const dark = useComputedColorScheme() === 'dark'
  const charts = useModule(loadChart)
  const chart = useRef<ChartHandle>(null)
  const { a, b } = data
  const option = useMemo(() => {
    if (view === 'curves') return a.roc && b.roc ? twoRocsOption({ name: shortName(a), roc: a.roc }, { name: shortName(b), roc: b.roc }, { dark }) : null // biome-ignore format: one line
    return view === 'scatter' ? scatterOption(data, [shortName(a), shortName(b)], { dark }) : null
  }, [data, view, dark, a, b])
  const labelled = [a, b].map(m => `${m.name}${m.label === null || m.name.includes(m.label) ? '' : ` (${m.label})`}`)
  const origin: Origin = { ...own, what: [`${labelled.join(' compared with ')}, ${own.what.replace(/\.$/, '')}`, ...cautionsOf(view, data)].join('; ') } // biome-ignore format: one line
  const name = `cohort compare ${view}`
  return (
    <>
      {data.paired && (
        <p className="num" style={{ margin: 0 }} data-testid="compare-summary">
          AUC {data.paired.aucA.toFixed(3)} against {data.paired.aucB.toFixed(3)}: <b>{pairedText(data.paired)}</b>
        </p>
      )}
      {option && charts && (
        <charts.Chart
          ref={chart}
          option={option}
          label={
            view === 'curves' ? `ROC of ${a.name} and of ${b.name}` : `Scores by ${a.name} against scores by ${b.name}`
          }
          height={CHART_PX}
        />
      )}
      {view === 'curves' && !option && (
        <p className="empty">
          Curves need scored people of both labels in the sheet{data.trained > 0 && ' who trained neither model'}.
        </p>
      )}
      {view === 'calls' && <Calls data={data} />}
      {view === 'curves' && option && <Aucs data={data} />}
      <div className="scan-toolbar cohort-foot">
        <span className="soft num" data-testid="compare-note" data-p={data.paired?.p ?? undefined}>
          {noteOf(view, data)}
        </span>
        <span style={{ flex: 1 }} />
        <TsvButton name={name} tsv={() => comparisonTsv(view, data, origin)} />
        {option && <PictureButtons svg={() => chart.current?.svg()} name={name} origin={origin} />}
      </div>
    </>
  )
}

const CHART_PX = 190
const LONGEST_NAME = 28

/** For a chart: without the label, which stands above it and in every file, and cut where it is long. */
function shortName({ name, label }: ComparedModel): string {
  const bare = label === null ? name : name.replace(` (${label})`, '')
  return bare.length > LONGEST_NAME ? `${bare.slice(0, LONGEST_NAME - 1)}…` : bare
}

const n = (x: number) => x.toLocaleString('en-US')
const aucText = ({ auc }: ComparedModel) =>
  auc ? `${auc.auc.toFixed(3)}${auc.ci95 ? ` (${auc.ci95.map(x => x.toFixed(3)).join('–')})` : ''}` : 'none'

function Aucs({ data: { a, b, paired } }: { readonly data: CohortComparison }) {
  return (
    <table className="data" data-testid="compare-aucs">
      <caption className="visually-hidden">AUC of both models on the same people</caption>
      <thead>
        <tr>
          <th scope="col">By</th>
          <th scope="col" data-align="right">
            AUC (95 %)
          </th>
        </tr>
      </thead>
      <tbody>
        {[a, b].map(m => (
          <tr key={m.name}>
            <td className="wrapping">{m.name}</td>
            <td data-align="right" data-auc={m.auc?.auc}>
              {aucText(m)}
            </td>
          </tr>
        ))}
        <tr>
          <td>difference (DeLong, paired)</td>
          <td data-align="right" data-difference={paired?.difference}>
            {paired ? pairedText(paired) : 'needs two people of each label'}
          </td>
        </tr>
      </tbody>
    </table>
  )
}

/** Who had a part in one of the models, and what that means for the view; who is left out because the file is another. */
function cautionsOf(view: CompareView, c: CohortComparison): readonly string[] {
  const unknown = [c.a, c.b].filter(m => !m.trainedKnown).map(m => m.name)
  return [
    ...(c.trained > 0
      ? [view === 'curves' ? `${n(c.trained)} who trained one of them, or have the letters of somebody who did, are left out` : `${n(c.trained)} of them trained one of the models, or have the letters of somebody who did: its scores of these are too good`] // biome-ignore format: one line
      : []),
    ...(unknown.length > 0 ? [`who trained ${unknown.join(' and ')} is not recorded, or not in full: people of the training may be among them`] : []), // biome-ignore format: one line
    ...(c.changed > 0 ? [`${n(c.changed)} left out, whose files changed after they were scored`] : []),
  ]
}

function noteOf(view: CompareView, c: CohortComparison): string {
  const missing = [
    ...(c.onlyA > 0 ? [`${n(c.onlyA)} scored by the first alone`] : []),
    ...(c.onlyB > 0 ? [`${n(c.onlyB)} by the second alone`] : []),
  ]
  const people =
    view === 'curves'
      ? `${n(c.labelled)} people with a label whom both scored, ${n(c.cases)} cases`
      : `${n(c.people)} people whom both scored`
  const rank = view === 'scatter' && c.spearman !== null ? [`rank correlation ${c.spearman.toFixed(3)}`] : []
  return [people, ...rank, ...missing, ...cautionsOf(view, c)].join('; ')
}

const LABELS = { 1: 'cases', 0: 'controls' } as const
const labelText = (label: 0 | 1 | null) => (label === null ? 'no label' : LABELS[label])

function Calls({ data }: { readonly data: CohortComparison }) {
  return (
    <div className="cohort-confusion" data-testid="compare-calls">
      <table className="data">
        <caption className="visually-hidden">Calls of both models, each at its own threshold</caption>
        <thead>
          <tr>
            <th scope="col">Called by</th>
            <th scope="col" data-align="right">
              both
            </th>
            <th scope="col" data-align="right">
              first alone
            </th>
            <th scope="col" data-align="right">
              second alone
            </th>
            <th scope="col" data-align="right">
              neither
            </th>
          </tr>
        </thead>
        <tbody>
          {data.agreement.map(g => (
            <tr key={String(g.label)}>
              <th scope="row">{labelText(g.label)}</th>
              <td data-align="right">{n(g.both)}</td>
              <td data-align="right">{n(g.onlyA)}</td>
              <td data-align="right">{n(g.onlyB)}</td>
              <td data-align="right">{n(g.neither)}</td>
            </tr>
          ))}
        </tbody>
      </table>
      <dl className="facts">
        <dt>First</dt>
        <dd className="wrapping">
          {data.a.name}, a case from {(100 * data.a.threshold).toFixed(1)} %
        </dd>
        <dt>Second</dt>
        <dd className="wrapping">
          {data.b.name}, a case from {(100 * data.b.threshold).toFixed(1)} %
        </dd>
        <dt>Called alike</dt>
        <dd className="num">{data.agreed === null ? 'nobody to call' : `${(100 * data.agreed).toFixed(1)} %`}</dd>
        <dt>Cohen’s kappa</dt>
        <dd className="num">{data.kappa === null ? 'not defined: chance alone agrees' : data.kappa.toFixed(3)}</dd>
      </dl>
    </div>
  )
}

/** What the view shows, as a table; AUCs and their difference as comments above it. */
function comparisonTsv(view: CompareView, c: CohortComparison, origin: Origin): string {
  const lines = [
    ...originLines({ ...origin, options: { view, first: c.a.name, second: c.b.name } }, new Date()),
    ...[c.a, c.b].map(m => `AUC of ${m.name}: ${aucText(m)}, ${c.labelled} people with a label, ${c.cases} cases`),
    ...(c.paired ? [`difference (DeLong, paired): ${pairedText(c.paired)}`] : []),
  ]
  if (view === 'curves') {
    const rows = [c.a, c.b].flatMap(m => (m.roc?.falsePositiveRate ?? []).map((x, i): Cell[] => [m.name, x, m.roc?.truePositiveRate[i] ?? null, m.roc?.thresholds[i] ?? null])) // biome-ignore format: one line
    return toTsv(['by', 'false_positive_rate', 'true_positive_rate', 'threshold'], rows, lines)
  }
  if (view === 'scatter') {
    const rows = c.samples.map((s, i): Cell[] => [s, c.labels[i] === -1 ? null : (c.labels[i] ?? null), c.scoresA[i] ?? null, c.scoresB[i] ?? null]) // biome-ignore format: one line
    return toTsv(['sample', 'label', 'first', 'second'], rows, lines)
  }
  const rows = c.agreement.map((g): Cell[] => [labelText(g.label), g.both, g.onlyA, g.onlyB, g.neither])
  return toTsv(['label', 'called_by_both', 'by_first_alone', 'by_second_alone', 'by_neither'], rows, [...lines, `called alike: ${c.agreed}; kappa: ${c.kappa ?? 'not defined'}`]) // biome-ignore format: one line
}
