import { useMemo } from 'react'
import type { LabTable } from '../../../src-shared/lab/page.ts'
import { stateText } from '../../../src-shared/lab/pages/measured.ts'
import { BUSY_SHARE, type LabPoint, type LabResult, type Quartiles } from '../../../src-shared/lab/result.ts'
import { threeDigits, valueText } from '../../../src-shared/report/labNumbers.ts'
import { useWorkbench } from '../../state/workbench.ts'
import { Section, TsvButton } from '../../ui/parts.tsx'
import { fileName, originLines, toTsv } from '../../ui/provenance.ts'
import { originOf } from './origin.ts'

/** A table as a page states it: texts, not to be sorted. */
export function RowsTable(props: {
  readonly caption: string
  readonly header: readonly string[]
  readonly align: readonly ('left' | 'right')[]
  readonly rows: readonly (readonly string[])[]
  readonly maxHeight?: number
}) {
  return (
    <section
      className="table-wrap"
      // biome-ignore lint/a11y/noNoninteractiveTabindex: a box that scrolls must be reachable by keyboard
      tabIndex={0}
      aria-label={props.caption}
      style={{ maxHeight: props.maxHeight ?? 'none' }}
    >
      <table className="data">
        <caption className="visually-hidden">{props.caption}</caption>
        <thead>
          <tr>
            {props.header.map((h, i) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: columns of a fixed table
              <th key={i} scope="col" data-align={props.align[i]}>
                {h}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {props.rows.map((row, r) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: rows of a fixed table
            <tr key={r}>
              {row.map((cell, c) => (
                // biome-ignore lint/suspicious/noArrayIndexKey: the same
                <td key={c} data-align={props.align[c]} className={cell.length > 60 ? 'wrapping' : undefined}>
                  {cell}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  )
}

export function PageTable(props: {
  readonly table: LabTable
  readonly results: readonly LabResult[]
  readonly foot: readonly string[]
  readonly paper: boolean
}) {
  const { table, results, foot, paper } = props
  const info = useWorkbench(s => s.info)
  const header = table.columns.map(c => c.name)
  const tsv = () =>
    toTsv(header, table.rows, [...originLines(originOf(info, table.title, results), new Date()), ...foot, ...table.notes]) // biome-ignore format: one line
  return (
    <Section
      title={table.title}
      testId={`table-${table.id}`}
      actions={paper ? undefined : <TsvButton name={fileName('lab', table.id)} tsv={tsv} />}
    >
      <RowsTable caption={table.title} header={header} align={table.columns.map(c => c.align)} rows={table.rows} />
      {[...new Set(table.notes)].map(n => (
        <p key={n} className="soft lab-note">
          {n}
        </p>
      ))}
    </Section>
  )
}

const stateWord = (point: LabPoint): string => (point.state === 'done' ? 'measured' : stateText(point))

/** The unit of a measure is the end of its name. */
const measureText = (name: string, v: number): string =>
  /seconds$/i.test(name) ? valueText(v, 'seconds') : /bytes$/i.test(name) ? valueText(v, 'bytes') : threeDigits(v)

function quartilesText(name: string, q: Quartiles | undefined): string {
  if (!q) return '-'
  const spread = q.n > 1 ? ` (${measureText(name, q.lower)}–${measureText(name, q.upper)}, n ${q.n})` : ''
  return measureText(name, q.median) + spread
}

/** Every point of a result as it was measured: what pages are made of. */
export function PointsTable({ result, numbered }: { readonly result: LabResult; readonly numbered: boolean }) {
  const { header, align, rows } = useMemo(() => pointRows(result.points), [result])
  if (rows.length === 0) return null
  return (
    <details className="card-details" data-testid="lab-points">
      <summary>
        All {rows.length} points{numbered ? ` of ${result.recipe.name} on ${result.machine.processor}` : ''}, as
        measured
      </summary>
      <RowsTable
        caption={`Points of ${result.recipe.name}`}
        header={header}
        align={align}
        rows={rows}
        maxHeight={420}
      />
    </details>
  )
}

function pointRows(points: readonly LabPoint[]) {
  const factors = [...new Set(points.flatMap(p => Object.keys(p.factors)))]
  const measures = [...new Set(points.flatMap(p => Object.keys(p.measures)))]
  return {
    header: [...factors, 'state', ...measures, 'predicted time', 'predicted memory', 'others’ load'],
    align: [...factors.map(() => 'left' as const), 'left' as const, ...measures.map(() => 'right' as const), 'right' as const, 'right' as const, 'right' as const], // biome-ignore format: one line
    rows: points.map(p => [
      ...factors.map(f => {
        const v = p.factors[f]
        return v === undefined ? '-' : typeof v === 'number' ? valueText(v, 'number') : v
      }),
      p.reason === null ? stateWord(p) : `${stateWord(p)}: ${p.reason}`,
      ...measures.map(m => quartilesText(m, p.measures[m])),
      p.predicted ? valueText(p.predicted.seconds, 'seconds') : '-',
      p.predicted ? valueText(p.predicted.peakBytes, 'bytes') : '-',
      `${Math.round(100 * p.foreignLoad)} %${p.foreignLoad >= BUSY_SHARE ? ', busy' : ''}`,
    ]),
  }
}
