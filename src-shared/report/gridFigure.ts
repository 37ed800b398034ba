import type { GridFigure } from '../lab/page.ts'
import { cssRgb, divergingColours, divergingLevel, LEVELS, logLevel, type Rgb, sequentialColours, type Theme } from './colourScale.ts' // biome-ignore format: one line
import { textWidth, wrapped } from './labAxis.ts'
import { type LabPicture, SMALL } from './labLayout.ts'
import { drawCross } from './labMarkers.ts'
import { valueText } from './labNumbers.ts'
import { figure as frame } from './markup.ts'
import { type Box, type Inks, type Pen, svgPen } from './pen.ts'

const CELL_HIGH = 30
const WIDEST_CELL = 104
const LINE = 13
const LEGEND_ROW = 17
/** What was not tried; anything else that is absent was tried and failed. */
const UNTRIED = 'not measured'
/** More reasons than this have no letter: the table alone tells them. */
const MOST_REASONS = 6
const SCALE_HIGH = 10
const SCALE_STEP = 4

export interface GridLayout {
  readonly height: number
  readonly grid: Box
  readonly cell: { readonly width: number; readonly height: number }
  readonly columnsY: number
  /** Names in lines that fit; of columns too narrow for their names only some have one. */
  readonly rowNames: readonly (readonly string[])[]
  readonly columnNames: readonly (readonly string[])[]
  readonly scale: Box
  /** Why values are absent, each with its sign. */
  readonly reasons: readonly { readonly reason: string; readonly letter: string; readonly y: number }[]
  readonly foot: readonly { readonly y: number; readonly text: string }[]
}

export function gridLayout(figure: GridFigure, picture: LabPicture): GridLayout {
  const names = [...figure.rows.names, figure.rows.label]
  const left = Math.ceil(Math.min(0.36 * picture.width, Math.max(40, ...names.map(n => textWidth(n, SMALL) + 12))))
  const columns = Math.max(1, figure.columns.names.length)
  const width = Math.min(WIDEST_CELL, Math.max(24, (picture.width - left - 8) / columns))
  const rowNames = figure.rows.names.map(name => wrapped(name, left - 12, SMALL))
  const broken = figure.columns.names.map(name => wrapped(name, width - 6, SMALL))
  const widest = Math.max(0, ...broken.flat().map(line => textWidth(line, SMALL)))
  const step = Math.max(1, Math.ceil(widest / width))
  const columnNames = broken.map((lines, c) => (c % step === 0 ? lines : []))
  const height = Math.max(CELL_HIGH, ...rowNames.map(lines => lines.length * LINE + 6))
  const above = LINE * Math.max(0, ...columnNames.map(lines => lines.length - 1))
  const top = (picture.title === undefined ? 4 : 28) + 34 + above
  const grid = { x: left, y: top, width: width * columns, height: height * figure.rows.names.length }
  const scaleY = grid.y + grid.height + 16
  const foot = (picture.foot ?? []).flatMap(line => wrapped(line, picture.width - 8, SMALL))
  const legendY = scaleY + SCALE_HIGH + 34
  const reasons = legendOf(figure).map((r, i) => ({ ...r, y: legendY + i * LEGEND_ROW })) // biome-ignore format: one line
  const footTop = legendY + reasons.length * LEGEND_ROW
  return {
    height: footTop + foot.length * 14 + (foot.length > 0 ? 2 : -8),
    grid,
    cell: { width, height },
    columnsY: top - 8,
    rowNames,
    columnNames,
    scale: {
      x: left,
      y: scaleY,
      width: SCALE_STEP * Math.max(2, Math.floor(Math.min(280, picture.width - left - 64) / SCALE_STEP)),
      height: SCALE_HIGH,
    },
    reasons,
    foot: foot.map((text, i) => ({ text, y: footTop + i * 14 })),
  }
}

const isAbsent = (value: number | null | undefined) => value === null || value === undefined || !Number.isFinite(value)
const reasonAt = (figure: GridFigure, at: number) => figure.missing[at] ?? 'no value'

/** Why values are absent: what failed, the first of several such reasons with a letter each; what was not tried last. */
function reasonsOf(figure: GridFigure): readonly { readonly reason: string; readonly letter: string }[] {
  const found = [...new Set(figure.values.flatMap((v, i) => (isAbsent(v) ? [reasonAt(figure, i)] : [])))]
  const failed = found.filter(reason => reason !== UNTRIED)
  const lettered = failed.map((reason, i) => ({ reason, letter: failed.length > 1 && i < MOST_REASONS ? String.fromCharCode(97 + i) : '' })) // biome-ignore format: one line
  return [...lettered, ...found.filter(reason => reason === UNTRIED).map(reason => ({ reason, letter: '' }))]
}

