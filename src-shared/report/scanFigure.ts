import { CELL, type ScanData } from '../genome/scan.ts'
import { plainText, positionTicks, signedText } from './axisTicks.ts'
import { LEVELS, type Theme } from './colourScale.ts'
import { effectLogo, type HeatGrid, type LogoLetter, MARK, SCAN_ROWS, scanGrid, stateAt } from './heat.ts'
import { effectColours, letterColours } from './heatTheme.ts'
import { LETTER_PATHS } from './letterPaths.ts'
import { figure } from './markup.ts'
import { type Box, type ColumnRange, type HeatColours, type Inks, type Pen, SVG_INKS, svgPen } from './pen.ts'

/** A scan as it is drawn: effect logo above, four rows of cells, axis, scale, legend. */
export interface ScanPicture {
  readonly data: ScanData
  readonly column: number
  /** Ends of the scale: -range to range. */
  readonly range: number
  /** Positions shown, from the scan's start. */
  readonly view: ColumnRange
  readonly width: number
  /** A person's own variants at the locus, by position from the scan's start. */
  readonly variants: readonly { readonly position: number; readonly label: string }[]
  readonly theme: Theme
  readonly title?: string
}

export interface ScanLayout {
  readonly logo: Box
  readonly heat: Box
  readonly variantsY: number
  readonly axisY: number
  readonly height: number
}

const LEFT = 54
const RIGHT = 78
const TITLE = 20
const VARIANTS = 12
const LOGO = 78
const ROW = 20
const GAP = 8
const AXIS = 26
const LEGEND = 20

/** Where the parts lie. `scale` 1 is the usual height; more makes letters and rows taller. */
export function scanLayout(
  width: number,
  options: { readonly title?: boolean; readonly scale?: number } = {},
): ScanLayout {
  const scale = options.scale ?? 1
  const top = options.title ? TITLE : 0
  const plot = Math.max(40, width - LEFT - RIGHT)
  const logo = { x: LEFT, y: top + VARIANTS, width: plot, height: Math.round(LOGO * scale) }
  const heat = { x: LEFT, y: logo.y + logo.height + GAP, width: plot, height: Math.round(ROW * scale) * 4 }
  const axisY = heat.y + heat.height
  return { logo, heat, variantsY: top, axisY, height: axisY + AXIS + LEGEND }
}

/** The column under a point of the plot, as a fraction; undefined beside it. */
export function columnAt(box: Box, view: ColumnRange, x: number): number | undefined {
  const share = (x - box.x) / box.width
  return share < 0 || share >= 1 ? undefined : view.from + share * (view.to - view.from)
}

const xOf = (box: Box, view: ColumnRange, column: number) =>
  box.x + ((column - view.from) / (view.to - view.from)) * box.width

/** Draws the whole picture. */
export function drawScan(pen: Pen, picture: ScanPicture, layout: ScanLayout, inks: Inks): void {
  const { data, column, range, view } = picture
  const colours = effectColours(picture.theme)
  if (picture.title) pen.text(LEFT, 13, picture.title, { weight: 600, fill: inks.ink })
  drawLogo(pen, effectLogo(data, column), picture, layout, inks)
  const grid = scanGrid(data, column, range)
  pen.cells(grid, view, layout.heat, colours)
  drawRows(pen, picture, layout, inks)
  drawAxis(pen, picture, layout, inks)
  drawScale(pen, { x: layout.heat.x + layout.heat.width + 10, y: layout.heat.y, width: 10, height: layout.heat.height }, range, colours, inks) // biome-ignore format: one line
  drawLegend(pen, grid, layout, colours, inks)
}

