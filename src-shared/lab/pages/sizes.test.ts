import { describe, expect, it } from 'vitest'
import { madeUpResult } from '../../../test-support/labResult.ts'
import type { LabPage, LineFigure } from '../page.ts'
import { PAGES } from '../pages.ts'
import type { Factors, LabPoint, LabResult } from '../result.ts'
import { THESIS_FACTORS } from './publishedLowRank.ts'

const GB = 1e9

/** A point whose measures are known: quartiles 1 % below and above. */
function point(factors: Factors, measures: Readonly<Record<string, number>> | string, predictedBytes = GB): LabPoint {
  const fits = typeof measures !== 'string'
  return {
    id: JSON.stringify(factors),
    factors,
    state: fits ? 'done' : 'does-not-fit',
    reason: fits ? null : measures,
    measures: fits ? Object.fromEntries(Object.entries(measures).map(([name, v]) => [name, { n: 3, median: v, lower: 0.99 * v, upper: 1.01 * v }])) : {}, // biome-ignore format: one table
    predicted: { seconds: 1, peakBytes: predictedBytes },
    foreignLoad: 0,
  }
}
const resultOf = (experiment: LabResult['experiment'], points: readonly LabPoint[], total = points.length) =>
  madeUpResult({ experiment, points, total, notes: ['Random weights.'] })
const verdict = (page: LabPage, pattern: RegExp) => page.verdicts.find(v => pattern.test(v.text))
const figure = (page: LabPage, id: string) => page.figures.find(f => f.id === id) as LineFigure