/** Of the reasons that have no letter only how many they are. */
function legendOf(figure: GridFigure): ReturnType<typeof reasonsOf> {
  const all = reasonsOf(figure)
  const failed = all.filter(r => r.reason !== UNTRIED)
  const others = failed.length - MOST_REASONS
  const rest = others > 0 ? [{ reason: `${others} other ${others === 1 ? 'reason' : 'reasons'}: see the table`, letter: '' }] : [] // biome-ignore format: one line
  return [...failed.slice(0, MOST_REASONS), ...rest, ...all.filter(r => r.reason === UNTRIED)]
}

/** A cross, with its letter, for what was tried; a dash for what was not. */
function drawAbsent(
  pen: Pen,
  x: number,
  y: number,
  { reason, letter }: { reason: string; letter: string },
  ink: string,
) {
  if (reason === UNTRIED) return pen.line(x - 4, y, x + 4, y, ink, 1.5)
  drawCross(pen, x, y, 8, ink)
  if (letter) pen.text(x + 7, y - 1, letter, { size: 9, fill: ink })
}

const known = (figure: GridFigure) => figure.values.filter((v): v is number => v !== null && Number.isFinite(v))

/** How values become one of `LEVELS` colours, and the values at the ends and in the middle of the scale. */
export function gridScale(figure: GridFigure): {
  readonly level: (v: number) => number
  readonly ends: readonly [number, number, number]
} {
  // biome-ignore format: one line
  const values = known(figure)
  if (figure.colours === 'diverging-ratio') {
    const positive = values.filter(v => v > 0)
    // Never narrower than a factor of 1.25: noise about 1 stays pale.
    const range = Math.max(Math.log2(1.25), ...positive.map(v => Math.abs(Math.log2(v))))
    return { level: v => divergingLevel(v > 0 ? Math.log2(v) : -range, range), ends: [2 ** -range, 1, 2 ** range] }
  }
  const low = values.length > 0 ? Math.min(...values) : 0
  const high = values.length > 0 ? Math.max(...values) : 1
  if (low > 0 && high / low > 20)
    return { level: v => logLevel(v, low, high), ends: [low, Math.sqrt(low * high), high] }
  const span = high - low
  const level = (v: number) => (span > 0 ? Math.round(((v - low) / span) * (LEVELS - 1)) : LEVELS - 1)
  return { level, ends: [low, (low + high) / 2, high] }
}

/** Black or white, what reads better on a colour (relative luminance of WCAG 2). */
export function inkOn([r, g, b]: Rgb): '#000000' | '#ffffff' {
  const part = (c: number) => (c / 255 <= 0.04045 ? c / 255 / 12.92 : ((c / 255 + 0.055) / 1.055) ** 2.4)
  const light = 0.2126 * part(r) + 0.7152 * part(g) + 0.0722 * part(b)
  // Contrast with black (L + 0.05) / 0.05 against that with white 1.05 / (L + 0.05).
  return (light + 0.05) ** 2 > 0.05 * 1.05 ? '#000000' : '#ffffff'
}

