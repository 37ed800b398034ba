import { describe, expect, it } from 'vitest'
import type { LineFigure } from '../page.ts'
import type { Factors, LabPoint, LabResult } from '../result.ts'
import { compressionPage } from './compression.ts'

const exact = (value: number) => ({ n: 1, median: value, lower: value, upper: value })
const about = (value: number) => ({ n: 9, median: value, lower: 0.95 * value, upper: 1.05 * value })

/** A track model of 1,000 parameters whose run takes 10 ms, or a smaller one. */
function point(
  factors: Factors,
  measures: Readonly<Record<string, number>>,
  seconds: number,
  foreignLoad = 0,
): LabPoint {
  const named = Object.fromEntries(Object.entries(measures).map(([name, v]) => [name, exact(v)]))
  return { id: Object.values(factors).join('-'), factors, state: 'done', reason: null, measures: { ...named, seconds: about(seconds) }, predicted: null, foreignLoad } // biome-ignore format: one table
}
const original = (model: string, load = 0) => point({ model, method: 'none', keptEnergy: 1 }, { parameters: 1000, weightsBytes: 4000, 'energyAt50.energy': 0.9, 'energyAt10.energy': 0.4 }, 0.01, load) // biome-ignore format: one table
const tracks = (keptEnergy: number, parameters: number, r: number, seconds: number, method = 'svd') => point({ model: 'm', method, keptEnergy }, { parameters, weightsBytes: 4 * parameters, factorisedLayersCount: 3, meanPearson: r, leastPearson: r, worstScale: 1.02, largestChangeShare: 0.03, experimentRBefore: 0.8, experimentRAfter: 0.8 * r }, seconds) // biome-ignore format: one table
const risk = (parameters: number, auc: number, low: number, moved: number) => point({ model: 'm', method: 'svd', keptEnergy: 0.9 }, { parameters, weightsBytes: 4 * parameters, factorisedLayersCount: 2, aucAfter: 0.7 + auc, aucDifference: auc, aucDifferenceLower: low, aucDifferenceUpper: auc + 0.005, largestProbabilityChange: moved }, 0.01) // biome-ignore format: one table

const result = (points: readonly LabPoint[]): LabResult => ({
  format: 'diploscope-lab',
  formatVersion: 1,
  id: 'x',
  experiment: 'compression',
  recipe: { id: 'x', name: 'x', sha256: '', text: '' },
  machine: {
    processor: 'made up',
    cores: 2,
    threads: 2,
    memoryBytes: 8e9,
    system: 'Linux',
    device: 'cpu',
    versions: {},
  },
  startedAt: '2026-01-01T00:00:00.000Z',
  finishedAt: null,
  state: 'done',
  total: points.length,
  points,
  notes: ['made up'],
})
const verdict = (...points: readonly LabPoint[]) => compressionPage([result(points)]).verdicts[0]!