describe('the page of lengths', () => {
  const LENGTHS = [131_072, 196_608, 393_216, 786_432]
  /**
   * Memory 1 GB + layers · cost of a layer: of a full one 2 GB·(bp / 393,216)², of a sparse one 1 GB·bp / 393,216, so that a layer costs the
   * same at half of 393,216 bp; the full network of 11 layers does not fit at the last length. Time: sparse twice as slow throughout.
   */
  const layer = (model: string, bp: number) => (model === 'enformer' ? 2 * (bp / 393_216) ** 2 : bp / 393_216) * GB
  const points = LENGTHS.flatMap(lengthBp =>
    [11, 1].flatMap(layers =>
      ['enformer', 's-enformer'].map(model => {
        const factors = { model, lengthBp, layers, job: 'training-attention', attention: 'whole', width: 1536 }
        const peakBytes = GB + layers * layer(model, lengthBp)
        const seconds = (model === 'enformer' ? 1 : 2) * (lengthBp / 1e5) * (1 + layers)
        const fails = model === 'enformer' && layers === 11 && lengthBp === 786_432
        return point(factors, fails ? 'the plan needs 89 GB' : { peakBytes, seconds }, peakBytes)
      }),
    ),
  )
  const page = PAGES.length!([resultOf('length', points)])
  const KEY = 'training-attention-whole-1536'

  it('tells from which length sparse is smaller, and that it is never faster', () => {
    expect(verdict(page, /is smaller from/)?.tone).toBe('good')
    expect(verdict(page, /is smaller from/)?.text).toMatch(/about 200,000 bp/)
    const slower = verdict(page, /needs more time/)
    expect(slower?.tone).toBe('bad')
    expect(slower?.text).toMatch(/no crossover in the measured range/)
  })

  // Truth: (11 layers - 1 layer) / 10 is the layer that the numbers were made of.
  it('averages a layer exactly and finds where two layers cost the same', () => {
    const { series, marks } = figure(page, `length-layer-peakBytes-${KEY}`)
    for (const { group, points: own } of series)
      for (const p of own) if (!p.missing) expect(p.y).toBeCloseTo(layer(group!, p.x), -2)
    expect(series.find(s => s.group === 'enformer')?.points.at(-1)?.missing).toBe('does not fit')
    expect(marks[0]?.x).toBeCloseTo(196_608, 0)
    expect(verdict(page, /a block-sparse layer needs less/)?.text).toMatch(
      /about 200,000 bp on \(published: from about 300,000 bp on\)/,
    )
  })

  it('says what does not fit, and where full attention passes the published card by the plan', () => {
    expect(
      verdict(
        page,
        /does not fit here at 786,432 bp \(the plan needs 89 GB\); block-sparse attention still runs 786,432 bp/,
      ),
    ).toBeDefined()
    const passes = verdict(page, /full attention passes 24 GiB .25\.8 GB. at about/)
    expect(passes?.text).toMatch(/by the plan: it did not fit here/)
    const memory = figure(page, `length-peakBytes-${KEY}`)
    expect(memory.series.map(s => s.name)).toContain('full attention, planned: did not fit')
    expect(memory.series.find(s => /24 GiB/.test(s.name))?.points.every(p => p.y === 24 * 1024 ** 3)).toBe(true)
  })

  it('names no winner where both cost the same', () => {
    const same = points.map(p => (p.state === 'done' ? point(p.factors, { peakBytes: GB, seconds: 1 }) : p))
    const found = PAGES.length!([resultOf('length', same)]).verdicts.filter(v =>
      /as much as full attention/.test(v.text),
    )
    expect(found.map(v => v.tone)).toEqual(['open'])
  })

  it('puts other machines beside it, named', () => {
    const both = PAGES.length!([resultOf('length', points), resultOf('length', points)])
    const named = figure(both, `length-seconds-${KEY}`).series.filter(s => s.from !== undefined)
    expect(named).toHaveLength(4)
    expect(named[0]!.from).toMatch(/Imaginary 64-core, 32 threads/)
  })

  // Truth: the costs that the points were made of.
  it('answers as a whole: who is smaller, who is faster, what stops fitting', () => {
    expect(page.answer).toEqual({ tone: 'mixed', text: 'Block-sparse against full attention. Training step of the attention alone at 1,536 channels in one piece: smaller from about 200,000 bp on, not faster at any measured length; full attention stops fitting at 786,432 bp, block-sparse attention ran up to 786,432 bp.' }) // biome-ignore format: one sentence
    expect(PAGES.length!([resultOf('length', [], 16)]).answer).toBeNull()
  })

  it('draws no curves of one length, and says that sparse attention does not fit where full attention ran', () => {
    const at = (model: string, measures: Parameters<typeof point>[1]) => point({ model, lengthBp: 131_072, layers: 11, job: 'training', attention: 'chunked', width: 1536 }, measures) // biome-ignore format: one line
    const one = PAGES.length!([resultOf('length', [at('enformer', { peakBytes: 19 * GB, seconds: 33 }), at('s-enformer', 'stopped at 19.5 GB')])]) // biome-ignore format: one line
    expect(one.figures.every(f => f.kind === 'grid')).toBe(true)
    expect(one.verdicts).toEqual([{ tone: 'bad', text: 'Training step, all gradients, 1,536 channels, in chunks: block-sparse attention does not fit here at 131,072 bp (stopped at 19.5 GB), where full attention ran in 19 GB.' }]) // biome-ignore format: one sentence
    expect(one.answer).toMatchObject({ tone: 'bad', text: expect.stringContaining('full attention ran, block-sparse attention did not fit') }) // biome-ignore format: one line
  })

  // Truth: the costs that the points were made of.
  it('answers of one length alone who costs less there', () => {
    const at = (model: string, peakBytes: number, seconds: number) => point({ model, lengthBp: 131_072, layers: 11, job: 'inference', attention: 'whole', width: 1536 }, { peakBytes, seconds }) // biome-ignore format: one line
    const one = PAGES.length!([resultOf('length', [at('enformer', 4 * GB, 8), at('s-enformer', 3 * GB, 6)])])
    expect(one.answer).toEqual({ tone: 'good', text: 'Block-sparse against full attention. Inference, 1,536 channels, in one piece: at 131,072 bp, the only length measured, block-sparse attention needs 3 GB against 4 GB and 6 s against 8 s of full attention.' }) // biome-ignore format: one sentence
  })

  it('says that points are still to come, and shows a result without any', () => {
    expect(PAGES.length!([resultOf('length', points.slice(0, 1), 16)]).notes).toContain(
      '1 of 16 points were measured so far.',
    )
    expect(PAGES.length!([resultOf('length', [], 16)]).verdicts).toEqual([])
  })
})

