import { CELL, type ReceptiveField, type ScanData } from '../genome/scan.ts'
import { divergingLevel, logLevel } from './colourScale.ts'

/** How a cell is drawn: by its level, the same striped, or as one of four kinds that have no value. */
export const MARK = { value: 0, estimate: 1, missing: 2, reference: 3, unknown: 4, never: 5 } as const

/** A picture's cells: levels of a colour scale and marks, both [rows, columns]. */
export interface HeatGrid {
  readonly rows: number
  readonly columns: number
  readonly levels: Uint8Array
  readonly marks: Uint8Array
}

/** Rows of a scan's heatmap, from above. */
export const SCAN_ROWS = ['A', 'C', 'G', 'T'] as const
export type Base = (typeof SCAN_ROWS)[number]

const MARK_OF_CELL: Readonly<Record<number, number>> = {
  [CELL.missing]: MARK.missing,
  [CELL.estimate]: MARK.estimate,
  [CELL.exact]: MARK.value,
  [CELL.reference]: MARK.reference,
  [CELL.unknown]: MARK.unknown,
}

/** The effect of one cell of a column; NaN when it has none (yet). Positions count from the scan's start. */
export const effectAt = (data: ScanData, column: number, position: number, base: number): number =>
  data.effects[(column * data.sequence.length + position) * 4 + base] ?? Number.NaN

export const stateAt = (data: ScanData, position: number, base: number): number =>
  data.states[position * 4 + base] ?? CELL.missing

/** Cells that hold a number, in one column and some positions of it. */
function* numbers(data: ScanData, column: number, from: number, to: number): Generator<number> {
  for (let p = Math.max(0, from); p < Math.min(to, data.sequence.length); p++)
    for (let b = 0; b < 4; b++) {
      const state = stateAt(data, p, b)
      if (state !== CELL.exact && state !== CELL.estimate) continue
      const value = effectAt(data, column, p, b)
      if (Number.isFinite(value)) yield value
    }
}

/** The largest |effect| of a column, of positions [from, to) from the scan's start: both ends of its scale. 0 while nothing is filled. */
export function effectRange(data: ScanData, column: number, from = 0, to = data.sequence.length): number {
  let top = 0
  for (const v of numbers(data, column, from, to)) top = Math.max(top, Math.abs(v))
  return top
}

/** One column of a scan as four rows of cells on a scale from -range to range. */
export function scanGrid(data: ScanData, column: number, range: number): HeatGrid {
  const columns = data.sequence.length
  const levels = new Uint8Array(4 * columns)
  const marks = new Uint8Array(4 * columns)
  for (let p = 0; p < columns; p++)
    for (let b = 0; b < 4; b++) {
      const value = effectAt(data, column, p, b)
      const mark = MARK_OF_CELL[stateAt(data, p, b)] ?? MARK.missing
      const at = b * columns + p
      // A state that promises a number without one is a hole, never a zero.
      const hole = (mark === MARK.value || mark === MARK.estimate) && !Number.isFinite(value)
      marks[at] = hole ? MARK.missing : mark
      levels[at] = Number.isFinite(value) ? divergingLevel(value, range) : 0
    }
  return { rows: 4, columns, levels, marks }
}

/** One letter of an effect logo. */
export interface LogoLetter {
  readonly base: Base
  /** What the base adds: minus the mean effect of its three replacements; null until all are known. */
  readonly height: number | null
  /** It rests on at least one first-order estimate. */
  readonly estimate: boolean
}

/** What each base of the scanned sequence contributes to a column; positions without a base are null. */
export function effectLogo(data: ScanData, column: number): readonly (LogoLetter | null)[] {
  return Array.from(data.sequence, (letter, p) => {
    const own = SCAN_ROWS.indexOf(letter as Base)
    if (own < 0) return null
    let sum = 0
    let known = true
    let estimate = false
    for (let b = 0; b < 4; b++) {
      if (b === own) continue
      const state = stateAt(data, p, b)
      const value = effectAt(data, column, p, b)
      if ((state !== CELL.exact && state !== CELL.estimate) || !Number.isFinite(value)) known = false
      else sum += value
      if (state === CELL.estimate) estimate = true
    }
    return { base: letter as Base, height: known ? -sum / 3 : null, estimate }
  })
}

/** Ends of the log scale of one or more fields: from the control's noise (or six decades) to the largest effect. */
export function fieldRange(fields: readonly ReceptiveField[]): { readonly low: number; readonly high: number } {
  let high = 0
  let floor = Number.POSITIVE_INFINITY
  for (const f of fields) {
    for (const v of f.effect) if (v > high) high = v
    for (const v of f.effect) if (v > 0 && v < floor) floor = v
  }
  if (!(high > 0)) return { low: 1e-7, high: 1e-6 }
  return { low: Math.max(high * 1e-6, Math.min(floor, high / 10)), high }
}

/** A measured field as rows of mutated positions by bins; where the structure lets nothing arrive and nothing did, `never`. */
export function fieldGrid(field: ReceptiveField, range: { readonly low: number; readonly high: number }): HeatGrid {
  const rows = field.positions.length
  const levels = new Uint8Array(rows * field.bins)
  const marks = new Uint8Array(rows * field.bins)
  for (let i = 0; i < levels.length; i++) {
    const value = field.effect[i] ?? Number.NaN
    if (!Number.isFinite(value)) marks[i] = MARK.missing
    else if (value === 0) marks[i] = MARK.never
    levels[i] = Number.isFinite(value) ? logLevel(value, range.low, range.high) : 0
  }
  return { rows, columns: field.bins, levels, marks }
}
