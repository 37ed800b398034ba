import { type Scale, scaled } from '../../src-shared/genome/prediction.ts'
import { positionTicks } from '../../src-shared/report/axisTicks.ts'
import { FAINT, figure, GRID, INK, svgLine, svgText } from '../../src-shared/report/markup.ts'
import { axisTicks, roundUp, SCALE_TEXT, shortNumber } from './scales.ts'

/** Predicted and observed values along an axis, and what is left between them. NaN: no value. */
export interface Profile {
  /** Where the first bin starts and how wide a bin is, in the axis' own unit. */
  readonly start: number
  readonly binWidth: number
  readonly predicted: Float32Array
  readonly observed: Float32Array
}

export interface ProfileLabels {
  readonly title: string
  readonly note: string
  /** Of the values. */
  readonly units: string
  /** Of the places: `chr1 (bp)`. */
  readonly places: string
  /** A place as it is read: 1-based positions, distances with a sign. */
  readonly place?: (at: number) => string
}

const LEFT = 46
const RIGHT = 8
const TOP = 16
const MAIN = 110
const GAP = 16
const REST = 64
const BOTTOM = 32
const PREDICTED = '#0072B2'
const OBSERVED = '#E69F00'
const RESIDUAL = '#8a4a78'
const MOST_POINTS = 700

/** What a bin of the picture stands for: the mean of the known values of the bins that share it. */
export function thin(values: Float32Array, most: number): Float32Array {
  const merge = Math.max(1, Math.ceil(values.length / most))
  if (merge === 1) return values
  return Float32Array.from({ length: Math.ceil(values.length / merge) }, (_, i) => {
    let sum = 0
    let n = 0
    for (let k = i * merge; k < Math.min(values.length, (i + 1) * merge); k++)
      if (!Number.isNaN(values[k]!)) {
        sum += values[k]!
        n++
      }
    return n > 0 ? sum / n : Number.NaN
  })
}

/** Above: observed as an area, predicted as a line, on one axis. Below: predicted minus observed. */
export function profileFigure(profile: Profile, scale: Scale, labels: ProfileLabels, width: number): string {
  const merge = Math.max(1, Math.ceil(profile.predicted.length / MOST_POINTS))
  const predicted = thin(profile.predicted, MOST_POINTS)
  const observed = thin(profile.observed, MOST_POINTS)
  const residual = predicted.map((p, i) => scaled(scale, p) - scaled(scale, observed[i]!))
  const bin = profile.binWidth * merge
  const end = profile.start + profile.predicted.length * profile.binWidth
  const size = width - LEFT - RIGHT
  const px = (at: number) => LEFT + ((Math.min(end, at) - profile.start) / (end - profile.start || 1)) * size
  const largest = (values: Float32Array) => values.reduce((top, v) => (v > top ? v : top), 0)
  const top = roundUp(Math.max(largest(predicted), largest(observed)))
  const y = (v: number) => TOP + MAIN - Math.max(0, Math.min(1, scaled(scale, v) / scaled(scale, top))) * MAIN
  const reach = roundUp(largest(residual.map(Math.abs)))
  const zero = TOP + MAIN + GAP + REST / 2
  const yr = (v: number) => zero - Math.max(-1, Math.min(1, v / reach)) * (REST / 2)
  const body: string[] = []
  for (const tick of axisTicks(scale, top))
    body.push(
      svgLine(LEFT, y(tick), LEFT + size, y(tick), GRID, 0.5),
      svgText(LEFT - 4, y(tick) + 4, shortNumber(tick), { anchor: 'end', fill: FAINT, size: 10 }),
    )
  for (const [v, text] of [
    [reach, `+${shortNumber(reach)}`],
    [0, '0'],
    [-reach, `−${shortNumber(reach)}`],
  ] as const)
    body.push(
      svgLine(LEFT, yr(v), LEFT + size, yr(v), GRID, v === 0 ? 1 : 0.5),
      svgText(LEFT - 4, yr(v) + 4, text, { anchor: 'end', fill: FAINT, size: 10 }),
    )
  const steps = (values: Float32Array, place: (v: number) => number, base: number, closed: boolean) => {
    let d = ''
    let open = false
    const n = (v: number) => String(Math.round(v * 10) / 10)
    for (let i = 0; i <= values.length; i++) {
      const v = values[i]
      if (v === undefined || Number.isNaN(v)) {
        if (open && closed) d += `L${n(px(profile.start + i * bin))} ${n(base)}Z`
        open = false
        continue
      }
      const [x0, x1] = [n(px(profile.start + i * bin)), n(px(profile.start + (i + 1) * bin))]
      if (!open) d += closed ? `M${x0} ${n(base)}` : `M${x0} ${n(place(v))}`
      d += `L${x0} ${n(place(v))}L${x1} ${n(place(v))}`
      open = true
    }
    return d
  }
  body.push(
    `<path d="${steps(observed, y, y(0), true)}" fill="${OBSERVED}" fill-opacity="0.75"/>`,
    `<path d="${steps(predicted, y, y(0), false)}" fill="none" stroke="${PREDICTED}" stroke-width="1.3"/>`,
    `<path d="${steps(residual, yr, zero, true)}" fill="${RESIDUAL}" fill-opacity="0.8"/>`,
    svgLine(LEFT, TOP + MAIN, LEFT + size, TOP + MAIN, INK, 1),
  )
  const place = labels.place ?? ((at: number) => (at + 1).toLocaleString('en-US'))
  const bottom = TOP + MAIN + GAP + REST
  const ticks = positionTicks(profile.start, end, width < 500 ? 4 : 6)
  for (const tick of ticks.length > 1 ? ticks : positionTicks(profile.start, end, 9))
    body.push(
      svgLine(px(tick), bottom, px(tick), bottom + 4, FAINT),
      svgText(px(tick), bottom + 15, place(tick), { anchor: 'middle', fill: FAINT, size: 10 }),
    )
  const unit = [labels.units, SCALE_TEXT[scale]].filter(Boolean).join(', ')
  body.push(
    `<rect x="${LEFT}" y="3" width="10" height="8" fill="${OBSERVED}"/>`,
    svgText(LEFT + 14, 11, 'observed', { size: 10 }),
    svgLine(LEFT + 70, 7, LEFT + 84, 7, PREDICTED, 2),
    svgText(LEFT + 88, 11, 'predicted', { size: 10 }),
    svgText(LEFT + size, 11, unit, { size: 10, anchor: 'end', fill: FAINT }),
    svgText(LEFT + 4, TOP + MAIN + GAP - 3, 'predicted − observed', { size: 10, fill: RESIDUAL }),
    svgText(LEFT + size / 2, bottom + 28, labels.places, { size: 10, anchor: 'middle', fill: FAINT }),
  )
  return figure({ width, height: bottom + BOTTOM, title: labels.title, description: labels.note }, body)
}