// Truth: counted: 20,000 points, each with values of its own, would be a grid of 10^8 cells.
describe('a result of another machine with more values than a page can show', () => {
  const many = Array.from({ length: 20_000 }, (_, i) => i + 1)
  it.each([
    ['length', (i: number) => ({ model: 'enformer', job: 'inference', attention: 'whole', width: 1536, layers: 1, lengthBp: i })],
    ['length', (i: number) => ({ model: 'enformer', job: 'inference', attention: 'whole', width: i, layers: 1, lengthBp: 128 })],
    ['low-rank', (i: number) => ({ model: 'lrt', job: 'training', tokens: i, rank: i, batch: 1 })],
    ['effect', (i: number) => ({ model: 'lrt', job: 'cost', tokens: i, width: i, layers: 1, batch: 1, examples: 1 })],
    ['compression', (i: number) => ({ model: `m${i}`, method: 'svd', keptEnergy: 0.9 })],
    ['sparse-parity', (i: number) => ({ pair: `p${i}`, metric: 'pearson_per_track', model: 'full', type: 'all' })],
  ] as const)('is refused by the page of %s, by the names of its factors', (experiment, factors) => {
    const points = many.map((i): LabPoint => ({ ...point({}, { seconds: 1 }), id: `p-${i}`, factors: factors(i) }))
    expect(() => PAGES[experiment]!([resultOf(experiment, points)])).toThrow(/20,000 values of .*a page shows at most 200/)
  }) // biome-ignore format: one table

  it('200 lengths by 200 ranks are shown', () => {
    const points = many.slice(0, 200).map(i => point({ model: 'lrt', job: 'training', tokens: i, rank: i, batch: 1 }, { seconds: 1 })) // biome-ignore format: one line
    expect(PAGES['low-rank']!([resultOf('low-rank', points)]).figures.length).toBeGreaterThan(0)
  })
})