function drawLogo(
  pen: Pen,
  letters: readonly (LogoLetter | null)[],
  picture: ScanPicture,
  layout: ScanLayout,
  inks: Inks,
) {
  const { logo } = layout
  const { view } = picture
  const first = Math.max(0, Math.floor(view.from))
  const last = Math.min(letters.length, Math.ceil(view.to))
  const heights = letters.slice(first, last).map(l => l?.height ?? 0)
  const up = Math.max(0, ...heights)
  const down = Math.max(0, ...heights.map(h => -h))
  const total = up + down
  const zero = total > 0 ? logo.y + (up / total) * logo.height : logo.y + logo.height / 2
  const colours = letterColours(picture.theme)
  const wide = logo.width / (view.to - view.from)
  for (let i = first; i < last; i++) {
    const letter = letters[i]
    if (!letter?.height || total === 0) continue
    const high = (Math.abs(letter.height) / total) * logo.height
    const x = xOf(logo, view, i)
    const box = { x: x + wide * 0.04, width: wide * 0.92, y: letter.height > 0 ? zero - high : zero + high, height: letter.height > 0 ? high : -high } // biome-ignore format: one box
    // Letters that nobody could read are bars.
    if (wide >= 3) pen.glyph(LETTER_PATHS[letter.base], box, colours[letter.base], letter.estimate ? 0.45 : 1)
    else pen.rect({ x, width: Math.max(wide, 0.6), y: Math.min(zero, zero - Math.sign(letter.height) * high), height: high }, colours[letter.base]) // biome-ignore format: one bar
  }
  pen.line(logo.x, zero, logo.x + logo.width, zero, inks.faint, 1)
  pen.line(logo.x, logo.y, logo.x, logo.y + logo.height, inks.faint, 1)
  const tick = (y: number, text: string) => {
    pen.line(logo.x - 4, y, logo.x, y, inks.faint, 1)
    pen.text(logo.x - 6, y + 4, text, { anchor: 'end', size: 10, fill: inks.faint })
  }
  if (total > 0) {
    if (up / total > 0.15) tick(logo.y, signedText(up))
    if (down / total > 0.15) tick(logo.y + logo.height, signedText(-down))
    tick(zero, '0')
  }
  for (const v of picture.variants) {
    if (v.position < view.from || v.position >= view.to) continue
    const x = xOf(logo, view, v.position + 0.5)
    pen.polyline([[x - 4, layout.variantsY + 2], [x + 4, layout.variantsY + 2], [x, layout.variantsY + 9], [x - 4, layout.variantsY + 2]], '#aa3377', 1, '#aa3377') // biome-ignore format: a triangle
    pen.line(x, layout.variantsY + 9, x, layout.heat.y + layout.heat.height, '#aa3377', 0.7, '2 3')
  }
}

function drawRows(pen: Pen, { data, view, theme }: ScanPicture, { heat }: ScanLayout, inks: Inks) {
  const high = heat.height / 4
  const wide = heat.width / (view.to - view.from)
  const colours = letterColours(theme)
  SCAN_ROWS.forEach((base, r) => {
    pen.text(heat.x - 8, heat.y + (r + 0.5) * high + 4, base, { anchor: 'end', weight: 700, fill: colours[base] })
    if (r > 0) pen.line(heat.x, heat.y + r * high, heat.x + heat.width, heat.y + r * high, inks.paper, 1)
  })
  // Which base was there: its letter, a dot where letters do not fit, and only the paper below that.
  if (wide >= 3)
    for (let p = Math.max(0, Math.floor(view.from)); p < Math.min(data.sequence.length, Math.ceil(view.to)); p++)
      for (let b = 0; b < 4; b++) {
        if (stateAt(data, p, b) !== CELL.reference) continue
        const x = xOf(heat, view, p + 0.5)
        const y = heat.y + (b + 0.5) * high
        const base = SCAN_ROWS[b]!
        if (x < heat.x || x > heat.x + heat.width) continue
        if (wide >= 8) {
          const size = Math.min(10, wide - 2)
          pen.glyph(LETTER_PATHS[base], { x: x - size * 0.36, y: y - size / 2, width: size * 0.72, height: size }, colours[base]) // biome-ignore format: one letter
        } else pen.rect({ x: x - 1, y: y - 1, width: 2, height: 2 }, colours[base])
      }
  if (wide >= 12)
    for (let p = Math.ceil(view.from); p < view.to; p++)
      pen.line(xOf(heat, view, p), heat.y, xOf(heat, view, p), heat.y + heat.height, inks.paper, 0.6)
  const { x, y, width, height } = heat
  pen.polyline([[x, y], [x + width, y], [x + width, y + height], [x, y + height], [x, y]], inks.faint, 1) // biome-ignore format: a frame
}

