import { Chip, Group } from '@mantine/core'
import { useMemo, useState } from 'react'
import { formatLocus } from '../../../src-shared/genome/locus.ts'
import type { Scale, TrackComparison } from '../../../src-shared/genome/prediction.ts'
import type { PredictedSetting } from '../../../src-shared/project.ts'
import { hexbinFigure } from '../../charts/hexbinFigure.ts'
import { profileFigure } from '../../charts/profileFigure.ts'
import { shortNumber } from '../../charts/scales.ts'
import { useWorkbench } from '../../state/workbench.ts'
import { type Column, DataTable } from '../../ui/DataTable.tsx'
import { Section, TsvButton } from '../../ui/parts.tsx'
import { fileName, type Origin, originLines, toTsv } from '../../ui/provenance.ts'
import { Figure } from '../inspector/reportFigures.tsx'

export const unitsText = (p: PredictedSetting): string =>
  p.units === 'model' ? "the model's, as its training targets" : 'signal, with the training transform undone'

/** A correlation as it is read: three decimals, or why there is none. */
export const r3 = (r: number | null): string => (r === null ? 'undefined' : r.toFixed(3))

const stretch = (c: TrackComparison) => ({
  contig: c.contig,
  start: c.start,
  end: c.start + c.predicted.length * c.binBp,
})

type Peak = TrackComparison['peaks'][number]

/** Numbers, scatter, what is left over, and peaks of one stretch. */
export function Comparison(props: {
  readonly comparison: TrackComparison
  readonly scale: Scale
  readonly width: number
  readonly origin: Origin
  /** Of the values, short enough for an axis; all of it is said below. */
  readonly unit: string
  /** Of the view before: the new one is being compared. */
  readonly stale: boolean
}) {
  const { comparison: c, scale, width, origin, unit } = props
  const name = fileName('track', c.contig, String(c.start + 1), `channel${c.channel}`)
  const hexbin = useMemo(
    () => (w: number) =>
      hexbinFigure(
        c.hexbin,
        { units: unit, title: 'Predicted against observed', note: `Pearson r ${r3(c.pearson)} over ${c.n} bins` },
        w,
      ),
    [c, unit],
  )
  const profile = useMemo(
    () => (w: number) =>
      profileFigure(
        { start: c.start, binWidth: c.binBp, predicted: c.predicted, observed: c.observed },
        scale,
        {
          title: 'Predicted, observed and the difference',
          note: `${formatLocus(stretch(c))}, ${c.predicted.length} bins of ${c.binBp} bp`,
          units: unit,
          places: `${c.contig}, position (bp)`,
        },
        w,
      ),
    [c, scale, unit],
  )
  const table = () =>
    toTsv(
      ['contig', 'start', 'end', 'predicted', 'observed', 'residual', 'used'],
      Array.from(c.predicted, (p, i) => {
        const start = c.start + i * c.binBp
        const o = c.observed[i]!
        const cell = (v: number) => (Number.isNaN(v) ? null : v)
        return [c.contig, start, start + c.binBp, cell(p), cell(o), cell(p - o), c.used[i]!]
      }),
      [...originLines(origin, new Date()), 'coordinates: 0-based half-open', `units: ${c.units}`],
    )
  return (
    <>
      <Section title="Correlation" testId="track-statistics" actions={<TsvButton name={name} tsv={table} />}>
        <div className="figures-row">
          {(
            [
              ['Pearson r', c.pearson, 'pearson'],
              ['Spearman ρ', c.spearman, 'spearman'],
              ['r of log₁₀(1+x)', c.pearsonLog, 'pearson-log'],
            ] as const
          ).map(([title, value, id]) => (
            <span key={id}>
              <b className="num" data-testid={id} data-value={value ?? ''}>
                {r3(value)}
              </b>
              <span className="soft">{title}</span>
            </span>
          ))}
          <span>
            <b className="num" data-testid="track-n">
              {c.n.toLocaleString('en-US')}
            </b>
            <span className="soft">bins of {c.binBp} bp</span>
          </span>
        </div>
        <p className="soft num" style={{ margin: '0 0 8px' }} data-testid="track-where">
          {formatLocus(stretch(c))}
          {props.stale && ' · the view moved: comparing again…'}
        </p>
        {c.n > 0 && c.n < 50 && <p className="note">Few bins: a correlation of {c.n} pairs says little. Zoom out.</p>}
        {c.warnings.map(w => (
          <p key={w} className="note">
            {w}
          </p>
        ))}
      </Section>
      {c.n > 0 && (
        <>
          <Figure
            title="Predicted against observed"
            testId="track-hexbin"
            svg={hexbin(width)}
            full={() => hexbin(480)}
            name={fileName(name, 'scatter')}
            origin={origin}
          />
          <Figure
            title="Along the sequence, and the residual"
            testId="track-profile"
            svg={profile(width)}
            full={() => profile(900)}
            name={fileName(name, 'residual')}
            origin={origin}
          />
          <Peaks comparison={c} origin={origin} name={name} />
        </>
      )}
    </>
  )
}