describe('the page of low rank', () => {
  // Truth: of two ranks only the second was measured on a quiet machine, and wins at one of two lengths.
  it('names no rank or length whose times are all of a busy machine', () => {
    const of = (model: string, tokens: number, seconds: number, rank?: number, foreignLoad = 0) => ({ ...point({ model, tokens, job: 'training', batch: 2, ...(rank ? { rank } : {}) }, { seconds, peakBytes: GB }), foreignLoad }) // biome-ignore format: one line
    const answer = (...points: readonly LabPoint[]) => PAGES['low-rank']!([resultOf('low-rank', points)]).answer?.text
    const full = [128, 256, 512].map(tokens => of('transformer', tokens, 10))
    const lrt = (rank: number, ...seconds: readonly number[]) => [128, 256].map((tokens, i) => of('lrt', tokens, seconds[i]!, rank)) // biome-ignore format: one line
    const busy = (points: readonly LabPoint[]) => points.map(p => ({ ...p, foreignLoad: 0.9 }))
    expect(answer(...full, ...lrt(32, 5, 5), ...lrt(64, 5, 20))).toMatch(/in 3 of 4 cases \(.*\), at every length up to r = 32, /) // biome-ignore format: one line
    expect(answer(...full, ...busy(lrt(32, 5, 5)), ...lrt(64, 5, 20))).toMatch(/in 1 of 2 cases \(0\.5× to 2×\), and /)
    // 256 alone was seen, and 512 alone does not lose.
    const long = (tokens: number, seconds: number, load = 0) => of('lrt', tokens, seconds, 32, load)
    expect(answer(...full, long(128, 20), long(256, 5, 0.9), long(512, 5))).toMatch(/, at every rank from n = 512 on, /)
  })

  const LENGTHS = [128, 256, 512, 1024, 2048, 4096]
  const RANKS = [32, 64, 128, 256]
  /** Speed-ups: LRT as the thesis' factors at all lengths, Linformer n / 256; memory: LRT half, Linformer the same. */
  const points = ['training', 'inference'].flatMap(job =>
    LENGTHS.flatMap(tokens => {
      const of = (model: string, rank: number | undefined, seconds: number, peakBytes: number, parameters: number) =>
        point({ model, tokens, job, batch: 2, ...(rank ? { rank } : {}) }, { seconds, peakBytes, parameters })
      return [
        of('transformer', undefined, 10, GB, 14_175_744),
        ...RANKS.flatMap(rank => [
          of('lrt', rank, 10 / THESIS_FACTORS.find(t => t.rank === rank)!.factor, GB / 2, 18_432 + 27_648 * rank),
          of('linformer', rank, (10 * 256) / tokens, GB, 14_175_744 + 4 * rank * tokens),
        ]),
      ]
    }),
  )
  const page = PAGES['low-rank']!([resultOf('low-rank', points)])

  // Truth: with the same speed-up at both lengths equation 3.10 gives it back, so that our rows are the thesis'.
  it('computes Table 3.2 from measured speed-ups', () => {
    const { rows } = page.tables.find(t => t.id === 'low-rank-costs')!
    for (const rank of RANKS) {
      const cells = (name: string) => rows.find(r => r[0] === name && r[1] === String(rank))!.slice(2)
      expect(cells('LRT, here')).toEqual(cells('LRT, thesis'))
    }
    expect(rows.find(r => r[0] === 'Linformer, here')?.[2]).toBe((0.9 * 0.5 + 0.1 * 2).toFixed(2))
  })

  it.each([
    [/LRT is faster than the transformer for n ≤ 512/, 'good', /holds here in all 18 cases \(1\.98× to 2\.63×\)/],
    [/LRT needs about 50 %/, 'good', /50 % on average/],
    [/Linformer is faster than the transformer from n = 256/, 'bad', /does not hold here in 8 of 40 cases/],
    [/speed-up grows with the length/, 'good', /128: 0\.5×.*4,096: 16×/],
    [/LRT is faster than Linformer for n ≤ 256/, 'good', /holds here in all 16/],
    [/Linformer is faster than LRT for n ≥ 1,024/, 'good', /holds here in all 24/],
    [/At n = 512 Linformer needs less memory in training/, 'bad', /does not hold here in 4 of 4/],
    [/Linformer has more parameters/, 'good', /holds here/],
    [/LRT's size falls linearly/, 'good', /27,648 parameters a unit of rank/],
  ])('judges a claim of the thesis: %s', (pattern, tone, text) => {
    const found = verdict(page, pattern)
    expect(found?.text).toMatch(text)
    expect(found?.tone).toBe(tone)
  })

  // Truth: the speed-ups and sizes that the points were made of: LRT 1.48 to 2.63, half the memory; Linformer n / 256, as much memory.
  it('answers as a whole where each of the two pays', () => {
    expect(page.answer).toEqual({ tone: 'mixed', text: 'LRT is faster than the transformer at every length and rank measured (1.48× to 2.63×), and smaller at every length and rank measured (2×); Linformer is faster than the transformer in 32 of 48 cases (0.5× to 16×), at every rank from n = 512 on, and smaller nowhere (1×).' }) // biome-ignore format: one sentence
  })

  it('judges equation 3.10 by the ranks that were measured on a quiet machine', () => {
    const disturbed = points.map(p => (p.factors['rank'] === 32 ? { ...p, foreignLoad: 0.5 } : p))
    const found = verdict(PAGES['low-rank']!([resultOf('low-rank', disturbed)]), /equation 3\.10/)
    expect(found).toMatchObject({ tone: 'good', text: expect.stringMatching(/r 32: .*others used the machine: not judged; r 64/) }) // biome-ignore format: one line
    const all = points.map(p => ({ ...p, foreignLoad: 0.5 }))
    expect(verdict(PAGES['low-rank']!([resultOf('low-rank', all)]), /equation 3\.10/)?.tone).toBe('open')
    expect(PAGES['low-rank']!([resultOf('low-rank', all)]).answer).toMatchObject({ tone: 'mixed', text: expect.stringMatching(/^LRT is faster than the transformer or not: all of it was measured while others used the machine, and smaller at every/) }) // biome-ignore format: one line
  })

  it('has a grid of every gain, and says why a value is absent', () => {
    const grid = page.figures.find(f => f.id === 'low-rank-seconds-linformer-inference')
    if (grid?.kind !== 'grid') throw new Error('no grid')
    expect(grid.values).toHaveLength(RANKS.length * LENGTHS.length)
    expect(grid.values.slice(0, 6)).toEqual(LENGTHS.map(n => n / 256))
    const holed = points.map(p => (p.factors['model'] === 'transformer' && p.factors['tokens'] === 128 ? point(p.factors, 'needs 20 GB') : p)) // biome-ignore format: one line
    const other = PAGES['low-rank']!([resultOf('low-rank', holed)]).figures.find(f => f.id === grid.id)
    expect(other?.kind === 'grid' && [other.values[0], other.missing[0]]).toEqual([null, 'does not fit'])
  })

  it('leaves claims open where nothing is measured', () => {
    const few = points.filter(p => p.factors['tokens'] === 128)
    const open = PAGES['low-rank']!([resultOf('low-rank', few)]).verdicts.filter(v => v.tone === 'open')
    expect(open.map(v => v.text).join(' ')).toMatch(/n ≥ 1,024, at equal rank: not measured here.*equation 3\.10/)
  })
})
