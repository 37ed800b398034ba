import { type Scale, scaled } from '../../src-shared/genome/prediction.ts'
import { axisTicks, shortNumber } from '../charts/scales.ts'
import { AXIS } from './colours.ts'
import type { PredictedData, PredictedSeries } from './predictedData.ts'

/** Pixels of one panel: its place in the canvas and what its columns show. */
export interface PanelPlace {
  readonly bpStart: number
  readonly bpPerPixel: number
  readonly width: number
  readonly top: number
  readonly height: number
}

export interface PanelAxis {
  readonly scale: Scale
  /** Zero in the middle instead of at the bottom. */
  readonly signed: boolean
  readonly top: number
}

const HATCH = 'rgb(150,150,150)'
const WAITING = 'rgb(240,243,245)'
const WAITING_INK = 'rgb(83,93,99)'

/** Space above the data, so that a peak at the top of the scale does not touch the panel's edge. */
const HEAD_PX = 3

/** Where a value lies in a panel, in pixels from the canvas' top; beyond the scale it lies at its end. */
export function yOf(value: number, { top, height }: Pick<PanelPlace, 'top' | 'height'>, axis: PanelAxis): number {
  const share = Math.max(-1, Math.min(1, scaled(axis.scale, value) / scaled(axis.scale, axis.top)))
  const span = height - HEAD_PX - 1
  return axis.signed ? top + HEAD_PX + (span / 2) * (1 - share) : top + HEAD_PX + span * (1 - Math.max(0, share))
}

/** Runs [from, to) of bins for which something holds. */
export function runsOf(count: number, holds: (bin: number) => boolean): readonly (readonly [number, number])[] {
  const runs: [number, number][] = []
  let from = -1
  for (let i = 0; i <= count; i++) {
    const yes = i < count && holds(i)
    if (yes && from < 0) from = i
    else if (!yes && from >= 0) {
      runs.push([from, i])
      from = -1
    }
  }
  return runs
}

export function drawPanel(
  context: CanvasRenderingContext2D,
  place: PanelPlace,
  data: PredictedData,
  series: readonly PredictedSeries[],
  axis: PanelAxis,
): void {
  const x = (bin: number) => (data.start + bin * data.binBp - place.bpStart) / place.bpPerPixel
  const inside = (from: number, to: number) => x(to) > 0 && x(from) < place.width
  const predicted = series.some(s => s.kind === 'predicted')
  const waiting = predicted ? runsOf(data.count, i => data.computed[i] === 0) : []
  for (const [from, to] of waiting) {
    if (!inside(from, to)) continue
    context.fillStyle = WAITING
    context.fillRect(Math.max(0, x(from)), place.top, Math.min(place.width, x(to)) - Math.max(0, x(from)), place.height)
  }
  for (const s of series) drawSeries(context, place, data, s, axis, x)
  const zero = yOf(0, place, axis)
  context.fillStyle = 'rgb(190,196,199)'
  context.fillRect(0, Math.round(zero), place.width, 1)
  if (!predicted) return
  for (const [from, to] of runsOf(data.count, i => data.unknown[i] === 1))
    if (inside(from, to))
      hatch(context, Math.max(0, x(from)), Math.min(place.width, Math.max(x(to), x(from) + 2)), place)
  for (const [from, to] of runsOf(data.count, i => data.deleted?.[i] === 1)) {
    if (!inside(from, to)) continue
    context.fillStyle = 'rgba(60,60,60,0.18)'
    context.fillRect(x(from), place.top, Math.max(1, x(to) - x(from)), place.height)
  }
  if (waiting.length > 0 && data.waiting) {
    context.fillStyle = WAITING_INK
    context.font = '11px sans-serif'
    context.textAlign = 'center'
    for (const [from, to] of waiting) {
      // Where a run can be seen it is labelled: in the middle third of the canvas, which is the screen, if it reaches there.
      const third = place.width / 3
      const [left, right] = [Math.max(x(from), 0), Math.min(x(to), place.width)]
      const [l, r] =
        right > third && left < 2 * third ? [Math.max(left, third), Math.min(right, 2 * third)] : [left, right]
      if (r - l > context.measureText(data.waiting).width + 8)
        context.fillText(data.waiting, (l + r) / 2, place.top + place.height / (axis.signed ? 4 : 2) + 4)
    }
  }
}

