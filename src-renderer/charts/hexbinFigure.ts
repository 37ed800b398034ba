import { scaled, type TrackComparison } from '../../src-shared/genome/prediction.ts'
import { cssRgb, LEVELS, logLevel, sequentialColours } from '../../src-shared/report/colourScale.ts'
import { FAINT, figure, GRID, svgLine, svgText } from '../../src-shared/report/markup.ts'
import { axisTicks, roundUp, SCALE_TEXT, shortNumber, unscaled } from './scales.ts'

const LEFT = 46
const RIGHT = 58
const TOP = 10
const BOTTOM = 38

/** Pairs of predicted (x) and observed (y) values on hexagons, coloured by how many there are; equal axes, the diagonal dashed. */
export function hexbinFigure(
  hexbin: TrackComparison['hexbin'],
  labels: { readonly units: string; readonly title: string; readonly note: string },
  width: number,
): string {
  const { x, y, count, scale } = hexbin
  const size = Math.min(width - LEFT - RIGHT, 320)
  const height = size + TOP + BOTTOM
  // Pairs are counted at places of the scale. One range for both axes, so that the diagonal means equal; two where one side would
  // be squeezed into a corner.
  const lowest = Math.min(0, ...x, ...y)
  const reach = [Math.max(1e-9, ...x), Math.max(1e-9, ...y)] as const
  const together = Math.max(...reach) / Math.min(...reach) < 5
  const topOf = (furthest: number) => scaled(scale, roundUp(unscaled(scale, furthest)))
  const tops = together ? ([topOf(Math.max(...reach)), topOf(Math.max(...reach))] as const) : ([topOf(reach[0]), topOf(reach[1])] as const) // biome-ignore format: one thought
  const per = tops.map(top => size / (top - lowest || 1)) as [number, number]
  const px = (v: number) => LEFT + (v - lowest) * per[0]
  const py = (v: number) => TOP + size - (v - lowest) * per[1]
  const most = Math.max(1, ...count)
  const colours = sequentialColours()
  // Few pairs are pale and many are dark on white paper.
  const colour = (n: number) => cssRgb(colours[LEVELS - 1 - (most === 1 ? 0 : logLevel(n, 1, most))]!)
  const body: string[] = []
  for (const tick of axisTicks(scale, unscaled(scale, tops[0]))) {
    const at = px(scaled(scale, tick))
    body.push(
      svgLine(at, TOP, at, TOP + size, GRID, 0.5),
      svgText(at, TOP + size + 13, shortNumber(tick), { anchor: 'middle', fill: FAINT, size: 10 }),
    )
  }
  for (const tick of axisTicks(scale, unscaled(scale, tops[1]))) {
    const at = py(scaled(scale, tick))
    body.push(
      svgLine(LEFT, at, LEFT + size, at, GRID, 0.5),
      svgText(LEFT - 4, at + 4, shortNumber(tick), { anchor: 'end', fill: FAINT, size: 10 }),
    )
  }
  const [rx, ry] = [radius(x) * per[0], radius(y, 1.5) * per[1]]
  // The rarest first, so that a crowded cell is never covered by a lone one.
  const order = Array.from(count.keys()).sort((a, b) => count[a]! - count[b]!)
  for (const i of order)
    body.push(`<path d="${hexagon(px(x[i]!), py(y[i]!), Math.max(1.2, rx), Math.max(1.2, ry))}" fill="${colour(count[i]!)}"/>`) // biome-ignore format: one line
  body.push(svgLine(px(0), py(0), px(Math.min(...tops)), py(Math.min(...tops)), FAINT, 1, '4 3'))
  const axis = (name: string) => {
    const text = [name, SCALE_TEXT[scale], labels.units].filter(Boolean).join(', ')
    const room = Math.floor(size / 5.6)
    return text.length > room ? `${text.slice(0, room - 1).trimEnd()}…` : text
  }
  body.push(
    svgText(LEFT + size / 2, TOP + size + 30, axis('predicted'), { anchor: 'middle', size: 11 }),
    `<g transform="translate(11 ${TOP + size / 2}) rotate(-90)">${svgText(0, 0, axis('observed'), { anchor: 'middle', size: 11 })}</g>`,
    ...key(LEFT + size + 12, TOP, Math.min(size, 150), most, colour),
  )
  const description = `${labels.note}. Each hexagon is a pair of values; the most frequent holds ${most} bins.`
  return figure({ width, height, title: labels.title, description }, body)
}

/** Half the width of a hexagon: rows are shifted by half a cell, so that distinct centres lie half a cell apart. */
function radius(centres: Float32Array, divide = 1): number {
  const sorted = [...new Set(Array.from(centres, v => Number(v.toPrecision(5))))].sort((a, b) => a - b)
  let least = Number.POSITIVE_INFINITY
  for (let i = 1; i < sorted.length; i++) {
    const gap = sorted[i]! - sorted[i - 1]!
    if (gap > 1e-9) least = Math.min(least, gap)
  }
  return Number.isFinite(least) ? least / divide : 0
}

/** Pointed upwards: `rx` half its width, `ry` from its middle to its point. */
function hexagon(cx: number, cy: number, rx: number, ry: number): string {
  const n = (v: number) => String(Math.round(v * 100) / 100)
  const points = [
    [cx, cy - ry],
    [cx + rx, cy - ry / 2],
    [cx + rx, cy + ry / 2],
    [cx, cy + ry],
    [cx - rx, cy + ry / 2],
    [cx - rx, cy - ry / 2],
  ]
  return `M${points.map(([a, b]) => `${n(a!)} ${n(b!)}`).join('L')}Z`
}

/** What the colours count. */
function key(left: number, top: number, height: number, most: number, colour: (n: number) => string): string[] {
  const steps = 24
  const body: string[] = []
  for (let i = 0; i < steps; i++) {
    const n = most ** ((i + 0.5) / steps)
    body.push(`<rect x="${left}" y="${top + height - ((i + 1) * height) / steps}" width="10" height="${height / steps + 0.5}" fill="${colour(n)}"/>`) // biome-ignore format: one line
  }
  const middle = Math.round(Math.sqrt(most))
  for (const n of most > 3 ? [1, middle, most] : [1, most]) {
    const y = top + height - (most === 1 ? 0 : Math.log(n) / Math.log(most)) * height
    body.push(svgText(left + 14, Math.min(top + height, Math.max(top + 9, y + 3)), shortNumber(n), { size: 10, fill: FAINT })) // biome-ignore format: one line
  }
  body.push(svgText(left, top + height + 14, 'bins', { size: 10, fill: FAINT }))
  return body
}
