import { describe, expect, it } from 'vitest'
import { Graph } from '../graph.ts'
import { evaluate } from '../reference.ts'
import { dropout } from './dropoutMask.ts'

function masks(rows: number, columns: number, rate: number, seed: number, streams: number): Uint8Array[] {
  const graph = new Graph()
  const x = graph.input('x', [rows, columns])
  const input = graph.input('seed', [], 'int64')
  const dropped = Array.from({ length: streams }, () => dropout(x, rate, input))
  const feeds = new Map<string, number[]>([['x', new Array(rows * columns).fill(1)], ['seed', [seed]]]) // biome-ignore format: one line
  return evaluate(dropped, feeds).map(y => Uint8Array.from(y.values, v => (v > 0 ? 1 : 0)))
}

const correlation = (a: ArrayLike<number>, b: ArrayLike<number>): number => {
  const n = a.length
  let [sa, sb, sab, saa, sbb] = [0, 0, 0, 0, 0]
  for (let i = 0; i < n; i++) {
    sa += a[i]!
    sb += b[i]!
    sab += a[i]! * b[i]!
    saa += a[i]! ** 2
    sbb += b[i]! ** 2
  }
  return (n * sab - sa * sb) / Math.sqrt((n * saa - sa * sa) * (n * sbb - sb * sb))
}

// Truth: what independent draws would give; limits at 5 standard deviations.
describe('the words behind dropout', () => {
  const [rows, columns] = [512, 256]
  const n = rows * columns
  const limit = 5 / Math.sqrt(n)
  for (const rate of [0.05, 0.4, 0.9])
    it(`drops a share of ${rate}, also in each row and column`, () => {
      for (const seed of [0, 1, 2 ** 31]) {
        const [mask] = masks(rows, columns, rate, seed, 1)
        const spread = Math.sqrt(rate * (1 - rate))
        const kept = mask!.reduce((a, b) => a + b, 0)
        expect(Math.abs(kept / n - (1 - rate))).toBeLessThan(spread * limit)
        for (let row = 0; row < rows; row++) {
          const share = mask!.subarray(row * columns, (row + 1) * columns).reduce((a, b) => a + b, 0) / columns
          expect(Math.abs(share - (1 - rate))).toBeLessThan((5.5 * spread) / Math.sqrt(columns))
        }
        for (let column = 0; column < columns; column++) {
          let share = 0
          for (let row = 0; row < rows; row++) share += mask![row * columns + column]! / rows
          expect(Math.abs(share - (1 - rate))).toBeLessThan((5.5 * spread) / Math.sqrt(rows))
        }
      }
    })
  it('neighbours, diagonals, streams and seeds do not correlate', () => {
    const [mask, second] = masks(rows, columns, 0.5, 42, 2)
    const [other] = masks(rows, columns, 0.5, 43, 1)
    for (const lag of [1, 2, 16, columns, columns + 1, columns - 1, 2 * columns, 16 * columns])
      expect(Math.abs(correlation(mask!.subarray(lag), mask!.subarray(0, n - lag))), `lag ${lag}`).toBeLessThan(limit)
    expect(Math.abs(correlation(mask!, second!))).toBeLessThan(limit)
    expect(Math.abs(correlation(mask!, other!))).toBeLessThan(limit)
  })
  it('streams do not correlate in pairs, nor at the same row or column shifts', () => {
    const streams = masks(rows, columns, 0.5, 3, 6)
    for (const [i, a] of streams.entries())
      for (const b of streams.slice(i + 1))
        for (const lag of [0, 1, columns])
          expect(
            Math.abs(correlation(a.subarray(lag), b.subarray(0, n - lag))),
            `stream ${i}, lag ${lag}`,
          ).toBeLessThan(limit)
  })
  it('rectangles of four are as often even as odd: row and column keys do not simply add', () => {
    const [mask] = masks(rows, columns, 0.5, 7, 1)
    const at = (row: number, column: number) => mask![row * columns + column]!
    for (const [down, right] of [
      [1, 1],
      [3, 5],
      [16, 64],
      [1, 128],
    ] as const) {
      let even = 0
      let count = 0
      for (let row = 0; row + down < rows; row++)
        for (let column = 0; column + right < columns; column++) {
          even +=
            1 -
            ((at(row, column) + at(row + down, column) + at(row, column + right) + at(row + down, column + right)) & 1)
          count++
        }
      expect(Math.abs(even / count - 0.5)).toBeLessThan(5 / Math.sqrt(count))
    }
  })
})
