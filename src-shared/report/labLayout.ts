import type { LineFigure } from '../lab/page.ts'
import { type Axis, axisLabel, axisOf, type Tick, textWidth, ticksOf, wrapped } from './labAxis.ts'
import { seriesName } from './labMarkers.ts'
import type { Box } from './pen.ts'

/** What every figure of the lab takes beside its own data. */
export interface LabPicture {
  readonly width: number
  /** Drawn above; left out where the page has it already. */
  readonly title?: string | undefined
  /** Lines under it: recipe, machine, versions, what was busy. */
  readonly foot?: readonly string[]
}

/** A point as it is drawn. */
export interface PlacedPoint {
  readonly series: number
  readonly point: number
  readonly x: number
  readonly y: number
  /** Ends of its error bar, px; the lower value's first. */
  readonly bar: readonly [number, number] | null
}

export interface LineLayout {
  readonly width: number
  readonly height: number
  readonly titleY: number
  readonly plot: Box
  readonly x: Axis
  readonly y: Axis
  readonly xTicks: readonly Tick[]
  readonly yTicks: readonly Tick[]
  readonly xLabel: string
  readonly yLabel: string
  readonly yLabelY: number
  readonly legend: readonly { readonly series: number; readonly x: number; readonly y: number; readonly name: string }[]
  readonly marks: readonly { readonly x: number; readonly textX: number; readonly y: number; readonly label: string; readonly anchor: 'start' | 'end' }[] // biome-ignore format: one line
  readonly points: readonly PlacedPoint[]
  /** What is missing, a row of crosses a reason, above the plot. */
  readonly missing: readonly {
    readonly text: string
    readonly y: number
    readonly at: readonly { readonly series: number; readonly point: number; readonly x: number }[]
  }[]
  /** Points that a log axis cannot hold. */
  readonly undrawn: number
  readonly foot: readonly { readonly y: number; readonly text: string }[]
}

export const SMALL = 11
const RIGHT = 16
const ROW = 17
const MISSING_ROW = 18
/** Longest name of a missing row; the whole text is in the table. */
const LONGEST_REASON = 16
const CROSS_APART = 14
const LEGEND_GAP = 16
export const LEGEND_SIGN = 26

const cut = (text: string) => (text.length > LONGEST_REASON ? `${text.slice(0, LONGEST_REASON - 1)}…` : text)

/** Rows of names as many as fit beside each other. */
export function legendRows(names: readonly string[], left: number, width: number) {
  let x = left
  let row = 0
  return names.map((name, series) => {
    const wide = LEGEND_SIGN + textWidth(name, SMALL) + LEGEND_GAP
    if (x > left && x + wide - LEGEND_GAP > left + width) {
      x = left
      row++
    }
    const at = { series, x, row, name }
    x += wide
    return at
  })
}

