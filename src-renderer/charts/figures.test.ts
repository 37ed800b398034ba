import { describe, expect, it } from 'vitest'
import { hexbinFigure } from './hexbinFigure.ts'
import { profileFigure, thin } from './profileFigure.ts'

describe('figures of a comparison', () => {
  const labels = { units: 'counts', title: 'T', note: 'r 0.5' }
  const hexbin = { x: Float32Array.of(0, 1, 0.5), y: Float32Array.of(0, 0, 0.9), count: Int32Array.of(40, 1, 7), scale: 'linear' as const } // biome-ignore format: one line
  const paths = (svg: string) => [...svg.matchAll(/<path d="([^"]*)"/g)].map(m => m[1]!)

  it('draw one hexagon a cell, say the diagonal and what colours count', () => {
    const svg = hexbinFigure(hexbin, labels, 400)
    expect(paths(svg)).toHaveLength(3)
    for (const d of paths(svg)) expect(d.match(/L/g)).toHaveLength(5)
    expect(svg).toContain('stroke-dasharray')
    expect(svg).toContain('>bins<')
    expect(svg).toContain('the most frequent holds 40 bins')
    expect(svg).not.toMatch(/NaN|Infinity/)
  })
  it('stay finite for a single constant pair, and for none', () => {
    const none = { x: new Float32Array(0), y: new Float32Array(0), count: new Int32Array(0), scale: 'log' as const }
    const one = { x: Float32Array.of(0), y: Float32Array.of(0), count: Int32Array.of(5), scale: 'arcsinh' as const }
    for (const h of [none, one]) expect(hexbinFigure(h, labels, 400)).not.toMatch(/NaN|Infinity/)
  })
  it('write text of a file as text', () => {
    expect(hexbinFigure(hexbin, { ...labels, units: '<b>&' }, 400)).toContain('&#60;b&#62;&#38;')
  })
  it('thin to the mean of known values, and keep a gap where there is none', () => {
    const values = Float32Array.of(1, 3, Number.NaN, 5, Number.NaN, Number.NaN)
    expect([...thin(values, 3)]).toEqual([2, 5, Number.NaN])
    expect(thin(values, 6)).toBe(values)
  })
  it('draw predicted, observed and their difference over the same places', () => {
    const predicted = Float32Array.of(0, 2, 4, Number.NaN)
    const observed = Float32Array.of(0, 4, 4, 1)
    const svg = profileFigure({ start: 100, binWidth: 10, predicted, observed }, 'linear', { ...labels, places: 'chr1' }, 500) // biome-ignore format: one line
    expect(paths(svg)).toHaveLength(3)
    expect(svg).not.toMatch(/NaN|Infinity/)
    // A perfect prediction leaves nothing: every point of the residual lies on its zero line.
    const perfect = profileFigure({ start: 0, binWidth: 1, predicted: observed, observed }, 'log', { ...labels, places: 'x' }, 500) // biome-ignore format: one line
    const ys = new Set([...paths(perfect)[2]!.matchAll(/[ML][\d.]+ ([\d.]+)/g)].map(m => m[1]))
    expect(ys.size).toBe(1)
  })
})
