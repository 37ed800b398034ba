import { describe, expect, it } from 'vitest'
import { type HeatGrid, MARK } from '../../src-shared/report/heat.ts'
import { effectColours, magnitudeColours } from '../../src-shared/report/heatTheme.ts'
import { cellColour } from '../../src-shared/report/pen.ts'
import { SeededRandom } from '../../test-support/random.ts'
import { rasterCells } from './heatmapRaster.ts'

const colours = effectColours('light')

function randomGrid(rows: number, columns: number, marks: readonly number[]): HeatGrid {
  const random = new SeededRandom(`${rows}x${columns}`)
  return {
    rows,
    columns,
    levels: Uint8Array.from({ length: rows * columns }, () => random.integer(0, 201)),
    marks: Uint8Array.from({ length: rows * columns }, () => marks[random.integer(0, marks.length)]!),
  }
}

const rgb = (pixel: number) => [pixel & 255, (pixel >> 8) & 255, (pixel >> 16) & 255]

describe('device pixels of cells', () => {
  it('equal a look-up of the cell below each pixel, at any zoom and cut', () => {
    const grid = randomGrid(4, 30, [MARK.value, MARK.reference, MARK.unknown, MARK.missing])
    for (const [from, to, width, height] of [
      [0, 30, 300, 80],
      [3.5, 17.25, 411, 37],
      [28, 34, 60, 8],
    ] as const) {
      const pixels = rasterCells(grid, { from, to }, width, height, colours)
      for (let y = 0; y < height; y++)
        for (let x = 0; x < width; x++) {
          const column = Math.floor(from + ((x + 0.5) * (to - from)) / width)
          const at = Math.floor(((y + 0.5) * 4) / height) * 30 + column
          const expected = column < 30 ? [...cellColour(grid.marks[at]!, grid.levels[at]!, colours)] : [0, 0, 0]
          expect(rgb(pixels[y * width + x]!)).toEqual(expected)
        }
    }
  })

  it('keep the strongest of the cells that share a pixel', () => {
    const grid = { rows: 1, columns: 1000, levels: new Uint8Array(1000).fill(100), marks: new Uint8Array(1000) }
    grid.levels[637] = 200
    grid.levels[638] = 20
    const pixels = rasterCells(grid, { from: 0, to: 1000 }, 100, 1, colours)
    expect(rgb(pixels[63]!)).toEqual([...colours.levels[200]!])
    expect(new Set([...pixels].filter((_, i) => i !== 63)).size).toBe(1)
    const low = rasterCells({ ...grid, levels: Uint8Array.from(grid.levels, l => (l === 100 ? 0 : l)) }, { from: 0, to: 1000 }, 100, 1, magnitudeColours('light')) // biome-ignore format: one call
    expect(rgb(low[63]!)).toEqual([...magnitudeColours('light').levels[200]!])
  })

  it('stripe estimates with paper, and nothing else', () => {
    const grid = {
      rows: 2,
      columns: 1,
      levels: Uint8Array.of(200, 200),
      marks: Uint8Array.of(MARK.estimate, MARK.value),
    }
    const pixels = rasterCells(grid, { from: 0, to: 1 }, 40, 40, colours)
    const paper = (half: Uint32Array) => [...half].filter(p => rgb(p).every(v => v === 255)).length
    expect(paper(pixels.subarray(0, 800))).toBe(200)
    expect(paper(pixels.subarray(800))).toBe(0)
  })
})