/** Where everything of a figure of lines lies. Units: px. */
export function lineLayout(figure: LineFigure, picture: LabPicture): LineLayout {
  const { width } = picture
  const { series } = figure
  const present = series.flatMap((s, i) =>
    s.points.flatMap((p, j) => (p.missing === undefined ? [{ s: i, j, p }] : [])),
  )
  const absent = series.flatMap((s, i) => s.points.flatMap((p, j) => (p.missing === undefined ? [] : [{ s: i, j, p, text: p.missing }]))) // biome-ignore format: one line
  const xs = [...series.flatMap(s => s.points.map(p => p.x)), ...figure.marks.map(m => m.x)]
  const ys = present.flatMap(({ p }) => [p.y, p.lower ?? p.y, p.upper ?? p.y])
  // Against the identity both axes are one.
  const both = figure.identityBand === undefined ? undefined : [...xs, ...ys]
  const x = axisOf(figure.x, both ?? xs)
  const y = axisOf(figure.y, both ?? ys)

  const reasons = [...new Set(absent.map(a => cut(a.text)))]
  const draftTicks = ticksOf(figure.y, y, 260, true)
  const labels = [...draftTicks.map(t => t.text), ...reasons]
  const left = Math.ceil(Math.min(124, Math.max(44, ...labels.map(t => textWidth(t, SMALL) + 14))))
  const plotWidth = Math.max(80, width - left - RIGHT)

  let top = 4
  const titleY = top + 12
  if (picture.title !== undefined) top += 24
  const rows = legendRows(series.map(seriesName), 4, width - 8)
  const legendTop = top
  top += ((rows.at(-1)?.row ?? -1) + 1) * ROW + (rows.length > 0 ? 6 : 0)
  const yLabelY = top + 11
  top += 22

  const marks = placeMarks(figure, x, left, plotWidth)
  const markTop = top
  top += Math.max(0, ...marks.map(m => m.row + 1)) * 15 + (marks.length > 0 ? 2 : 0)
  const missingTop = top
  top += reasons.length * MISSING_ROW
  const high = figure.identityBand === undefined ? Math.min(330, Math.max(190, plotWidth * 0.5)) : Math.min(360, plotWidth) // biome-ignore format: one line
  const plot: Box = { x: left, y: top, width: both ? Math.min(plotWidth, high) : plotWidth, height: high }

  const placeX = (v: number) => {
    const share = x.share(v)
    return share === undefined ? undefined : plot.x + share * plot.width
  }
  const placeY = (v: number) => {
    const share = y.share(v)
    return share === undefined ? undefined : plot.y + plot.height - share * plot.height
  }
  let undrawn = 0
  const points = present.flatMap(({ s, j, p }): PlacedPoint[] => {
    const [px, py] = [placeX(p.x), placeY(p.y)]
    if (px === undefined || py === undefined) {
      undrawn++
      return []
    }
    const bar = p.lower === undefined || p.upper === undefined ? null : ([placeY(p.lower) ?? plot.y + plot.height, placeY(p.upper) ?? py] as const) // biome-ignore format: one line
    return [{ series: s, point: j, x: px, y: py, bar }]
  })
  const missing = reasons.map((text, r) => {
    const here = absent.filter(a => cut(a.text) === text)
    return {
      text,
      y: missingTop + r * MISSING_ROW + MISSING_ROW / 2 - 1,
      // Several at one place stand beside each other.
      at: here.flatMap(a => {
        const px = placeX(a.p.x)
        if (px === undefined) return []
        const mates = here.filter(b => b.p.x === a.p.x)
        return [{ series: a.s, point: a.j, x: px + (mates.indexOf(a) - (mates.length - 1) / 2) * CROSS_APART }]
      }),
    }
  })
  const xTicks = ticksOf(figure.x, x, plot.width, false)
  const yTicks = ticksOf(figure.y, y, plot.height, true)
  const foot = [
    ...(undrawn > 0 ? [`${undrawn} ${undrawn === 1 ? 'point is' : 'points are'} not above 0 and cannot stand on a log axis; the table has them.`] : []), // biome-ignore format: one line
    ...(picture.foot ?? []),
  ].flatMap(line => wrapped(line, width - 8, SMALL))
  const footTop = plot.y + plot.height + 46
  return {
    width,
    height: footTop + foot.length * 14 + (foot.length > 0 ? 4 : -4),
    titleY,
    plot,
    x,
    y,
    xTicks,
    yTicks,
    xLabel: axisLabel(figure.x, xTicks),
    yLabel: axisLabel(figure.y, yTicks),
    yLabelY,
    legend: rows.map(r => ({ ...r, y: legendTop + r.row * ROW + 12 })),
    marks: marks.map(m => ({ ...m, y: markTop + m.row * 15 + 11 })),
    points,
    missing,
    undrawn,
    foot: foot.map((text, i) => ({ text, y: footTop + i * 14 + 6 })),
  }
}

/** Labels of vertical marks in rows of their own above the plot, so that none lies on data or on another. */
function placeMarks(figure: LineFigure, axis: Axis, left: number, width: number) {
  const ends: number[][] = []
  return figure.marks.flatMap(mark => {
    const share = axis.share(mark.x)
    if (share === undefined) return []
    const x = left + share * width
    const wide = textWidth(mark.label, SMALL)
    // To the side with room; a label too long for either begins at the edge.
    const anchor = x + 5 + wide <= left + width || x < left + width / 2 ? ('start' as const) : ('end' as const)
    const textX =
      anchor === 'start' ? Math.max(4, Math.min(x + 5, left + width + RIGHT - wide)) : Math.max(wide + 4, x - 5)
    const [from, to] = anchor === 'start' ? [textX, textX + wide] : [textX - wide, textX]
    let row = 0
    while (ends[row]?.some((_, k, list) => k % 2 === 0 && from < list[k + 1]! + 12 && to > list[k]! - 12)) row++
    const used = ends[row] ?? []
    used.push(from, to)
    ends[row] = used
    return [{ x, textX, label: mark.label, anchor, row }]
  })
}
