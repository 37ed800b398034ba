import type { ReceptiveField } from '../genome/scan.ts'
import { plainText } from './axisTicks.ts'
import { LEVELS, type Theme } from './colourScale.ts'
import { fieldGrid, MARK } from './heat.ts'
import { magnitudeColours } from './heatTheme.ts'
import { figure } from './markup.ts'
import { type Box, type Inks, type Pen, SVG_INKS, svgPen } from './pen.ts'

/** A measured receptive field: rows are mutated positions, columns output bins, colour the mean |change| on a log scale. */
export interface FieldPicture {
  readonly field: ReceptiveField
  readonly range: { readonly low: number; readonly high: number }
  readonly width: number
  readonly theme: Theme
  readonly title?: string
}

const LEFT = 72
const RIGHT = 84
const TITLE = 22
const ROW = 26
const AXIS = 36
const LEGEND = 20

export interface FieldLayout {
  readonly heat: Box
  readonly height: number
}

export function fieldLayout({ field, width, title }: Pick<FieldPicture, 'field' | 'width' | 'title'>): FieldLayout {
  const top = title ? TITLE : 4
  const heat = { x: LEFT, y: top, width: Math.max(60, width - LEFT - RIGHT), height: ROW * field.positions.length }
  return { heat, height: top + heat.height + AXIS + LEGEND }
}

/** Runs of ones in a row: [from, to). */
export function runs(row: ArrayLike<number>): readonly (readonly [number, number])[] {
  const found: [number, number][] = []
  for (let i = 0; i < row.length; i++) {
    if (!row[i]) continue
    const last = found.at(-1)
    if (last && last[1] === i) last[1] = i + 1
    else found.push([i, i + 1])
  }
  return found
}

export function drawField(pen: Pen, picture: FieldPicture, inks: Inks): void {
  const { field, range } = picture
  const { heat } = fieldLayout(picture)
  const colours = magnitudeColours(picture.theme)
  if (picture.title) pen.text(LEFT, 14, picture.title, { weight: 600, fill: inks.ink })
  const grid = fieldGrid(field, range)
  pen.cells(grid, { from: 0, to: field.bins }, heat, colours)
  const x = (bin: number) => heat.x + (bin / field.bins) * heat.width
  const binOf = (position: number) => position / field.binBp - field.firstBin
  field.positions.forEach((position, r) => {
    const y = heat.y + r * ROW
    pen.text(heat.x - 8, y + ROW / 2 + 4, (position + 1).toLocaleString('en-US'), { anchor: 'end', size: 11, fill: inks.faint }) // biome-ignore format: one label
    // Where the structure lets a change arrive, as a frame around each run of bins.
    for (const [from, to] of runs(field.reachable.subarray(r * field.bins, (r + 1) * field.bins)))
      pen.polyline([[x(from), y + 1.5], [x(to), y + 1.5], [x(to), y + ROW - 1.5], [x(from), y + ROW - 1.5], [x(from), y + 1.5]], '#d55e00', 1.2) // biome-ignore format: a frame
    const at = x(binOf(position))
    if (at >= heat.x && at <= heat.x + heat.width)
      pen.polyline([[at - 4, y], [at + 4, y], [at, y + 6], [at - 4, y]], inks.ink, 1, inks.ink) // biome-ignore format: a triangle
    if (r > 0) pen.line(heat.x, y, heat.x + heat.width, y, inks.paper, 1)
  })
  const { y, width, height } = heat
  pen.polyline([[heat.x, y], [heat.x + width, y], [heat.x + width, y + height], [heat.x, y + height], [heat.x, y]], inks.faint, 1) // biome-ignore format: a frame
  const step = [1, 2, 5, 10, 20, 50, 64, 128, 256, 512, 1024, 2048].find(s => field.bins / s <= heat.width / 70) ?? 4096
  for (let bin = 0; bin <= field.bins; bin += step) {
    pen.line(x(bin), y + height, x(bin), y + height + 5, inks.faint)
    pen.text(x(bin), y + height + 16, String(bin), { anchor: 'middle', size: 10, fill: inks.faint })
  }
  pen.text(heat.x, y + height + 31, `output bin of ${field.binBp} bp; rows: mutated position in the window of ${field.windowBp.toLocaleString('en-US')} bp`, { size: 11, fill: inks.faint }) // biome-ignore format: one label
  drawLogScale(pen, { x: heat.x + width + 12, y, width: 10, height: Math.min(height, 220) }, picture, inks)
  let from = heat.x
  const legend = (draw: (x: number, y: number) => void, text: string) => {
    draw(from, y + height + 39)
    pen.text(from + 20, y + height + 48, text, { size: 11, fill: inks.faint })
    from += 34 + text.length * 5.7
  }
  legend((a, b) => pen.polyline([[a, b], [a + 14, b], [a + 14, b + 10], [a, b + 10], [a, b]], '#d55e00', 1.2), 'structure lets a change arrive') // biome-ignore format: one swatch
  legend((a, b) => pen.polyline([[a + 3, b + 1], [a + 11, b + 1], [a + 7, b + 8], [a + 3, b + 1]], inks.ink, 1, inks.ink), 'mutated position') // biome-ignore format: one swatch
  if (grid.marks.includes(MARK.never))
    legend((a, b) => pen.rect({ x: a, y: b, width: 14, height: 10 }, inks.paper, inks.faint), 'exactly 0')
}

function drawLogScale(pen: Pen, box: Box, { range, theme }: FieldPicture, inks: Inks) {
  const levels = Uint8Array.from({ length: LEVELS }, (_, i) => LEVELS - 1 - i)
  const colours = magnitudeColours(theme)
  pen.cells({ rows: LEVELS, columns: 1, levels, marks: new Uint8Array(LEVELS) }, { from: 0, to: 1 }, box, colours)
  const decades = Math.log10(range.high) - Math.log10(range.low)
  const label = (value: number, y: number) => pen.text(box.x + 15, y, value.toExponential(0).replace('e+', 'e'), { size: 10, fill: inks.faint }) // biome-ignore format: one label
  pen.text(box.x + 15, box.y + 8, plainText(range.high), { size: 10, fill: inks.faint })
  if (!(decades > 0)) return
  for (let d = Math.ceil(Math.log10(range.low)); d < Math.log10(range.high) - 0.2 * Math.max(1, decades / 6); d++) {
    const y = box.y + box.height * (1 - (d - Math.log10(range.low)) / decades)
    pen.line(box.x + box.width, y, box.x + box.width + 3, y, inks.faint)
    label(10 ** d, y + 4)
  }
}

/** The picture as SVG with the page's ink. */
export function fieldFigure(picture: FieldPicture, inks: Inks = SVG_INKS): string {
  const pen = svgPen()
  drawField(pen, picture, inks)
  const { field } = picture
  return figure(
    {
      width: picture.width,
      height: fieldLayout(picture).height,
      title: picture.title ?? `Measured receptive field of ${field.model.name}`,
      description: `${field.positions.length} positions by ${field.bins} bins; medians ${field.medians.map(plainText).join(', ')}; control maximum ${plainText(field.control.maximum)}`,
    },
    pen.body,
  )
}
