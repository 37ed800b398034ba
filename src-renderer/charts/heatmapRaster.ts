import type { Rgb } from '../../src-shared/report/colourScale.ts'
import { type HeatGrid, MARK } from '../../src-shared/report/heat.ts'
import { type ColumnRange, cellColour, type HeatColours, STRIPE } from '../../src-shared/report/pen.ts'

/** Bytes R, G, B, A in memory: little-endian, as every browser's machine is. */
const packed = (c: Rgb): number => (255 << 24) | (c[2] << 16) | (c[1] << 8) | c[0]

interface Cuts {
  /** First and one past the last cell of each pixel. */
  readonly from: Int32Array
  readonly to: Int32Array
}

/** Which cells lie below each of `pixels`: the one at its centre where cells are larger than pixels, else all that it covers. */
function cuts(first: number, last: number, pixels: number, cells: number): Cuts {
  const from = new Int32Array(pixels)
  const to = new Int32Array(pixels)
  const step = (last - first) / pixels
  for (let i = 0; i < pixels; i++) {
    const a = step > 1 ? Math.floor(first + i * step) : Math.floor(first + (i + 0.5) * step)
    const b = step > 1 ? Math.ceil(first + (i + 1) * step) : a + 1
    from[i] = Math.max(0, a)
    to[i] = Math.min(cells, b)
  }
  return { from, to }
}

/**
 * Device pixels of a grid's cells, [height, width] of packed RGBA. Edges of cells fall on whole pixels at any zoom; a pixel over several
 * cells shows the one farthest from the scale's middle, so that a single strong effect is seen at any width. Beyond the grid: clear.
 */
export function rasterCells(
  grid: HeatGrid,
  columns: ColumnRange,
  width: number,
  height: number,
  colours: HeatColours,
  stripePx = STRIPE,
): Uint32Array<ArrayBuffer> {
  const pixels = new Uint32Array(width * height)
  const x = cuts(columns.from, columns.to, width, grid.columns)
  const y = cuts(0, grid.rows, height, grid.rows)
  const paper = packed(colours.paper)
  const table = new Uint32Array(colours.levels.length)
  colours.levels.forEach((c, i) => {
    table[i] = packed(c)
  })
  const marks = Uint32Array.from(Object.values(MARK), mark => packed(cellColour(mark, 0, colours)))
  const line = new Uint32Array(width)
  const striped = new Uint8Array(width)
  let anyStripes = false
  const fillLine = (r0: number, r1: number) => {
    anyStripes = false
    for (let px = 0; px < width; px++) {
      let best = -1
      let weight = -1
      for (let r = r0; r < r1; r++)
        for (let c = x.from[px]!; c < x.to[px]!; c++) {
          const at = r * grid.columns + c
          const valued = grid.marks[at]! <= MARK.estimate
          const w = valued ? 1 + Math.abs(grid.levels[at]! - colours.middle) : 0
          if (w > weight) {
            weight = w
            best = at
          }
        }
      const mark = best < 0 ? -1 : grid.marks[best]!
      line[px] = best < 0 ? 0 : mark <= MARK.estimate ? table[grid.levels[best]!]! : marks[mark]!
      striped[px] = mark === MARK.estimate ? 1 : 0
      if (striped[px]) anyStripes = true
    }
  }
  let drawn = -1
  for (let py = 0; py < height; py++) {
    const key = y.from[py]! * 65_536 + y.to[py]!
    if (key !== drawn) fillLine(y.from[py]!, y.to[py]!)
    drawn = key
    const row = py * width
    pixels.set(line, row)
    if (!anyStripes) continue
    const thin = Math.max(1, Math.round(stripePx / STRIPE))
    for (let px = 0; px < width; px++) if (striped[px] && (px + py) % stripePx < thin) pixels[row + px] = paper
  }
  return pixels
}
