import type { LabFigure, LineFigure } from '../lab/page.ts'
import type { Theme } from './colourScale.ts'
import { gridFigure, gridWords } from './gridFigure.ts'
import { themeInks } from './heatTheme.ts'
import { type Axis, textWidth } from './labAxis.ts'
import { type LabPicture, LEGEND_SIGN, type LineLayout, lineLayout, SMALL } from './labLayout.ts'
import { drawCross, drawMarker, type Look, looksOf, seriesName } from './labMarkers.ts'
import { valueText } from './labNumbers.ts'
import { figure as frame } from './markup.ts'
import { type Inks, type Pen, svgPen } from './pen.ts'

const MARKER = 8
const BAR_END = 3

/** Draws lines with error bars, marks and what is missing. */
export function drawLines(pen: Pen, figure: LineFigure, layout: LineLayout, theme: Theme, inks: Inks): void {
  const looks = looksOf(figure.series, theme)
  const { plot } = layout
  drawAxes(pen, layout, inks)
  if (figure.identityBand !== undefined) drawIdentity(pen, figure.identityBand, layout, inks)
  const bottom = plot.y + plot.height
  for (const m of layout.marks) pen.line(m.x, m.y - 9, m.x, bottom, inks.faint, 1.2, '5 3')
  for (const m of layout.marks) {
    // A line of another mark does not run through the words.
    const wide = textWidth(m.label, SMALL)
    pen.rect({ x: m.anchor === 'start' ? m.textX - 2 : m.textX - wide, y: m.y - 10, width: wide + 2, height: 13 }, inks.paper) // biome-ignore format: one line
    pen.text(m.textX, m.y, m.label, { size: SMALL, weight: 600, anchor: m.anchor, fill: inks.ink })
  }
  figure.series.forEach((_, s) => {
    const look = looks[s]!
    const own = layout.points.filter(p => p.series === s).sort((a, b) => a.x - b.x)
    if (look.level) {
      if (own[0]) pen.line(plot.x, own[0].y, plot.x + plot.width, own[0].y, look.colour, 1.4, look.dash)
      return
    }
    for (const { x, bar } of own) {
      if (!bar || Math.abs(bar[0] - bar[1]) < 0.5) continue
      pen.line(x, bar[0], x, bar[1], look.colour, 1.2)
      for (const end of bar) pen.line(x - BAR_END, end, x + BAR_END, end, look.colour, 1.2)
    }
    if (look.line) for (const part of unbroken(own, layout, s)) pen.polyline(part, look.colour, 1.6, 'none', look.dash)
    for (const { x, y } of own) drawMarker(pen, x, y, MARKER, look)
  })
  for (const row of layout.missing) {
    pen.text(plot.x - 6, row.y + 4, row.text, { size: SMALL, anchor: 'end', fill: inks.ink })
    pen.line(plot.x, row.y + 9, plot.x + plot.width, row.y + 9, inks.grid)
    for (const { x, series } of row.at) {
      // Whose it is shows through: the shape as a ring, the cross beyond it.
      drawMarker(pen, x, row.y, MARKER + 2, { ...looks[series]!, hollow: true })
      drawCross(pen, x, row.y, MARKER + 4, inks.ink)
    }
  }
  if (figure.series.every(s => s.points.length === 0))
    pen.text(plot.x + plot.width / 2, plot.y + plot.height / 2, 'No point yet', { anchor: 'middle', fill: inks.faint })
  drawLegend(pen, layout, looks, inks)
}

/** A line ends where a point of its series is missing between two that are there. */
function unbroken(own: LineLayout['points'], layout: LineLayout, series: number): [number, number][][] {
  const gaps = layout.missing.flatMap(row => row.at.filter(a => a.series === series).map(a => a.x))
  const parts: [number, number][][] = []
  own.forEach((p, i) => {
    const before = own[i - 1]
    if (!before || gaps.some(g => g > before.x && g < p.x)) parts.push([])
    parts.at(-1)?.push([p.x, p.y])
  })
  return parts.filter(part => part.length > 1)
}

