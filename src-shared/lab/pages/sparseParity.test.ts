import { describe, expect, it } from 'vitest'
import type { Factors, LabPoint, LabResult, Quartiles } from '../result.ts'
import { sparseParityPage } from './sparseParity.ts'

const q = (...values: number[]): Quartiles => {
  const sorted = [...values].sort((a, b) => a - b)
  return { n: values.length, median: sorted[Math.floor(sorted.length / 2)]!, lower: sorted[0]!, upper: sorted.at(-1)! }
}
let next = 0
const point = (factors: Factors, measures: Readonly<Record<string, Quartiles>>): LabPoint => ({ id: `p-${next++}`, factors, state: 'done', reason: null, measures, predicted: null, foreignLoad: 0 }) // biome-ignore format: one line
const r = (pair: string, model: string, type: string, value: number) =>
  point({ pair, metric: 'pearson_per_track', model, type }, { r: q(value) })

/** A pair whose two networks have these r per track, one track a type, and sparse wins `won` windows. */
const pair = (
  name: string,
  full: number,
  sparse: number,
  interval: readonly [number, number],
  won: number,
  windows = 4,
): LabPoint[] => [
  // biome-ignore format: one line
  r(name, 'full', 'all', full),
  r(name, 'sparse', 'all', sparse),
  r(name, 'full', 'RNA', full),
  r(name, 'sparse', 'RNA', sparse),
  point({ pair: name, metric: 'difference_per_track', type: 'all' }, { r: q(sparse - full), low95: q(interval[0]), high95: q(interval[1]) }), // biome-ignore format: one thought
  point({ pair: name, metric: 'pearson_pooled', type: 'RNA' }, { fullPooled: { ...q(0.1, 0.2, 0.3, 0.4), n: windows }, sparsePooled: q(0.1, 0.2, 0.3, 0.4), fullMean: q(0.25), sparseMean: q(0.24), sparseAtLeastShare: q(won / windows), betweenModels: q(0.9) }), // biome-ignore format: one thought
  point({ pair: name, metric: 'pearson_pooled', type: 'RNA', window: 1 }, { fullPooled: q(0.3), sparsePooled: q(0.2) }),
]

const result = (points: readonly LabPoint[]): LabResult => ({
  format: 'diploscope-lab',
  formatVersion: 1,
  id: 'sparse-parity-1',
  experiment: 'sparse-parity',
  recipe: { id: 'r', name: 'Recipe', sha256: '0'.repeat(64), text: '{}' },
  machine: { processor: 'P', cores: 2, threads: 2, memoryBytes: 1e9, system: 'S', device: 'cpu', versions: {} },
  startedAt: '2026-11-22T00:00:00Z',
  finishedAt: null,
  state: 'partial',
  total: points.length + 3,
  points,
  notes: ['Reduced.'],
})

