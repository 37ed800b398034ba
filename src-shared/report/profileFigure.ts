import { plainText, positionTicks, signedText } from './axisTicks.ts'
import type { Theme } from './colourScale.ts'
import { figure, OKABE_ITO } from './markup.ts'
import { type Inks, type Pen, SVG_INKS, svgPen } from './pen.ts'

/** One mutation along the window: what the model says of both sequences, their difference, and what an experiment measured there. */
export interface ProfilePicture {
  readonly contig: string
  /** 0-based start of the first bin, and its width. */
  readonly start: number
  readonly binBp: number
  readonly reference: ArrayLike<number>
  readonly alternative: ArrayLike<number>
  readonly position: number
  readonly referenceName: string
  readonly alternativeName: string
  readonly unit: string
  /** In the same bins; NaN where nothing was measured. */
  readonly experiment?: { readonly name: string; readonly values: ArrayLike<number> }
  readonly width: number
  readonly theme: Theme
  readonly title?: string
}

export const PROFILE_COLOURS = {
  light: { reference: '#5c6b73', alternative: OKABE_ITO.vermilion, more: OKABE_ITO.vermilion, less: OKABE_ITO.blue, experiment: OKABE_ITO.green }, // biome-ignore format: one table
  dark: { reference: '#aab6bc', alternative: '#f07a35', more: '#f07a35', less: '#58a9e8', experiment: '#2fc39a' },
} as const

const LEFT = 58
const RIGHT = 12
const PANEL = 74
const GAP = 20
const AXIS = 34

export interface ProfileLayout {
  readonly left: number
  readonly plot: number
  readonly height: number
  readonly top: number
}

export function profileLayout(picture: Pick<ProfilePicture, 'width' | 'experiment' | 'title'>): ProfileLayout {
  const top = picture.title ? 34 : 16
  const panels = picture.experiment ? 3 : 2
  return { left: LEFT, plot: Math.max(40, picture.width - LEFT - RIGHT), top, height: top + panels * PANEL + (panels - 1) * GAP + AXIS } // biome-ignore format: one line
}

/** Index of the bin under a point of the plot; undefined beside it. */
export function binAt(layout: ProfileLayout, bins: number, x: number): number | undefined {
  const share = (x - layout.left) / layout.plot
  return share < 0 || share >= 1 ? undefined : Math.floor(share * bins)
}

const largest = (values: ArrayLike<number>) => {
  let top = 0
  for (let i = 0; i < values.length; i++) if (values[i]! > top) top = values[i]!
  return top
}

export function drawProfile(pen: Pen, picture: ProfilePicture, inks: Inks): void {
  const { left, plot, top } = profileLayout(picture)
  const { reference, alternative, experiment } = picture
  const bins = reference.length
  const colours = PROFILE_COLOURS[picture.theme]
  const x = (bin: number) => left + (bin / bins) * plot
  const steps = (values: ArrayLike<number>, y: (v: number) => number) => {
    const points: [number, number][] = []
    for (let i = 0; i < bins; i++) {
      const v = values[i]!
      if (Number.isFinite(v)) points.push([x(i), y(v)], [x(i + 1), y(v)])
    }
    return points
  }
  if (picture.title) pen.text(left, 14, picture.title, { weight: 600, fill: inks.ink })
  const key = (at: number, entries: readonly (readonly [string, string])[]) => {
    let from = left
    for (const [name, colour] of entries) {
      pen.line(from, at - 4, from + 16, at - 4, colour, 2)
      pen.text(from + 20, at, name, { size: 11, fill: inks.ink })
      from += 34 + name.length * 6.2
    }
  }
  const frame = (y: number, high: string, low: string) => {
    pen.line(left, y, left, y + PANEL, inks.faint)
    pen.line(left, y + PANEL, left + plot, y + PANEL, inks.faint)
    pen.text(left - 6, y + 8, high, { anchor: 'end', size: 10, fill: inks.faint })
    pen.text(left - 6, y + PANEL + 3, low, { anchor: 'end', size: 10, fill: inks.faint })
  }
  // Both sequences on one axis from zero.
  const most = Math.max(largest(reference), largest(alternative)) || 1
  const level = (v: number) => top + PANEL - (Math.max(0, v) / most) * PANEL
  frame(top, plainText(most), '0')
  key(top - 5, [[picture.referenceName, colours.reference], [picture.alternativeName, colours.alternative]]) // biome-ignore format: one line
  pen.polyline(steps(reference, level), colours.reference, 1.4)
  pen.polyline(steps(alternative, level), colours.alternative, 1.1)
  // Their difference about zero.
  const middle = top + PANEL + GAP
  let range = 0
  for (let i = 0; i < bins; i++) range = Math.max(range, Math.abs(alternative[i]! - reference[i]!))
  frame(middle, signedText(range), signedText(-range))
  key(middle - 5, [['difference', inks.faint]])
  const zero = middle + PANEL / 2
  pen.line(left, zero, left + plot, zero, inks.faint, 0.7)
  if (range > 0)
    for (let i = 0; i < bins; i++) {
      const d = alternative[i]! - reference[i]!
      const high = (Math.abs(d) / range) * (PANEL / 2)
      if (high >= 0.05)
        pen.rect({ x: x(i), y: d > 0 ? zero - high : zero, width: Math.max(plot / bins, 0.7), height: high }, d > 0 ? colours.more : colours.less) // biome-ignore format: one bar
    }
  let bottom = middle + PANEL
  if (experiment) {
    const from = bottom + GAP
    const peak = largest(experiment.values) || 1
    frame(from, plainText(peak), '0')
    key(from - 5, [[experiment.name, colours.experiment]])
    pen.polyline(
      steps(experiment.values, v => from + PANEL - (Math.max(0, v) / peak) * PANEL),
      colours.experiment,
      1.1,
    )
    bottom = from + PANEL
  }
  const end = picture.start + bins * picture.binBp
  const at = left + ((picture.position + 0.5 - picture.start) / (end - picture.start)) * plot
  pen.line(at, top, at, bottom, '#aa3377', 1, '3 3')
  for (const tick of positionTicks(picture.start, end, Math.max(1, Math.floor(plot / 120)))) {
    const tx = left + ((tick + 0.5 - picture.start) / (end - picture.start)) * plot
    pen.line(tx, bottom, tx, bottom + 5, inks.faint)
    pen.text(tx, bottom + 16, (tick + 1).toLocaleString('en-US'), { anchor: 'middle', size: 10, fill: inks.faint })
  }
  pen.text(left, bottom + 30, `${picture.contig}, bins of ${picture.binBp} bp${picture.unit ? `; ${picture.unit}` : ''}`, { size: 11, fill: inks.faint }) // biome-ignore format: one line
}

/** The picture as SVG with the page's ink. */
export function profileFigure(picture: ProfilePicture, inks: Inks = SVG_INKS): string {
  const pen = svgPen()
  drawProfile(pen, picture, inks)
  return figure(
    {
      width: picture.width,
      height: profileLayout(picture).height,
      title: picture.title ?? `${picture.referenceName} and ${picture.alternativeName} along the window`,
      description: `${picture.reference.length} bins of ${picture.binBp} bp from ${picture.contig}:${picture.start + 1}`,
    },
    pen.body,
  )
}
