import { cssRgb, type Rgb } from './colourScale.ts'
import { type HeatGrid, MARK } from './heat.ts'
import { FAINT, GRID, INK, PAPER, svgLine, svgRect, svgText, type TextStyle } from './markup.ts'

/** Colours of a picture's ink: variables of the page in an SVG, plain colours on a canvas. */
export interface Inks {
  readonly ink: string
  readonly faint: string
  readonly grid: string
  readonly paper: string
}
export const SVG_INKS: Inks = { ink: INK, faint: FAINT, grid: GRID, paper: PAPER }

/** Part of a grid's columns that is shown, as fractions of a column: [from, to). */
export interface ColumnRange {
  readonly from: number
  readonly to: number
}

export interface Box {
  readonly x: number
  readonly y: number
  readonly width: number
  readonly height: number
}

/** Colours of a grid's levels, and of what has no value. */
export interface HeatColours {
  readonly levels: readonly Rgb[]
  /** The level that means nothing: the middle of a diverging scale, the foot of another. */
  readonly middle: number
  readonly paper: Rgb
  readonly missing: Rgb
  readonly unknown: Rgb
  readonly reference: Rgb
  readonly never: Rgb
}

/** What a picture is drawn with. One drawing serves the window (a canvas) and an export (SVG): they cannot differ. Units: px. */
export interface Pen {
  rect(box: Box, fill: string, stroke?: string): void
  line(x1: number, y1: number, x2: number, y2: number, stroke: string, width?: number, dash?: string): void
  polyline(
    points: readonly (readonly [number, number])[],
    stroke: string,
    width?: number,
    fill?: string,
    dash?: string,
  ): void
  text(x: number, y: number, text: string, style?: TextStyle): void
  /** An outline in a unit box, stretched into `box`; `opacity` 0 to 1. */
  glyph(path: string, box: Box, fill: string, opacity?: number): void
  cells(grid: HeatGrid, columns: ColumnRange, box: Box, colours: HeatColours): void
}

/** Distance of an estimate's stripes, px. */
export const STRIPE = 4

const n = (x: number) => String(Math.round(x * 100) / 100)

/** Draws into lines of SVG. */
export function svgPen(): Pen & { readonly body: string[] } {
  const body: string[] = []
  let pattern = 0
  return {
    body,
    rect: (b, fill, stroke) => void body.push(svgRect(b.x, b.y, b.width, b.height, fill, stroke)),
    line: (...args) => void body.push(svgLine(...args)),
    polyline(points, stroke, width = 1, fill = 'none', dash = '') {
      const d = points.map(([x, y], i) => `${i === 0 ? 'M' : 'L'}${n(x)} ${n(y)}`).join('')
      const dashed = dash ? ` stroke-dasharray="${dash}"` : ''
      body.push(
        `<path d="${d}" fill="${fill}" stroke="${stroke}" stroke-width="${n(width)}" stroke-linejoin="round"${dashed}/>`,
      )
    },
    text: (x, y, text, style) => void body.push(svgText(x, y, text, style)),
    glyph(path, b, fill, opacity = 1) {
      const clear = opacity < 1 ? ` fill-opacity="${n(opacity)}"` : ''
      body.push(
        `<path d="${path}" transform="matrix(${n(b.width)} 0 0 ${n(b.height)} ${n(b.x)} ${n(b.y)})" fill="${fill}"${clear} fill-rule="evenodd"/>`,
      )
    },
    cells(grid, columns, box, colours) {
      const stripes = `stripes-${pattern++}`
      body.push(svgCells(grid, columns, box, colours, stripes))
    },
  }
}

/** Cells as one path a colour, neighbours of one colour joined: a scan of 2,000 positions stays below a megabyte. */
function svgCells(grid: HeatGrid, columns: ColumnRange, box: Box, colours: HeatColours, stripes: string): string {
  const first = Math.max(0, Math.floor(columns.from))
  const last = Math.min(grid.columns, Math.ceil(columns.to))
  const wide = box.width / (columns.to - columns.from)
  const high = box.height / grid.rows
  const paths = new Map<string, string[]>()
  const striped: string[] = []
  for (let r = 0; r < grid.rows; r++) {
    const key = (c: number) => grid.marks[r * grid.columns + c]! * 256 + grid.levels[r * grid.columns + c]!
    for (let c = first; c < last; ) {
      let end = c + 1
      while (end < last && key(end) === key(c)) end++
      const x = box.x + (Math.max(c, columns.from) - columns.from) * wide
      const to = box.x + (Math.min(end, columns.to) - columns.from) * wide
      const d = `M${n(x)} ${n(box.y + r * high)}h${n(to - x)}v${n(high)}h${n(x - to)}z`
      const at = r * grid.columns + c
      const colour = cssRgb(cellColour(grid.marks[at]!, grid.levels[at]!, colours))
      const list = paths.get(colour) ?? []
      list.push(d)
      paths.set(colour, list)
      if (grid.marks[at] === MARK.estimate) striped.push(d)
      c = end
    }
  }
  const fills = [...paths].map(
    ([colour, d]) => `<path d="${d.join('')}" fill="${colour}" shape-rendering="crispEdges"/>`,
  )
  if (striped.length > 0)
    fills.push(
      `<pattern id="${stripes}" width="${STRIPE}" height="${STRIPE}" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><rect width="1" height="${STRIPE}" fill="${cssRgb(colours.paper)}"/></pattern>`,
      `<path d="${striped.join('')}" fill="url(#${stripes})"/>`,
    )
  return fills.join('')
}

/** What one cell is filled with, stripes of estimates apart. */
export function cellColour(mark: number, level: number, colours: HeatColours): Rgb {
  switch (mark) {
    case MARK.missing:
      return colours.missing
    case MARK.unknown:
      return colours.unknown
    case MARK.reference:
      return colours.reference
    case MARK.never:
      return colours.never
    default:
      return colours.levels[level] ?? colours.missing
  }
}