function drawAxis(pen: Pen, { data, view }: ScanPicture, { heat, axisY }: ScanLayout, inks: Inks) {
  const { contig, start } = data.request.interval
  const ticks = positionTicks(start + view.from, start + view.to, Math.max(1, Math.floor(heat.width / 110)))
  for (const position of ticks) {
    const x = xOf(heat, view, position - start + 0.5)
    if (x < heat.x || x > heat.x + heat.width) continue
    pen.line(x, axisY, x, axisY + 5, inks.faint, 1)
    pen.text(x, axisY + 17, (position + 1).toLocaleString('en-US'), { anchor: 'middle', size: 11, fill: inks.faint })
  }
  pen.text(heat.x - 8, axisY + AXIS + 13, contig, { anchor: 'end', size: 11, fill: inks.faint })
}

/** The scale with its ends and its middle, blue below, orange above. */
function drawScale(pen: Pen, box: Box, range: number, colours: HeatColours, inks: Inks) {
  const levels = Uint8Array.from({ length: LEVELS }, (_, i) => LEVELS - 1 - i)
  pen.cells({ rows: LEVELS, columns: 1, levels, marks: new Uint8Array(LEVELS) }, { from: 0, to: 1 }, box, colours)
  const label = (y: number, text: string) => pen.text(box.x + box.width + 4, y, text, { size: 10, fill: inks.faint })
  if (range > 0) {
    label(box.y + 8, `+${plainText(range)}`)
    label(box.y + box.height / 2 + 4, '0')
    label(box.y + box.height, `-${plainText(range)}`)
  } else label(box.y + box.height / 2 + 4, 'no value yet')
}

function drawLegend(pen: Pen, grid: HeatGrid, layout: ScanLayout, colours: HeatColours, inks: Inks) {
  const has = (mark: number) => grid.marks.includes(mark)
  const y = layout.axisY + AXIS + 4
  let x = layout.heat.x
  const entry = (mark: number, level: number, text: string) => {
    if (!has(mark)) return
    const swatch = { x, y, width: 14, height: 10 }
    pen.cells({ rows: 1, columns: 1, levels: Uint8Array.of(level), marks: Uint8Array.of(mark) }, { from: 0, to: 1 }, swatch, colours) // biome-ignore format: one swatch
    pen.polyline([[x, y], [x + 14, y], [x + 14, y + 10], [x, y + 10], [x, y]], inks.faint, 0.7) // biome-ignore format: a frame
    if (mark === MARK.reference) pen.rect({ x: x + 6, y: y + 4, width: 2, height: 2 }, inks.faint)
    pen.text(x + 19, y + 9, text, { size: 11, fill: inks.faint })
    x += 30 + text.length * 5.7
  }
  entry(MARK.value, LEVELS - 30, 'exact')
  entry(MARK.estimate, LEVELS - 30, 'first-order estimate')
  entry(MARK.missing, 0, 'not computed')
  entry(MARK.reference, 0, 'base of the sequence')
  entry(MARK.unknown, 0, 'N: not scanned')
}

/** The picture as SVG, light, for export and documents. */
export function scanFigure(picture: Omit<ScanPicture, 'theme'>): string {
  const layout = scanLayout(picture.width, { title: picture.title !== undefined })
  const pen = svgPen()
  drawScan(pen, { ...picture, theme: 'light' }, layout, SVG_INKS)
  const { data } = picture
  const name = data.columns[picture.column]?.name ?? ''
  return figure(
    {
      width: picture.width,
      height: layout.height,
      title: picture.title ?? `Effect of every base change on ${name}`,
      description: `${data.request.interval.contig} from ${data.request.interval.start + 1}, ${data.sequence.length} positions, ${data.exactCells} of ${data.totalCells} cells exact, largest effect ${plainText(picture.range)}`,
    },
    pen.body,
  )
}
