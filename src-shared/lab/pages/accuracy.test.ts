import { describe, expect, it } from 'vitest'
import type { LabPoint, LabResult, Quartiles } from '../result.ts'
import { accuracyPage, halfOf } from './accuracy.ts'

const one = (median: number): Quartiles => ({ n: 1, median, lower: median, upper: median })
const point = (id: string, error: number, more: Partial<LabPoint> = {}): LabPoint => ({
  id,
  factors: {},
  state: 'done',
  reason: null,
  measures: { seconds: one(2), peakBytes: one(1e9) },
  predicted: { seconds: 2 * (1 + error), peakBytes: 1e9 * (1 + error) },
  foreignLoad: 0,
  ...more,
})
const result = (points: readonly LabPoint[]) => ({ experiment: 'length', points }) as unknown as LabResult

describe('the accuracy of the planner', () => {
  // Truth: counted by hand.
  it('is told by half, with median, 90th percentile and the share within the bounds', () => {
    const ids = Array.from({ length: 400 }, (_, i) => `point-${i}`).filter(id => halfOf(id) === 'held-out').slice(0, 10) // biome-ignore format: one line
    const errors = [0, 0.05, -0.1, 0.15, -0.2, 0.22, 0.24, -0.28, 0.29, 0.6]
    const page = accuracyPage([result(ids.map((id, i) => point(id, errors[i]!)))])
    const rows = page.tables.map(t => t.rows.find(r => r[0] === 'held-out half'))
    expect(rows).toEqual([
      ['held-out half', '10', '20 %', '29 %', '90 %'],
      ['held-out half', '10', '20 %', '29 %', '70 %'],
    ])
    expect(page.verdicts.map(v => v.tone)).toEqual(['good', 'good'])
    expect(page.tables[0]!.rows[0]).toEqual(['first half', '0', '-', '-', '-'])
    expect(page.figures.map(f => f.kind === 'lines' && f.identityBand)).toEqual([0.3, 0.25])
  })

  it('leaves out times of a busy machine, and points without a prediction or a measure', () => {
    const page = accuracyPage([
      result([
        point('a', 0.1),
        point('b', 3, { foreignLoad: 0.5 }),
        point('c', 0, { predicted: null }),
        point('d', 0, { state: 'does-not-fit', measures: {} }),
      ]),
    ])
    const counts = page.tables.map(t => t.rows.find(r => r[0] === 'length')![1])
    expect(counts).toEqual(['1', '2']) // memory does not depend on the load
    expect(page.tables[0]!.notes[0]).toContain('1 points')
  })

  it('of nothing is open', () => {
    const page = accuracyPage([])
    expect(page.verdicts.map(v => v.tone)).toEqual(['open', 'open'])
    expect(page.figures.every(f => f.kind === 'lines' && f.series.length === 0)).toBe(true)
  })

  // Truth: a fair coin, within four standard deviations.
  it('halves points evenly, and always alike', () => {
    const ids = Array.from({ length: 2000 }, (_, i) => `model=enformer;lengthBp=${131072 + 128 * i}`)
    const held = ids.filter(id => halfOf(id) === 'held-out').length
    expect(Math.abs(held - 1000)).toBeLessThan(4 * Math.sqrt(500))
    // Never another half, whatever becomes of the code.
    expect([ids[0]!, ids[4]!, ids[7]!].map(halfOf)).toEqual(['first', 'held-out', 'held-out'])
  })
})
