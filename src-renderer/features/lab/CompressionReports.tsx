import { Button, Modal } from '@mantine/core'
import { IconAlertTriangle, IconCheck, IconHelp, IconTrash } from '@tabler/icons-react'
import { type ReactNode, useState } from 'react'
import type { CompressionReport, PredictionChange, SizeAndSpeed } from '../../../src-shared/lab/compression.ts'
import type { Quartiles } from '../../../src-shared/lab/result.ts'
import { predictsTheSame, worstTrack } from '../../../src-shared/lab/sameness.ts'
import { threeDigits, valueText } from '../../../src-shared/report/labNumbers.ts'
import {
  downloadCompressed,
  exportCompression,
  openCompression,
  removeCompression,
  showCompression,
  useCompression,
  useCompressions,
} from '../../state/compression.ts'
import { bytes, ErrorCard, IconButton, SmallButton, whenText } from '../../ui/parts.tsx'
import { RowsTable } from './PageTables.tsx'

/** Models that were made smaller: before and after of the one that is chosen, the others as a list. */
export function CompressionReports() {
  const made = useCompressions()
  const shown = useCompression(s => s.shown)
  if (made.error) return <ErrorCard error={made.error} title="Smaller models that were made cannot be listed." />
  const reports = made.data ?? []
  const report = reports.find(r => r.id === shown) ?? reports[0]
  if (!report) return null
  return (
    <div className="compression-reports" data-testid="compression-report">
      <Report report={report} />
      {reports.length > 1 && (
        <details className="card-details">
          <summary>All {reports.length} that were made here</summary>
          <ul className="compression-list">
            {reports.map(r => (
              <li key={r.id}>
                <button
                  type="button"
                  className="link"
                  aria-current={r.id === report.id}
                  onClick={() => showCompression(r.id)}
                >
                  {r.model.name}
                </button>{' '}
                <span className="soft num">{whenText(r.createdAt)}</span>
              </li>
            ))}
          </ul>
        </details>
      )}
    </div>
  )
}

const SAME_WORDS = {
  true: 'It predicts the same.',
  false: 'It is another model: its predictions changed.',
  null: 'Whether it predicts the same is not known.',
} as const
const r = (x: number | null | undefined) => (x === null || x === undefined ? 'undefined' : x.toFixed(4))
const seconds = (q: Quartiles) => `${valueText(q.median, 'seconds')} (${valueText(q.lower, 'seconds')}–${valueText(q.upper, 'seconds')})` // biome-ignore format: one line
const ratio = (before: number, after: number) => `${(after / before).toPrecision(3)}×`

function Report({ report }: { readonly report: CompressionReport }) {
  const { before, after, change, id } = report
  const speed = after.seconds.median / before.seconds.median
  const clear = after.seconds.lower > before.seconds.upper || after.seconds.upper < before.seconds.lower
  const same = predictsTheSame(change)
  const slower = clear && speed > 1
  return (
    <>
      <h4 className="compression-made">{report.model.name}</h4>
      <Verdict tone={same === null ? 'open' : same ? 'good' : 'bad'}>
        <b>{SAME_WORDS[String(same) as keyof typeof SAME_WORDS]}</b> {changeText(change)}
      </Verdict>
      <Verdict tone={slower ? 'bad' : 'good'}>
        <b>{clear ? (slower ? 'Smaller, but slower.' : 'Smaller and faster.') : 'Smaller, about as fast.'}</b>{' '}
        {ratio(before.parameters, after.parameters)} the parameters,{' '}
        {ratio(before.seconds.median, after.seconds.median)} the time of a run
        {clear ? '' : ' (quartiles cross: no difference)'}.
      </Verdict>
      <RowsTable
        caption="Before and after"
        header={['', 'before', 'after', 'after / before']}
        align={['left', 'right', 'right', 'right']}
        rows={rowsOf(before, after, change)}
      />
      <p className="soft lab-note">
        {report.layers.length} layers factorised ({report.method}), {report.kept.length} as they were. Predictions:{' '}
        {change.on}.
      </p>
      {report.notes.map(n => (
        <p key={n} className="soft lab-note">
          {n}
        </p>
      ))}
      <div className="lab-actions">
        <span className="soft">Saved as a model folder.</span>
        <Button size="compact-xs" variant="default" onClick={() => openCompression(id)}>
          Open in the project
        </Button>
        <SmallButton label="Download the smaller model as ONNX" text="ONNX" onClick={() => downloadCompressed(id)} />
        <SmallButton label="Save this report as TSV" text="TSV" onClick={() => exportCompression(id, 'tsv')} />
        <SmallButton label="Save this report as JSON" text="JSON" onClick={() => exportCompression(id, 'json')} />
        <RemoveButton report={report} />
      </div>
    </>
  )
}

