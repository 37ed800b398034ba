import type { FigureSeries } from '../lab/page.ts'
import { cssRgb, paler, type Rgb, type Theme } from './colourScale.ts'
import type { Pen } from './pen.ts'

/** How a series looks: shape and colour together tell it from the others, so neither does alone. */
export interface Look {
  readonly colour: string
  readonly marker: number
  /** Another machine's or a published series: a ring instead of a filled shape. */
  readonly hollow: boolean
  readonly dash: string
  readonly line: boolean
  /** A line across the figure, without markers. */
  readonly level: boolean
}

/** Okabe and Ito's, without the yellow that white paper swallows; lifted on dark paper. */
const COLOURS: Readonly<Record<Theme, readonly Rgb[]>> = {
  light: [[0, 114, 178], [213, 94, 0], [0, 158, 115], [204, 121, 167], [230, 159, 0], [86, 180, 233], [83, 93, 99]], // biome-ignore format: one table
  dark: [[88, 169, 232], [240, 122, 53], [47, 195, 154], [224, 160, 196], [240, 180, 41], [155, 211, 245], [165, 175, 180]], // biome-ignore format: one table
}
const PAPERS: Readonly<Record<Theme, Rgb>> = { light: [255, 255, 255], dark: [36, 40, 43] }
const PALER: Readonly<Record<Theme, number>> = { light: 0.38, dark: 0.22 }

const ring = (points: readonly (readonly [number, number])[]) =>
  `${points.map(([x, y], i) => `${i === 0 ? 'M' : 'L'}${x} ${y}`).join('')}Z`
const turned = (corners: number, turn: number) =>
  Array.from({ length: corners }, (_, i): [number, number] => {
    const angle = 2 * Math.PI * (i / corners + turn)
    return [round(0.5 + 0.5 * Math.sin(angle)), round(0.5 - 0.5 * Math.cos(angle))]
  })
const round = (x: number) => Math.round(x * 1000) / 1000
const inner = (points: readonly (readonly [number, number])[], share: number) => {
  const middle = points.reduce((sum, [x, y]) => [sum[0] + x / points.length, sum[1] + y / points.length] as const, [0, 0] as const) // biome-ignore format: one line
  return points.map(([x, y]): [number, number] => [round(middle[0] + (x - middle[0]) * share), round(middle[1] + (y - middle[1]) * share)]) // biome-ignore format: one line
}

/** Outlines in a unit box: circle, square, triangle, diamond, triangle upside down, pentagon, hexagon on its side. */
const SHAPES: readonly (readonly (readonly [number, number])[])[] = [
  turned(24, 0),
  [[0.06, 0.06], [0.94, 0.06], [0.94, 0.94], [0.06, 0.94]], // biome-ignore format: one shape
  [
    [0.5, 0],
    [1, 0.92],
    [0, 0.92],
  ],
  [[0.5, -0.08], [1.08, 0.5], [0.5, 1.08], [-0.08, 0.5]], // biome-ignore format: one shape
  [
    [0, 0.08],
    [1, 0.08],
    [0.5, 1],
  ],
  turned(5, 0),
  turned(6, 0.25),
]

export const MARKER_SHAPES = SHAPES.length

/** A marker about (x, y), `size` px across. */
export function drawMarker(
  pen: Pen,
  x: number,
  y: number,
  size: number,
  look: Pick<Look, 'marker' | 'hollow' | 'colour'>,
) {
  // biome-ignore format: one line
  const shape = SHAPES[look.marker % SHAPES.length] ?? SHAPES[0]!
  const path = look.hollow ? `${ring(shape)}${ring(inner(shape, 0.56))}` : ring(shape)
  pen.glyph(path, { x: x - size / 2, y: y - size / 2, width: size, height: size }, look.colour)
}

/** A value that is not there: a cross, whatever the colour. */
export function drawCross(pen: Pen, x: number, y: number, size: number, colour: string) {
  const d = size / 2
  pen.line(x - d, y - d, x + d, y + d, colour, 1.5)
  pen.line(x - d, y + d, x + d, y - d, colour, 1.5)
}

/** The look of every series, in their order: colours by group, shapes by name, so that a series of another machine has its own's. */
export function looksOf(series: readonly FigureSeries[], theme: Theme): readonly Look[] {
  const groups = [...new Set(series.map(s => s.group ?? s.name))]
  const names = [...new Set(series.filter(s => s.style !== 'level').map(s => s.name))]
  return series.map(s => {
    const away = s.from !== undefined
    const colour = COLOURS[theme][groups.indexOf(s.group ?? s.name) % COLOURS[theme].length]!
    return {
      colour: cssRgb(away ? paler(colour, PAPERS[theme], PALER[theme]) : colour),
      marker: Math.max(0, names.indexOf(s.name)) % SHAPES.length,
      hollow: away,
      dash: s.style === 'level' ? '10 3 2 3' : s.style === 'dashed' ? '6 4' : away ? '2 3' : '',
      line: s.style !== 'points',
      level: s.style === 'level',
    }
  })
}

/** As a legend names it. */
export const seriesName = (s: FigureSeries): string =>
  s.from === undefined || s.name.includes(s.from) ? s.name : `${s.name} (${s.from})`