function drawSeries(
  context: CanvasRenderingContext2D,
  place: PanelPlace,
  data: PredictedData,
  series: PredictedSeries,
  axis: PanelAxis,
  x: (bin: number) => number,
) {
  const zero = yOf(0, place, axis)
  const first = Math.max(0, Math.floor((place.bpStart - data.start) / data.binBp))
  const last = Math.min(
    data.count,
    Math.ceil((place.bpStart + place.width * place.bpPerPixel - data.start) / data.binBp),
  )
  const known = (values: Float32Array) => runsOf(Math.max(0, last - first), i => !Number.isNaN(values[first + i]!))
  const area = (values: Float32Array, alpha: number) => {
    context.globalAlpha = alpha
    context.fillStyle = series.colour
    for (const [from, to] of known(values)) {
      context.beginPath()
      context.moveTo(x(first + from), zero)
      for (let i = first + from; i < first + to; i++) {
        const y = yOf(series.direction * values[i]!, place, axis)
        context.lineTo(x(i), y)
        context.lineTo(x(i + 1), y)
      }
      context.lineTo(x(first + to), zero)
      context.closePath()
      context.fill()
    }
    context.globalAlpha = 1
  }
  const observed = series.kind === 'observed'
  // The largest of what was merged stands pale behind the mean.
  if (series.max !== series.mean) area(series.max, observed ? 0.45 : 0.28)
  area(series.mean, observed ? 0.85 : 0.2)
  if (observed) return
  context.strokeStyle = series.colour
  context.lineWidth = 1.4
  // igv.js' own recorder of SVG does not know dashes.
  context.setLineDash?.(series.dashed ? [5, 4] : [])
  for (const [from, to] of known(series.mean)) {
    context.beginPath()
    for (let i = first + from; i < first + to; i++) {
      const y = yOf(series.direction * series.mean[i]!, place, axis)
      if (i === first + from) context.moveTo(x(i), y)
      else context.lineTo(x(i), y)
      context.lineTo(x(i + 1), y)
    }
    context.stroke()
  }
  context.setLineDash?.([])
}

/** Diagonal lines: nothing is known of these bases. Lines, not a pattern, so that they reach an SVG too. */
function hatch(context: CanvasRenderingContext2D, left: number, right: number, { top, height }: PanelPlace) {
  context.strokeStyle = HATCH
  context.lineWidth = 1
  const step = 6
  for (let start = Math.floor((left - height) / step) * step; start < right; start += step) {
    // From the bottom up to the right, cut at both sides.
    const x0 = Math.max(left, start)
    const x1 = Math.min(right, start + height)
    if (x1 <= x0) continue
    context.beginPath()
    context.moveTo(x0, top + height - (x0 - start))
    context.lineTo(x1, top + height - (x1 - start))
    context.stroke()
  }
}

/** Numbers at the right, the unit upright at the left. */
export function paintPanelAxis(
  context: CanvasRenderingContext2D,
  { width, top, height }: { readonly width: number; readonly top: number; readonly height: number },
  axis: PanelAxis,
  unit: string,
): void {
  context.fillStyle = AXIS
  context.font = '10px sans-serif'
  context.textAlign = 'right'
  context.fillRect(width - 1, top + HEAD_PX, 1, height - HEAD_PX)
  const up = axisTicks(axis.scale, axis.top)
  const ticks = axis.signed ? [...up.slice(1).map(t => -t), ...up].sort((a, b) => b - a) : up.toReversed()
  // Both ends first: they say what the scale is.
  const ends = [ticks[0]!, ticks.at(-1)!]
  const placed: number[] = []
  for (const value of [...ends, ...ticks.slice(1, -1)]) {
    const y = yOf(value, { top, height }, axis)
    if (placed.some(p => Math.abs(p - y) < 12)) continue
    placed.push(y)
    context.fillRect(width - 5, Math.round(y), 5, 1)
    context.fillText(shortNumber(Math.abs(value)), width - 7, Math.min(top + height - 2, Math.max(top + 9, y + 4)))
  }
  if (!unit || height < 40) return
  context.save()
  context.translate(8, top + height / 2)
  context.rotate(-Math.PI / 2)
  context.textAlign = 'center'
  context.font = '9px sans-serif'
  let text = unit
  while (text.length > 3 && context.measureText(text).width > height - 4) text = `${text.slice(0, -2).trimEnd()}…`
  context.fillText(text, 0, 0)
  context.restore()
}