/** Asks before it deletes: factors of a large model take minutes to make again. */
function RemoveButton({ report }: { readonly report: CompressionReport }) {
  const [asking, setAsking] = useState(false)
  return (
    <>
      <IconButton label={`Remove ${report.model.name}`} onClick={() => setAsking(true)}>
        <IconTrash size={14} />
      </IconButton>
      <Modal opened={asking} onClose={() => setAsking(false)} title="Remove this smaller model?" size={460}>
        <p style={{ marginTop: 0 }}>
          {report.model.name}, made {whenText(report.createdAt)}: its folder with the weights (
          {bytes(report.after.bytes)}) and this report are deleted from this machine, and it is taken out of the
          project. The original stays.
        </p>
        <div className="lab-actions">
          <Button variant="default" data-autofocus onClick={() => setAsking(false)}>
            Keep it
          </Button>
          <Button
            color="red"
            onClick={() => {
              setAsking(false)
              removeCompression(report.id)
            }}
          >
            Remove
          </Button>
        </div>
      </Modal>
    </>
  )
}

const ICONS = { good: IconCheck, bad: IconAlertTriangle, open: IconHelp } as const

function Verdict({ tone, children }: { readonly tone: keyof typeof ICONS; readonly children: ReactNode }) {
  const Icon = ICONS[tone]
  return (
    <p className="lab-verdict" data-tone={tone}>
      <Icon size={15} aria-hidden="true" />
      <span>{children}</span>
    </p>
  )
}

function changeText(change: PredictionChange): string {
  switch (change.kind) {
    case 'tracks':
      return tracksText(change)
    case 'risk':
      return `AUC ${r(change.aucAfter)} instead of ${r(change.aucBefore)} on simulated people; a probability moved by at most ${r(change.largestProbabilityChange)}.` // biome-ignore format: one sentence
    case 'outputs':
      return `Outputs moved by at most ${(100 * change.relativeChange).toFixed(2)} % of the largest.`
  }
}

function tracksText(change: Extract<PredictionChange, { kind: 'tracks' }>): string {
  const worst = worstTrack(change.tracks)
  const scale = worst.scale === null ? '' : ` and scale ${threeDigits(worst.scale)} times that before`
  const moved = worst.largestShare === null ? ' (neither scale nor the largest change of a track was recorded)' : `, ${percent(worst.largestShare)} of the largest of its track` // biome-ignore format: one thought
  return `Mean r ${r(change.meanPearson)} with those of the original. At worst a track has r ${r(worst.pearson)}${scale}; a value moved by at most ${threeDigits(change.largestChange)}${moved}.` // biome-ignore format: one sentence
}

const percent = (share: number | null | undefined) => (share === null || share === undefined ? '-' : `${(100 * share).toFixed(1)} %`) // biome-ignore format: one line

function rowsOf(before: SizeAndSpeed, after: SizeAndSpeed, change: PredictionChange): readonly (readonly string[])[] {
  return [
    ['Parameters', before.parameters.toLocaleString('en-US'), after.parameters.toLocaleString('en-US'), ratio(before.parameters, after.parameters)], // biome-ignore format: one row
    ['Weights', bytes(before.bytes), bytes(after.bytes), ratio(before.bytes, after.bytes)],
    ['Time of a run (quartiles)', seconds(before.seconds), seconds(after.seconds), ratio(before.seconds.median, after.seconds.median)], // biome-ignore format: one row
    ['Peak memory', bytes(before.peakBytes.median), bytes(after.peakBytes.median), ratio(before.peakBytes.median, after.peakBytes.median)], // biome-ignore format: one row
    ...changeRows(change),
  ]
}

function changeRows(change: PredictionChange): readonly (readonly string[])[] {
  switch (change.kind) {
    case 'tracks':
      return [
        ['Pearson with the original, mean', '', r(change.meanPearson), ''],
        ['Largest change of a value', '', threeDigits(change.largestChange), ''],
        ...change.tracks.slice(0, 12).map(t => [`${t.name}: Pearson, Spearman; scale, largest change`, '', `${r(t.pearson)}, ${r(t.spearman)}; ${t.scale === undefined ? '-' : r(t.scale)}, ${percent(t.largestShare)}`, '']), // biome-ignore format: one row
        ...(change.tracks.length > 12 ? [[`and ${change.tracks.length - 12} more tracks`, '', '', '']] : []),
        ...(change.experiment
          ? [
              ['r against experiments, mean', r(change.experiment.before), r(change.experiment.after), ''],
              ...change.experiment.tracks.slice(0, 12).map(t => [`${t.name}: r against its experiment`, r(t.before), r(t.after), '']), // biome-ignore format: one row
            ]
          : []),
      ]
    case 'risk':
      return [
        ['AUC (simulated people)', r(change.aucBefore), r(change.aucAfter), ''],
        ['AUC, after minus before (95 %)', '', `${r(change.difference)}${change.interval95 ? ` (${r(change.interval95[0])} to ${r(change.interval95[1])})` : ''}`, ''], // biome-ignore format: one row
        ['Largest change of a probability', '', r(change.largestProbabilityChange), ''],
        ['Mean change of a probability', '', r(change.meanProbabilityChange), ''],
      ]
    case 'outputs':
      return [['Largest change of an output', '', `${(100 * change.relativeChange).toFixed(2)} % of the largest`, '']]
  }
}