describe('the page of sparse parity', () => {
  it('says of each pair what its interval shows, and counts no pair whose training failed', () => {
    const page = sparseParityPage([
      result([
        ...pair('a', 0.64, 0.61, [-0.05, -0.01], 1),
        ...pair('b', 0.62, 0.65, [0.01, 0.05], 2),
        ...pair('c', 0.62, 0.6, [-0.04, 0.01], 0),
        ...pair('d', 0.3, 0.45, [0.1, 0.2], 4), // 0.45 < 0.8 x 0.65
      ]),
    ])
    expect(page.verdicts.map(v => v.tone)).toEqual(['bad', 'good', 'open', 'open', 'bad', 'open'])
    expect(page.verdicts[0]!.text).toBe('a: sparse attention loses: r per track 0.610 against 0.640 (−0.030, 95 % of resampled windows −0.050 to −0.010).') // biome-ignore format: one thought
    expect(page.verdicts[3]!.text).toMatch(/^d: a network has learned too little/)
    // Means of a, b, c: sparse 0.62, full 0.6267; windows won: 1 + 2 + 0 of 12.
    expect(page.verdicts[4]!.text).toBe('RNA, r per track: sparse attention loses: 0.620 against 0.627 on average (−0.007), behind in 2 of 3 pairs.') // biome-ignore format: one thought
    expect(page.verdicts[5]!.text).toBe('RNA, pooled r: sparse attention is at least as good in 3 of 12 windows (25 %), which chance alone could give.') // biome-ignore format: one thought
    // Truth: the binomial test of 3 in 12 has p = 0.146, that of 0 in 12 p = 0.0005.
    const pooled = (...won: readonly number[]) => sparseParityPage([result(won.flatMap((n, i) => pair('abc'[i]!, 0.64, 0.61, [-0.05, -0.01], n, 12)))]) // biome-ignore format: one line
    const lost = pooled(0, 0, 0)
    expect(lost.verdicts.at(-1)).toMatchObject({ tone: 'bad', text: expect.stringMatching(/0 of 36 windows .*it loses in most/) }) // biome-ignore format: one line
    expect(pooled(12, 12, 12).verdicts.at(-1)).toMatchObject({ tone: 'good' })
    // 9 of 36 coins would be p = 0.004; the pairs see the same 12 windows, and 3 of them chance could give.
    expect(pooled(3, 3, 3).verdicts.at(-1)).toMatchObject({ tone: 'open', text: expect.stringContaining('which chance alone could give') }) // biome-ignore format: one line
    expect(pooled(3, 0, 0).verdicts.at(-1)).toMatchObject({ tone: 'open', text: expect.stringMatching(/3 of 36 windows .*; pair by pair it wins in 0 and loses in 2 of 3, beyond chance\.$/) }) // biome-ignore format: one line
    expect(lost.answer).toMatchObject({ tone: 'bad', text: 'Over 3 pairs of networks that learned, a difference is shown in 3: sparse attention loses: r per track 0.610 of sparse attention against 0.640 of full (−0.030, means).' }) // biome-ignore format: one line
    // a loses, b wins.
    expect(page.answer?.tone).toBe('mixed')
    const one = sparseParityPage([result(pair('c', 0.62, 0.6, [-0.04, 0.01], 0))])
    expect(one.answer).toMatchObject({ tone: 'open', text: expect.stringMatching(/^Over 1 pair of networks that learned, no difference is shown/) }) // biome-ignore format: one line
    // One training of each says nothing of a type, whatever the difference.
    expect(one.verdicts.find(v => v.text.startsWith('RNA, r per track'))).toMatchObject({ tone: 'open', text: expect.stringContaining('does not tell the chance of a training') }) // biome-ignore format: one line
  })

  it('never puts the two metrics into one table, and shows the published rows in that of pooled r only', () => {
    const page = sparseParityPage([result(pair('a', 0.64, 0.61, [-0.05, -0.01], 1))])
    const [perTrack, pooled] = page.tables
    expect(perTrack!.rows).toEqual([
      ['here', 'a', 'all', '0.640', '0.610', '-0.030 (-0.050 to -0.010)'],
      ['here', 'a', 'RNA', '0.640', '0.610', '-0.030'],
    ])
    expect(pooled!.rows[0]).toEqual(['here', 'a', 'RNA', '4', '0.250', '0.240', '25.0 %', '0.900'])
    // Truth: Figure 6 of the report.
    expect(pooled!.rows.at(-1)).toEqual(['published', 'Enformer, S-Enformer', 'CAGE', '1,413', '0.533', '0.445', '14.9 %', '0.863']) // biome-ignore format: one row
    expect(page.notes).toContain('7 of 10 points were measured so far.')
  })

  it('draws other machines beside, and stands without any point', () => {
    const own = result(pair('a', 0.64, 0.61, [-0.05, -0.01], 1))
    const [windows] = sparseParityPage([own, own]).figures
    expect(windows).toMatchObject({ id: 'parity-windows', series: [{ name: 'RNA', points: [{ x: 0.3, y: 0.2 }] }, { from: 'P, 2 threads' }] }) // biome-ignore format: one thought
    const empty = sparseParityPage([result([])])
    expect(empty.verdicts).toEqual([{ tone: 'open', text: expect.stringMatching(/No pair/) }])
    expect(empty.figures).toEqual([])
  })
})