function drawAxes(pen: Pen, layout: LineLayout, inks: Inks) {
  const { plot } = layout
  const bottom = plot.y + plot.height
  for (const t of layout.yTicks) {
    const y = bottom - t.share * plot.height
    pen.line(plot.x, y, plot.x + plot.width, y, inks.grid)
    pen.text(plot.x - 6, y + 4, t.text, { anchor: 'end', size: SMALL, fill: inks.faint })
  }
  for (const t of layout.xTicks) {
    const x = plot.x + t.share * plot.width
    pen.line(x, bottom, x, bottom + 5, inks.faint)
    if (t.text) pen.text(x, bottom + 17, t.text, { anchor: 'middle', size: SMALL, fill: inks.faint })
  }
  pen.line(plot.x, plot.y, plot.x, bottom, inks.faint)
  pen.line(plot.x, bottom, plot.x + plot.width, bottom, inks.faint)
  pen.text(4, layout.yLabelY, scaled(layout.yLabel, layout.y), { size: SMALL, fill: inks.ink })
  pen.text(plot.x + plot.width / 2, bottom + 34, scaled(layout.xLabel, layout.x), { anchor: 'middle', size: SMALL, fill: inks.ink }) // biome-ignore format: one line
}

const scaled = (label: string, axis: Axis) => (axis.log ? `${label}, log scale` : label)

/** y = x, and the band in which predictions are called right: a share of the measured value each way, x being what was measured. */
function drawIdentity(pen: Pen, band: number, { plot, x, y }: LineLayout, inks: Inks) {
  const bottom = plot.y + plot.height
  const along = (factor: number): [number, number][] =>
    Array.from({ length: 65 }, (_, i) => {
      const share = i / 64
      const value = x.log ? x.low * (x.high / x.low) ** share : x.low + (x.high - x.low) * share
      const up = Math.min(1, Math.max(0, y.share(value * factor) ?? 0))
      return [plot.x + share * plot.width, bottom - up * plot.height]
    })
  pen.polyline([...along(1 + band), ...along(1 - band).reverse()], 'none', 0, inks.grid)
  pen.polyline(along(1), inks.faint, 1.2, 'none', '4 3')
}

function drawLegend(pen: Pen, layout: LineLayout, looks: readonly Look[], inks: Inks) {
  for (const { series, x, y, name } of layout.legend) {
    const look = looks[series]!
    if (look.line) pen.line(x, y - 4, x + 20, y - 4, look.colour, 1.6, look.dash)
    if (!look.level) drawMarker(pen, x + 10, y - 4, MARKER, look)
    pen.text(x + LEGEND_SIGN, y, name, { size: SMALL, fill: inks.ink })
  }
}

/** The figure in words, for those who do not see it. */
export function figureWords(figure: LabFigure): string {
  if (figure.kind === 'grid') return gridWords(figure)
  const { x, y } = figure
  const of = (s: LineFigure['series'][number]) => {
    const there = s.points.filter(p => p.missing === undefined)
    const missing = s.points.length - there.length
    const ends = [there[0], there.length > 1 ? there.at(-1) : undefined]
      .flatMap(p => (p ? [`${valueText(p.y, y.format)} at ${valueText(p.x, x.format)}`] : []))
      .join(' to ')
    return `${seriesName(s)}: ${ends || 'no value'}${missing > 0 ? `, ${missing} missing (${[...new Set(s.points.flatMap(p => p.missing ?? []))].join(', ')})` : ''}` // biome-ignore format: one line
  }
  const axes = `${y.label} against ${x.label}${x.scale === 'log' || y.scale === 'log' ? `, log scale on ${x.scale === 'log' ? (y.scale === 'log' ? 'both axes' : 'the x axis') : 'the y axis'}` : ''}` // biome-ignore format: one line
  return [axes, ...figure.series.map(of), ...figure.marks.map(m => m.label)].join('. ')
}

/** A figure of the lab as SVG, in the inks of a theme: light for files and paper. */
export function labFigure(figure: LabFigure, picture: LabPicture, theme: Theme): string {
  const inks = themeInks(theme)
  if (figure.kind === 'grid') return gridFigure(figure, picture, theme, inks)
  const layout = lineLayout(figure, picture)
  const pen = svgPen()
  if (picture.title !== undefined) pen.text(4, layout.titleY, picture.title, { weight: 600, fill: inks.ink, size: 13 })
  drawLines(pen, figure, layout, theme, inks)
  for (const line of layout.foot) pen.text(4, line.y, line.text, { size: SMALL, fill: inks.faint })
  return frame(
    { width: picture.width, height: layout.height, title: figure.title, description: figureWords(figure) },
    pen.body,
  )
}