// Truth: made-up figures whose verdict is plain.
describe('the page of compression', () => {
  it('takes the smallest model that predicts the same', () => {
    const v = verdict(
      original('m'),
      tracks(0.99, 900, 0.999, 0.01),
      tracks(0.9, 500, 0.995, 0.006),
      tracks(0.5, 200, 0.4, 0.004),
    )
    expect(v.tone).toBe('good')
    expect(v.text).toMatch(/^m: the smallest that predicts the same has 50 % of the parameters at 90 % of the energy: r 0\.995.*at worst of a track 0\.995, scale 1\.02×, a value moves by 3 % of its largest.*against experiments 0\.796 instead of 0\.800, and a run takes 0\.6× the time\.$/) // biome-ignore format: one sentence
  })
  // Truth: each alone is another model, whatever the mean r: the rule's own bounds.
  it.each([
    [{ worstScale: 0.5 }, /nothing smaller predicts the same/],
    [{ worstScale: 1.3 }, /nothing smaller predicts the same/],
    [{ leastPearson: 0.7 }, /nothing smaller predicts the same/],
    [{ largestChangeShare: 0.6 }, /a value moves by 60 % of its largest/],
  ])('does not call it the same for its mean r where %j', (changed, text) => {
    const fine = tracks(0.9, 500, 0.999, 0.006)
    const measures = { ...fine.measures, ...Object.fromEntries(Object.entries(changed).map(([k, v]) => [k, exact(v)])) }
    expect(verdict(original('m'), { ...fine, measures })).toMatchObject({ tone: 'bad', text: expect.stringMatching(text) }) // biome-ignore format: one line
  })
  it('leaves open what an older result says by r alone', () => {
    const { worstScale: _s, leastPearson: _r, largestChangeShare: _l, ...measures } = tracks(0.9, 500, 0.999, 0.006).measures // biome-ignore format: one line
    expect(verdict(original('m'), { ...tracks(0.9, 500, 0.999, 0.006), measures })).toMatchObject({ tone: 'open', text: expect.stringContaining('r alone') }) // biome-ignore format: one line
  })
  it('says plainly that a smaller model is slower', () => {
    const v = verdict(original('m'), tracks(0.9, 500, 0.995, 0.013))
    expect(v).toMatchObject({ tone: 'bad', text: expect.stringMatching(/1\.3× the time: smaller, but slower\.$/) })
  })
  it('and that nothing smaller predicts the same, or that next to nothing is saved', () => {
    const other = verdict(original('m'), tracks(0.9, 940, 0.46, 0.01), tracks(0.7, 620, 0.1, 0.01))
    expect(other).toMatchObject({ tone: 'bad', text: expect.stringMatching(/^m: nothing smaller predicts the same\. The nearest has 94 %.*r 0\.460.*takes as long as before\.$/) }) // biome-ignore format: one line
    expect(verdict(original('m'), tracks(0.99, 990, 0.999, 0.01))).toMatchObject({ tone: 'bad', text: expect.stringMatching(/saves next to nothing\.$/) }) // biome-ignore format: one line
    expect(verdict(original('m'), tracks(0.99, 1000, 1, 0.01))).toMatchObject({ tone: 'bad', text: expect.stringContaining('no layer becomes smaller') }) // biome-ignore format: one line
  })
  it('answers as a whole: how small each model becomes', () => {
    const page = compressionPage([result([original('m'), tracks(0.9, 500, 0.995, 0.006)])])
    expect(page.answer).toEqual({ tone: 'good', text: 'Still predicting the same: m at 50 % of its parameters.' })
    expect(compressionPage([result([original('m'), tracks(0.9, 500, 0.4, 0.006)])]).answer).toEqual({ tone: 'bad', text: 'Nothing smaller predicts the same of m.' }) // biome-ignore format: one line
    expect(compressionPage([result([original('m')])]).answer).toBeNull()
  })
  it('of a risk model: the interval of the AUC and the probabilities decide', () => {
    expect(verdict(original('m'), risk(800, -0.001, -0.004, 0.02)).tone).toBe('good')
    expect(verdict(original('m'), risk(800, -0.001, -0.03, 0.02)).text).toContain('nothing smaller predicts the same')
    expect(verdict(original('m'), risk(800, 0.001, -0.004, 0.2)).text).toContain('a probability moves by at most 0.200')
  })
  it('says nothing of times on a busy machine, and nothing without the original', () => {
    expect(verdict(original('m', 0.5), tracks(0.9, 500, 0.995, 0.02)).text).toContain('busy machine and says little')
    expect(verdict(tracks(0.9, 500, 0.995, 0.02))).toMatchObject({ tone: 'open' })
    expect(compressionPage([{ ...result([]), total: 5 }]).figures).toEqual([])
  })
  it('draws change and time against size, spectra, and fills every column', () => {
    const page = compressionPage([result([original('m'), tracks(0.5, 250, 0.5, 0.02), tracks(0.9, 500, 0.9, 0.01), tracks(0.9, 500, 0.8, 0.01, 'semi-nmf')])]) // biome-ignore format: one call
    const [change, experiments, speed, spectra] = page.figures as LineFigure[]
    expect(change!.series.map(s => [s.name, s.style, s.points.map(p => [p.x, p.y])])).toEqual([['m, SVD', 'line', [[0.25, 0.5], [0.5, 0.9]]], ['m, semi-NMF', 'dashed', [[0.5, 0.8]]]]) // biome-ignore format: one table
    expect(experiments!.id).toBe('compression-experiments')
    expect(speed!.series[0]!.points.map(p => p.y)).toEqual([2, 1])
    expect(spectra!.series[0]!.points.map(p => [p.x, p.y])).toEqual([[0.1, 0.4], [0.5, 0.9]]) // biome-ignore format: one table
    for (const table of page.tables) for (const row of table.rows) expect(row).toHaveLength(table.columns.length)
    expect(page.tables[0]!.rows).toHaveLength(4)
    expect(page.notes).toContain('made up')
  })
})