const KINDS = {
  found: { title: 'found', about: 'a peak of both', sign: '●' },
  missed: { title: 'missed', about: 'measured and not predicted', sign: '▼' },
  invented: { title: 'invented', about: 'predicted and not measured', sign: '▲' },
} as const

/** Shows a peak with its surroundings. */
function jumpTo(c: TrackComparison, p: Peak) {
  const half = Math.max(50 * c.binBp, 2 * (p.end - p.start))
  const middle = Math.floor((p.start + p.end) / 2)
  useWorkbench.setState({ trackPoint: { contig: c.contig, position: middle } })
  useWorkbench.getState().goTo({ contig: c.contig, start: middle - half, end: middle + half })
}

/** The largest peaks of either side; a click leads to the place. */
function Peaks({
  comparison: c,
  origin,
  name,
}: {
  readonly comparison: TrackComparison
  readonly origin: Origin
  readonly name: string
}) {
  const [only, setOnly] = useState<Peak['kind']>()
  const columns: readonly Column<Peak>[] = useMemo(
    () => [
      {
        id: 'kind',
        title: 'Kind',
        value: p => p.kind,
        show: p => (
          <span className={`peak peak-${p.kind}`} title={KINDS[p.kind].about}>
            <span aria-hidden="true">{KINDS[p.kind].sign}</span> {p.kind}
          </span>
        ),
      },
      {
        id: 'place',
        title: 'Place',
        value: p => p.start,
        show: p => (
          <button type="button" className="link num" onClick={() => jumpTo(c, p)}>
            {formatLocus({ contig: c.contig, start: p.start, end: p.end })}
          </button>
        ),
      },
      {
        id: 'predicted',
        title: 'Predicted',
        value: p => p.predicted,
        show: p => shortNumber(p.predicted),
        align: 'right',
      },
      { id: 'observed', title: 'Observed', value: p => p.observed, show: p => shortNumber(p.observed), align: 'right' },
    ],
    [c],
  )
  // The highest first, of either side.
  const rows = useMemo(
    () =>
      c.peaks
        .filter(p => only === undefined || p.kind === only)
        .toSorted((a, b) => Math.max(b.predicted, b.observed) - Math.max(a.predicted, a.observed)),
    [c, only],
  )
  return (
    <Section
      title="Top peaks"
      testId="track-peaks"
      actions={
        <TsvButton
          name={fileName(name, 'peaks')}
          tsv={() =>
            toTsv(
              ['contig', 'start', 'end', 'kind', 'predicted', 'observed'],
              c.peaks.map(p => [c.contig, p.start, p.end, p.kind, p.predicted, p.observed]),
              [...originLines(origin, new Date()), 'coordinates: 0-based half-open', `units: ${c.units}`],
            )
          }
        />
      }
    >
      <Group gap={6} mb={6} role="group" aria-label="Kinds of peaks">
        {(['found', 'missed', 'invented'] as const).map(kind => (
          <Chip
            key={kind}
            size="xs"
            radius="sm"
            checked={only === kind}
            onChange={() => setOnly(now => (now === kind ? undefined : kind))}
          >
            {KINDS[kind].title} <span className="num">{c.peaks.filter(p => p.kind === kind).length}</span>
          </Chip>
        ))}
      </Group>
      {rows.length === 0 ? (
        <p className="soft">No peak here.</p>
      ) : (
        <DataTable caption="Top peaks" columns={columns} rows={rows} maxHeight={260} />
      )}
    </Section>
  )
}
