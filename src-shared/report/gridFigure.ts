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
const SCALE_HIGH = 10
const SCALE_STEP = 4

export interface GridLayout {
  readonly height: number
  readonly grid: Box
  readonly cell: { readonly width: number; readonly height: number }
  readonly columnsY: number
  readonly scale: Box
  readonly legendY: number
  readonly foot: readonly { readonly y: number; readonly text: string }[]
}

export function gridLayout(figure: GridFigure, picture: LabPicture): GridLayout {
  const names = [...figure.rows.names, figure.rows.label]
  const left = Math.ceil(Math.min(0.45 * picture.width, Math.max(40, ...names.map(n => textWidth(n, SMALL) + 12))))
  const columns = Math.max(1, figure.columns.names.length)
  const width = Math.min(WIDEST_CELL, Math.max(24, (picture.width - left - 8) / columns))
  const top = (picture.title === undefined ? 4 : 28) + 34
  const grid = { x: left, y: top, width: width * columns, height: CELL_HIGH * figure.rows.names.length }
  const scaleY = grid.y + grid.height + 16
  const foot = (picture.foot ?? []).flatMap(line => wrapped(line, picture.width - 8, SMALL))
  const missing = Object.keys(figure.missing).length > 0 || figure.values.includes(null)
  const legendY = scaleY + SCALE_HIGH + 34
  const footTop = legendY + (missing ? 18 : 0)
  return {
    height: footTop + foot.length * 14 + (foot.length > 0 ? 2 : -8),
    grid,
    cell: { width, height: CELL_HIGH },
    columnsY: top - 8,
    scale: {
      x: left,
      y: scaleY,
      width: SCALE_STEP * Math.max(2, Math.floor(Math.min(280, picture.width - left - 64) / SCALE_STEP)),
      height: SCALE_HIGH,
    },
    legendY,
    foot: foot.map((text, i) => ({ text, y: footTop + i * 14 })),
  }
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
  pen.text(grid.x + grid.width / 2, layout.columnsY - 16, figure.columns.label, { anchor: 'middle', size: SMALL, fill: inks.ink }) // biome-ignore format: one line
  pen.text(grid.x - 8, layout.columnsY, figure.rows.label, { anchor: 'end', size: SMALL, fill: inks.ink })
  figure.columns.names.forEach((name, c) => {
    const at = grid.x + (c + 0.5) * cell.width
    pen.text(at, layout.columnsY, name, { anchor: 'middle', size: SMALL, fill: inks.faint })
  })
  figure.rows.names.forEach((name, r) => {
    const y = grid.y + r * cell.height
    pen.text(grid.x - 8, y + cell.height / 2 + 4, name, { anchor: 'end', size: SMALL, fill: inks.faint })
    for (let c = 0; c < columns; c++) {
      const value = figure.values[r * columns + c] ?? null
      const box = { x: grid.x + c * cell.width, y, width: cell.width, height: cell.height }
      const [middleX, middleY] = [box.x + box.width / 2, box.y + box.height / 2]
      if (value === null || !Number.isFinite(value)) {
        pen.rect(box, inks.paper, inks.grid)
        drawCross(pen, middleX, middleY, 8, inks.faint)
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
  if (figure.values.some(v => v === null || !Number.isFinite(v))) {
    drawCross(pen, grid.x + 5, layout.legendY - 4, 8, inks.faint)
    pen.text(grid.x + 18, layout.legendY, missingWords(figure), { size: SMALL, fill: inks.faint })
  }
}

const missingWords = (figure: GridFigure): string =>
  [...new Set(figure.values.flatMap((v, i) => (v === null ? [figure.missing[i] ?? 'no value'] : [])))].join('; ')

export function gridWords(figure: GridFigure): string {
  const values = known(figure)
  const range = values.length === 0 ? 'no value yet' : `from ${valueText(Math.min(...values), figure.format)} to ${valueText(Math.max(...values), figure.format)}` // biome-ignore format: one line
  const absent = figure.values.filter(v => v === null).length
  const about = figure.colours === 'diverging-ratio' ? '; above 1 is better' : ''
  return `${figure.rows.label} by ${figure.columns.label}: ${figure.rows.names.length} by ${figure.columns.names.length} values ${range}${about}${absent > 0 ? `; ${absent} missing: ${missingWords(figure)}` : ''}` // biome-ignore format: one line
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
