import { Button } from '@mantine/core'
import { IconChartLine, IconTable } from '@tabler/icons-react'
import { useMemo, useState } from 'react'
import type { LabFigure, LineFigure } from '../../../src-shared/lab/page.ts'
import type { LabResult } from '../../../src-shared/lab/result.ts'
import type { Theme } from '../../../src-shared/report/colourScale.ts'
import { labFigure } from '../../../src-shared/report/labFigure.ts'
import { type LineLayout, lineLayout } from '../../../src-shared/report/labLayout.ts'
import { seriesName } from '../../../src-shared/report/labMarkers.ts'
import { valueText } from '../../../src-shared/report/labNumbers.ts'
import { figureRows } from '../../../src-shared/report/labRows.ts'
import { useWidth } from '../../charts/FigureCanvas.tsx'
import { useWorkbench } from '../../state/workbench.ts'
import { PictureButtons, Section, TsvButton } from '../../ui/parts.tsx'
import { fileName, originLines, toTsv } from '../../ui/provenance.ts'
import { originOf } from './origin.ts'
import { RowsTable } from './PageTables.tsx'

/** Widths of a picture in a file and on paper, px. */
const FILE_WIDTH = 900
const PAPER_WIDTH = 680
/** How near the pointer has to be to a point, px. */
const REACH = 22

/** A figure, or the same as a table; what it was measured with stands under it and goes into every file of it. */
export function FigureView(props: {
  readonly figure: LabFigure
  readonly results: readonly LabResult[]
  readonly foot: readonly string[]
  readonly theme: Theme
  readonly paper: boolean
}) {
  const { figure, results, foot, theme, paper } = props
  const [box, measured] = useWidth()
  const [asTable, setAsTable] = useState(false)
  const [read, setRead] = useState<string>()
  const info = useWorkbench(s => s.info)
  const width = paper ? PAPER_WIDTH : measured
  const svg = useMemo(() => (width > 0 ? labFigure(figure, { width }, theme) : ''), [figure, width, theme])
  const layout = useMemo(() => (figure.kind === 'lines' ? lineLayout(figure, { width }) : undefined), [figure, width])
  const rows = useMemo(() => figureRows(figure), [figure])
  const origin = originOf(info, figure.title, results)
  const name = fileName('lab', results[0]?.experiment ?? '', figure.id)
  return (
    <Section
      title={figure.title}
      testId={`figure-${figure.id}`}
      actions={
        paper ? undefined : (
          <>
            <Button
              variant="subtle"
              color="gray"
              c="var(--ink-soft)"
              size="compact-xs"
              leftSection={asTable ? <IconChartLine size={13} /> : <IconTable size={13} />}
              aria-label={`${asTable ? 'Show as figure' : 'Show as table'}: ${figure.title}`}
              onClick={() => setAsTable(!asTable)}
            >
              {asTable ? 'Show as figure' : 'Show as table'}
            </Button>
            <PictureButtons
              name={name}
              origin={origin}
              svg={() => labFigure(figure, { width: FILE_WIDTH, title: figure.title, foot }, 'light')}
            />
            <TsvButton
              name={name}
              tsv={() => toTsv(rows.rawHeader, rows.raw, [...originLines(origin, new Date()), ...foot])}
            />
          </>
        )
      }
    >
      <div ref={box} className="lab-figure">
        {asTable && !paper ? (
          <RowsTable caption={figure.title} header={rows.header} align={rows.align} rows={rows.shown} maxHeight={360} />
        ) : (
          <div
            className="figure-themed"
            onPointerMove={e => figure.kind === 'lines' && layout && setRead(pointWords(figure, layout, e))}
            onPointerLeave={() => setRead(undefined)}
            // biome-ignore lint/security/noDangerouslySetInnerHtml: made by src-shared/report, which escapes every text it is given
            dangerouslySetInnerHTML={{ __html: svg }}
          />
        )}
      </div>
      {!paper && figure.kind === 'lines' && !asTable && (
        <p className="lab-read num" aria-hidden="true">
          {read}
        </p>
      )}
      <div className="lab-foot soft" data-testid="lab-foot">
        {foot.map(line => (
          <p key={line}>{line}</p>
        ))}
      </div>
    </Section>
  )
}

/** The point under the pointer, in words. */
function pointWords(figure: LineFigure, layout: LineLayout, e: React.PointerEvent<HTMLDivElement>): string | undefined {
  const area = e.currentTarget.getBoundingClientRect()
  const [x, y] = [e.clientX - area.left, e.clientY - area.top]
  const missing = layout.missing.flatMap(row => row.at.map(a => ({ ...a, y: row.y })))
  const near = [...layout.points, ...missing]
    .map(p => ({ p, far: Math.hypot(p.x - x, p.y - y) }))
    .filter(c => c.far < REACH)
    .sort((a, b) => a.far - b.far)[0]
  const series = near && figure.series[near.p.series]
  const point = near && series?.points[near.p.point]
  if (!series || !point) return undefined
  const at = `${seriesName(series)}, ${valueText(point.x, figure.x.format)}`
  if (point.missing !== undefined) return `${at}: ${point.missing}`
  const text = (v: number) => valueText(v, figure.y.format)
  const spread =
    point.lower === undefined || point.upper === undefined || point.lower === point.upper
      ? ''
      : ` (${text(point.lower)} to ${text(point.upper)})`
  return `${at}: ${text(point.y)}${spread}`
}