export function drawGrid(pen: Pen, figure: GridFigure, layout: GridLayout, theme: Theme, inks: Inks): void {
  const { grid, cell, scale } = layout
  const levels = figure.colours === 'diverging-ratio' ? divergingColours(theme) : sequentialColours()
  const { level, ends } = gridScale(figure)
  const columns = figure.columns.names.length
  const above = LINE * Math.max(0, ...layout.columnNames.map(lines => lines.length - 1))
  pen.text(grid.x + grid.width / 2, layout.columnsY - above - 16, figure.columns.label, { anchor: 'middle', size: SMALL, fill: inks.ink }) // biome-ignore format: one line
  pen.text(grid.x - 8, layout.columnsY, figure.rows.label, { anchor: 'end', size: SMALL, fill: inks.ink })
  layout.columnNames.forEach((lines, c) => {
    const at = grid.x + (c + 0.5) * cell.width
    const first = layout.columnsY - LINE * (lines.length - 1)
    lines.forEach((line, i) => {
      pen.text(at, first + LINE * i, line, { anchor: 'middle', size: SMALL, fill: inks.faint })
    })
  })
  const reasons = new Map(reasonsOf(figure).map(r => [r.reason, r]))
  layout.rowNames.forEach((lines, r) => {
    const y = grid.y + r * cell.height
    const first = y + cell.height / 2 + 4 - (LINE * (lines.length - 1)) / 2
    lines.forEach((line, i) => {
      pen.text(grid.x - 8, first + LINE * i, line, { anchor: 'end', size: SMALL, fill: inks.faint })
    })
    for (let c = 0; c < columns; c++) {
      const value = figure.values[r * columns + c] ?? null
      const box = { x: grid.x + c * cell.width, y, width: cell.width, height: cell.height }
      const [middleX, middleY] = [box.x + box.width / 2, box.y + box.height / 2]
      if (value === null || !Number.isFinite(value)) {
        pen.rect(box, inks.paper, inks.grid)
        const absent = reasons.get(reasonAt(figure, r * columns + c))
        if (absent) drawAbsent(pen, middleX, middleY, absent, inks.faint)
        continue
      }
      const colour = levels[level(value)] ?? levels[0]!
      pen.rect(box, cssRgb(colour), inks.paper)
      const text = valueText(value, figure.format)
      const size = textWidth(text, SMALL) < box.width - 4 ? SMALL : 9
      pen.text(middleX, middleY + 4, text, { anchor: 'middle', size, fill: inkOn(colour) })
    }
  })
  // Whole pixels: neighbours of a fraction show seams.
  for (let x = 0; x < scale.width; x += SCALE_STEP) {
    const colour = levels[Math.round((x / (scale.width - SCALE_STEP)) * (levels.length - 1))] ?? levels[0]!
    pen.rect({ x: scale.x + x, y: scale.y, width: SCALE_STEP, height: scale.height }, cssRgb(colour))
  }
  ends.forEach((value, i) => {
    const anchor = (['start', 'middle', 'end'] as const)[i]!
    pen.text(scale.x + (i / 2) * scale.width, scale.y + 22, valueText(value, figure.format), { anchor, size: SMALL, fill: inks.faint }) // biome-ignore format: one line
  })
  if (figure.colours === 'diverging-ratio')
    pen.text(scale.x + scale.width + 8, scale.y + 9, '→ better', { size: SMALL, fill: inks.faint })
  for (const row of layout.reasons) {
    drawAbsent(pen, grid.x + 5, row.y - 4, row, inks.faint)
    pen.text(grid.x + 22, row.y, row.reason, { size: SMALL, fill: inks.faint })
  }
}

export function gridWords(figure: GridFigure): string {
  const values = known(figure)
  const range = values.length === 0 ? 'no value yet' : `from ${valueText(Math.min(...values), figure.format)} to ${valueText(Math.max(...values), figure.format)}` // biome-ignore format: one line
  const absent = figure.values.filter(v => v === null).length
  const about = figure.colours === 'diverging-ratio' ? '; above 1 is better' : ''
  return `${figure.rows.label} by ${figure.columns.label}: ${figure.rows.names.length} by ${figure.columns.names.length} values ${range}${about}${absent > 0 ? `; ${absent} missing: ${reasonsOf(figure).map(r => r.reason).join('; ')}` : ''}` // biome-ignore format: one line
}

/** More cells than this nobody reads, and no window draws. */
const MOST_CELLS = 10_000

export function gridFigure(figure: GridFigure, picture: LabPicture, theme: Theme, inks: Inks): string {
  const cells = figure.rows.names.length * figure.columns.names.length
  const pen = svgPen()
  if (cells > MOST_CELLS) {
    const told = `${cells.toLocaleString('en-US')} cells are too many to draw (at most ${MOST_CELLS.toLocaleString('en-US')})`
    pen.text(4, 20, told, { size: SMALL, fill: inks.ink })
    return frame({ width: picture.width, height: 30, title: figure.title, description: told }, pen.body)
  }
  const layout = gridLayout(figure, picture)
  if (picture.title !== undefined) pen.text(4, 16, picture.title, { weight: 600, fill: inks.ink, size: 13 })
  drawGrid(pen, figure, layout, theme, inks)
  for (const line of layout.foot) pen.text(4, line.y, line.text, { size: SMALL, fill: inks.faint })
  return frame(
    { width: picture.width, height: layout.height, title: figure.title, description: gridWords(figure) },
    pen.body,
  )
}
