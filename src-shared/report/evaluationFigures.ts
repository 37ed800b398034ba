import { plainText } from './axisTicks.ts'
import { figure, OKABE_ITO } from './markup.ts'
import { type Inks, SVG_INKS, svgPen } from './pen.ts'

/** What an example picture shows: one window, a strip a track. */
export interface ExamplePanel {
  readonly region: string
  readonly binSize: number
  readonly tracks: readonly {
    readonly name: string
    readonly experiment: readonly number[]
    readonly predicted: readonly number[]
    readonly compared?: readonly number[]
  }[]
}

const WIDTH = 760
const LEFT = 64
const RIGHT = 14
const STRIP = 62
const GAP = 26
const COLOURS = { experiment: OKABE_ITO.green, predicted: '#5c6b73', compared: OKABE_ITO.vermilion } as const

/** Experiment and predictions of one window, one strip and one scale a track, from zero. */
export function examplePanelFigure(
  panel: ExamplePanel,
  models: readonly [string] | readonly [string, string],
  inks: Inks = SVG_INKS,
): string {
  const pen = svgPen()
  const plot = WIDTH - LEFT - RIGHT
  pen.text(LEFT, 16, `${panel.region}, bins of ${panel.binSize} bp`, { weight: 600, fill: inks.ink })
  const entries = [['experiment', COLOURS.experiment], [models[0], COLOURS.predicted], ...(models[1] ? [[models[1], COLOURS.compared]] : [])] as [string, string][] // biome-ignore format: one table
  let from = LEFT
  for (const [name, colour] of entries) {
    pen.line(from, 29, from + 16, 29, colour, 2)
    pen.text(from + 20, 33, name, { size: 11, fill: inks.ink })
    from += 40 + name.length * 6.4
  }
  panel.tracks.forEach((track, t) => {
    const top = 62 + t * (STRIP + GAP)
    const rows = [track.experiment, track.predicted, ...(track.compared ? [track.compared] : [])]
    const most = Math.max(1e-9, ...rows.flat())
    const bins = track.experiment.length
    const points = (values: readonly number[]) =>
      values.flatMap((v, i): [number, number][] => {
        const y = top + STRIP - (Math.max(0, v) / most) * STRIP
        return [[LEFT + (i / bins) * plot, y], [LEFT + ((i + 1) / bins) * plot, y]] // biome-ignore format: one thought
      })
    pen.text(LEFT, top - 5, track.name, { size: 11, fill: inks.ink })
    pen.text(LEFT - 6, top + 8, plainText(most), { anchor: 'end', size: 10, fill: inks.faint })
    pen.text(LEFT - 6, top + STRIP, '0', { anchor: 'end', size: 10, fill: inks.faint })
    pen.line(LEFT, top, LEFT, top + STRIP, inks.faint)
    pen.line(LEFT, top + STRIP, LEFT + plot, top + STRIP, inks.faint)
    pen.polyline(points(track.experiment), COLOURS.experiment, 1.2)
    pen.polyline(points(track.predicted), COLOURS.predicted, 1.4)
    if (track.compared) pen.polyline(points(track.compared), COLOURS.compared, 1.1)
  })
  const height = 62 + panel.tracks.length * (STRIP + GAP)
  return figure(
    {
      width: WIDTH,
      height,
      title: `Experiment and prediction, ${panel.region}`,
      description: panel.tracks.map(t => t.name).join(', '),
    },
    pen.body,
  )
}

export interface ScatterPoint {
  readonly region: string
  readonly assay: string
  readonly x: number
  readonly y: number
}

const SIDE = 300
const POINT_COLOURS = [OKABE_ITO.blue, OKABE_ITO.vermilion, OKABE_ITO.green, '#aa3377', '#5c6b73'] as const

/** Model against model: a point a window and assay, r pooled over the assay's tracks; above the diagonal the other model is better. */
export function modelScatterFigure(
  points: readonly ScatterPoint[],
  models: readonly [string, string],
  inks: Inks = SVG_INKS,
): string {
  const pen = svgPen()
  const [left, top] = [64, 34]
  const low = Math.min(0, ...points.flatMap(p => [p.x, p.y]))
  const at = (r: number) => ((r - low) / (1 - low)) * SIDE
  const assays = [...new Set(points.map(p => p.assay))]
  pen.text(left, 16, 'r by window, pooled over the tracks of an assay', { weight: 600, fill: inks.ink })
  pen.line(left, top + SIDE, left + SIDE, top + SIDE, inks.faint)
  pen.line(left, top, left, top + SIDE, inks.faint)
  pen.line(left, top + SIDE, left + SIDE, top, inks.faint, 1, '3 3')
  for (const tick of [0, 0.25, 0.5, 0.75, 1]) {
    pen.text(left + at(tick), top + SIDE + 14, plainText(tick), { anchor: 'middle', size: 10, fill: inks.faint })
    pen.text(left - 6, top + SIDE - at(tick) + 3, plainText(tick), { anchor: 'end', size: 10, fill: inks.faint })
  }
  pen.text(left + SIDE / 2, top + SIDE + 32, models[0], { anchor: 'middle', size: 11, fill: inks.ink })
  pen.text(left, top - 6, `up: ${models[1]}`, { size: 11, fill: inks.ink })
  for (const p of points) {
    const colour = POINT_COLOURS[assays.indexOf(p.assay) % POINT_COLOURS.length]!
    pen.rect({ x: left + at(p.x) - 2, y: top + SIDE - at(p.y) - 2, width: 4, height: 4 }, colour)
  }
  assays.forEach((assay, i) => {
    pen.rect(
      { x: left + SIDE + 18, y: top + 12 + i * 18, width: 8, height: 8 },
      POINT_COLOURS[i % POINT_COLOURS.length]!,
    )
    pen.text(left + SIDE + 32, top + 20 + i * 18, assay, { size: 11, fill: inks.ink })
  })
  const title = `${models[0]} against ${models[1]}`
  return figure(
    { width: left + SIDE + 150, height: top + SIDE + 44, title, description: `${points.length} points` },
    pen.body,
  )
}
