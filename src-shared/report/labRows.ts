import type { FigureAxis, GridFigure, LabFigure, LineFigure } from '../lab/page.ts'
import { valueText } from './labNumbers.ts'

/** A figure as a table: what is drawn, a row a point. */
export interface FigureRows {
  readonly header: readonly string[]
  /** The same with the units of the raw numbers. */
  readonly rawHeader: readonly string[]
  readonly align: readonly ('left' | 'right')[]
  /** For people. */
  readonly shown: readonly (readonly string[])[]
  /** For files: numbers with all their digits; null where there is none. */
  readonly raw: readonly (readonly (string | number | null)[])[]
}

export const figureRows = (figure: LabFigure): FigureRows =>
  figure.kind === 'lines' ? lineRows(figure) : gridRows(figure)

const UNITS: Readonly<Record<FigureAxis['format'], string>> = { number: '', bytes: 'bytes', seconds: 's', 'base-pairs': 'bp', percent: 'share', ratio: 'ratio' } // biome-ignore format: one table

/** With its unit, unless the label says it. */
const withUnit = (label: string, format: FigureAxis['format']): string => {
  const unit = UNITS[format]
  return unit === '' || label.includes(`(${unit})`) || label.includes(`[${unit}]`) ? label : `${label} [${unit}]`
}

function lineRows({ series, x, y }: LineFigure): FigureRows {
  const rows = series.flatMap(s => s.points.map(p => ({ s, p })))
  return {
    header: ['Series', 'From', x.label, y.label, 'Lower', 'Upper', 'Note'],
    rawHeader: ['Series', 'From', withUnit(x.label, x.format), ...[y.label, 'Lower', 'Upper'].map(name => withUnit(name, y.format)), 'Note'], // biome-ignore format: one line
    align: ['left', 'left', 'right', 'right', 'right', 'right', 'left'],
    shown: rows.map(({ s, p }) => {
      const text = (v: number | undefined) =>
        v === undefined || p.missing !== undefined ? '-' : valueText(v, y.format)
      return [s.name, s.from ?? '-', valueText(p.x, x.format), text(p.y), text(p.lower), text(p.upper), p.missing ?? '']
    }),
    raw: rows.map(({ s, p }) => {
      const there = p.missing === undefined
      return [s.name, s.from ?? null, p.x, there ? p.y : null, there ? (p.lower ?? null) : null, there ? (p.upper ?? null) : null, p.missing ?? null] // biome-ignore format: one line
    }),
  }
}

function gridRows({ rows, columns, values, missing, format }: GridFigure): FigureRows {
  const cells = rows.names.flatMap((row, r) =>
    columns.names.map((column, c) => {
      const at = r * columns.names.length + c
      const value = values[at] ?? null
      return { row, column, value, note: value === null ? (missing[at] ?? 'no value') : '' }
    }),
  )
  return {
    header: [rows.label, columns.label, 'Value', 'Note'],
    rawHeader: [rows.label, columns.label, withUnit('Value', format), 'Note'],
    align: ['right', 'right', 'right', 'left'],
    shown: cells.map(c => [c.row, c.column, c.value === null ? '-' : valueText(c.value, format), c.note]),
    raw: cells.map(c => [c.row, c.column, c.value, c.note || null]),
  }
}
