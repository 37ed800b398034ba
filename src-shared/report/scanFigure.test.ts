import { describe, expect, it } from 'vitest'
import { madeUpField, madeUpScan } from '../../test-support/scan-data.ts'
import { positionTicks, signedText } from './axisTicks.ts'
import { fieldFigure, runs } from './fieldFigure.ts'
import { effectRange, fieldRange } from './heat.ts'
import { profileFigure } from './profileFigure.ts'
import { columnAt, scanFigure, scanLayout } from './scanFigure.ts'

/** Area of all paths made of `M x y h w v h h -w z`, by fill. */
function areas(svg: string): Map<string, number> {
  const found = new Map<string, number>()
  for (const m of svg.matchAll(/<path d="([^"]+)" fill="(rgb[^"]+)" shape-rendering/g)) {
    let area = found.get(m[2]!) ?? 0
    for (const r of m[1]!.matchAll(/h([\d.]+)v([\d.]+)h-/g)) area += Number(r[1]) * Number(r[2])
    found.set(m[2]!, area)
  }
  return found
}

describe('the picture of a scan', () => {
  const data = madeUpScan('ACGTNACGTTGCAACGTAGCTTTAGC', { exactTo: 12, estimateTo: 20 })
  const range = effectRange(data, 0)
  const whole = { data, column: 0, range, view: { from: 0, to: 26 }, width: 640, variants: [{ position: 3, label: 'T>C' }], title: 'A title' } // biome-ignore format: one line
  it('covers the plot with cells once: areas add up', () => {
    const svg = scanFigure(whole)
    const { heat } = scanLayout(640, { title: true })
    const cells = [...areas(svg).values()].reduce((a, b) => a + b, 0)
    // Besides the cells: the scale (10 px wide) and five swatches of the legend.
    expect(Math.abs(cells - heat.width * heat.height - 10 * heat.height - 5 * 140)).toBeLessThan(0.01 * cells)
  })
  it('is well-formed, has its words, no font-dependent letters, and is the same for the same data', () => {
    const svg = scanFigure(whole)
    expect(svg).toBe(scanFigure(whole))
    expect(svg).toContain('first-order estimate')
    expect(svg).toContain('N: not scanned')
    expect(svg).toContain('role="img"')
    // Each tag that is opened is closed.
    const opened = [...svg.matchAll(/<(svg|text|pattern|title|desc)\b/g)].length
    const closed = [...svg.matchAll(/<\/(svg|text|pattern|title|desc)>/g)].length
    expect(opened).toBe(closed)
    expect(svg).not.toContain('NaN')
  })
  it('finds the column under a point as the drawing puts it', () => {
    const { heat } = scanLayout(640)
    expect(columnAt(heat, { from: 5, to: 15 }, heat.x)).toBe(5)
    expect(columnAt(heat, { from: 5, to: 15 }, heat.x + heat.width / 2)).toBe(10)
    expect(columnAt(heat, { from: 5, to: 15 }, heat.x - 1)).toBeUndefined()
    expect(columnAt(heat, { from: 5, to: 15 }, heat.x + heat.width)).toBeUndefined()
  })
  it('draws an empty scan without numbers', () => {
    const empty = madeUpScan('ACGT', { exactTo: 0, estimateTo: 0 })
    const svg = scanFigure({ data: empty, column: 0, range: 0, view: { from: 0, to: 4 }, width: 300, variants: [] })
    expect(svg).toContain('no value yet')
    expect(svg).not.toContain('NaN')
  })
})

describe('profiles and fields', () => {
  it('draw every bin, gaps left open', () => {
    const reference = Float32Array.from({ length: 32 }, (_, i) => i)
    const alternative = reference.map(v => v + 1)
    const values = Float32Array.from({ length: 32 }, (_, i) => (i < 4 ? Number.NaN : i))
    const svg = profileFigure({ contig: 'chr1', start: 0, binBp: 128, reference, alternative, position: 1000, referenceName: 'A', alternativeName: 'C', unit: '', experiment: { name: 'measured', values }, width: 500, theme: 'light' }) // biome-ignore format: one call
    expect(svg).not.toContain('NaN')
    expect(svg).toContain('measured')
    expect([...svg.matchAll(/<rect /g)].length).toBe(32)
  })
  it('frame exactly the runs that the structure reaches', () => {
    expect(runs([0, 1, 1, 0, 1])).toEqual([
      [1, 3],
      [4, 5],
    ])
    const field = madeUpField([0, 640, 1279], 10, 3)
    const svg = fieldFigure({ field, range: fieldRange([field]), width: 600, theme: 'light' })
    // One frame a row, and the legend's own.
    expect([...svg.matchAll(/stroke="#d55e00"/g)].length).toBe(4)
    expect(svg).not.toContain('NaN')
  })
})

describe('axes', () => {
  it('have round 1-based positions inside the view', () => {
    expect(positionTicks(999, 1199, 4)).toEqual([999, 1049, 1099, 1149])
    expect(positionTicks(0, 5, 10)).toEqual([0, 1, 2, 3, 4])
    expect(positionTicks(5, 5, 3)).toEqual([])
  })
  it('write numbers with three digits and their sign', () => {
    expect([0.0123456, -4.5678e-6, 0, 123456, Number.NaN].map(signedText)).toEqual(['+0.0123', '-4.57e-6', '0', '+1.23e5', '–']) // biome-ignore format: one line
  })
})
