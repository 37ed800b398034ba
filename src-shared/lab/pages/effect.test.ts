import { describe, expect, it } from 'vitest'
import { parameterCount } from '../../../src-main/models/layers/weights.ts'
import { linformerDefinition } from '../../../src-main/models/linformer.ts'
import { lrtDefinition } from '../../../src-main/models/lrt.ts'
import { tokenEncoderSpecs } from '../../../src-main/models/tokenEncoder.ts'
import { transformerDefinition } from '../../../src-main/models/transformer.ts'
import type { LineFigure } from '../page.ts'
import type { Factors, LabPoint, LabResult } from '../result.ts'
import { effectPage } from './effect.ts'
import { PUBLISHED_EFFECT } from './publishedEffect.ts'

const exact = (value: number) => ({ n: 1, median: value, lower: value, upper: value })

/** A training with this accuracy; its step takes `step` seconds. */
function trained(model: string, seed: number, accuracy: number, step: number, more: Factors = {}): LabPoint {
  const factors = { job: 'train', model, tokens: 197, width: 64, layers: 2, batch: 32, examples: 3200, seed, ...(model === 'transformer' ? {} : { rank: 16 }), ...more } // biome-ignore format: one table
  return {
    id: Object.values(factors).join('-'),
    factors,
    state: 'done',
    reason: null,
    measures: {
      testAccuracy: exact(accuracy),
      testLowerAccuracy: exact(accuracy - 0.005),
      testUpperAccuracy: exact(accuracy + 0.005),
      trainAccuracy: exact(accuracy + 0.01),
      trainStepSeconds: { n: 100, median: step, lower: 0.9 * step, upper: 1.1 * step },
      trainSeconds: exact(110 * step),
      trainFlops: exact(step * 1e12),
      parameters: exact(1_000_000),
      'curve.1600.testAccuracy': exact(accuracy - 0.2),
      'curve.1600.lossNats': exact(1.5),
      'curve.3200.testAccuracy': exact(accuracy),
      'curve.3200.lossNats': exact(0.5),
    },
    predicted: null,
    foreignLoad: 0,
  }
}

function timed(model: string, step: number, sizes: Factors = {}): LabPoint {
  const factors = { job: 'cost', model, tokens: 197, width: 64, layers: 2, batch: 32, examples: 3200, ...(model === 'transformer' ? {} : { rank: 16 }), ...sizes } // biome-ignore format: one table
  const measures = { trainStepSeconds: { n: 6, median: step, lower: step, upper: step }, inferenceSeconds: exact(step / 3), peakBytes: exact(step * 1e9), parameters: exact(1e6), forwardFlops: exact(1e7) } // biome-ignore format: one table
  return { id: Object.values(factors).join('-'), factors, state: 'done', reason: null, measures, predicted: null, foreignLoad: 0 } // biome-ignore format: one table
}

const result = (points: readonly LabPoint[], processor = 'made up'): LabResult => ({
  format: 'diploscope-lab',
  formatVersion: 1,
  id: 'x',
  experiment: 'effect',
  recipe: { id: 'x', name: 'x', sha256: '', text: '' },
  machine: { processor, cores: 2, threads: 2, memoryBytes: 8e9, system: 'Linux', device: 'cpu', versions: {} },
  startedAt: '2026-01-01T00:00:00.000Z',
  finishedAt: null,
  state: 'done',
  total: points.length,
  points,
  notes: ['REDUCED: made up'],
})

const seeds = (model: string, accuracies: readonly number[], step: number) => accuracies.map((a, i) => trained(model, i + 1, a, step)) // biome-ignore format: one line

// Truth: made-up accuracies whose verdict is plain.
describe('the page of the effect', () => {
  it('calls a difference within the spread over the seeds no loss, and a quicker training a win', () => {
    const page = effectPage([result([...seeds('transformer', [0.94, 0.95, 0.96], 0.1), ...seeds('lrt', [0.935, 0.945, 0.955], 0.05)])]) // biome-ignore format: one thought
    expect(page.verdicts).toEqual([{ tone: 'good', text: 'LRT, r = 16 on 197 tokens, width 64, 2 layers: 94.50 % of the test images against 95.00 % of the transformer, -0.50 points, within the spread over 3 seeds (93.50 % – 95.50 % and 94.00 % – 96.00 %); a training takes 0.5× the time and 0.5× the arithmetic of the transformer\'s.' }]) // biome-ignore format: one sentence
  })
  // Truth: the made-up accuracies and steps.
  it('answers as a whole: what each cheaper network loses, at which time', () => {
    const page = effectPage([result([...seeds('transformer', [0.94, 0.95, 0.96], 0.1), ...seeds('lrt', [0.935, 0.945, 0.955], 0.05)])]) // biome-ignore format: one thought
    expect(page.answer).toEqual({
      tone: 'good',
      text: 'Beside the transformer: LRT -0.50 points of accuracy (within the spread over seeds) at 0.5× the time.',
    })
    const steps = effectPage([result([timed('transformer', 2), timed('lrt', 2.4), timed('linformer', 1)])])
    expect(steps.answer).toEqual({ tone: 'mixed', text: "A training step takes, beside the transformer's: LRT 1.2× the time; Linformer 0.5× the time. Nothing was trained here: accuracy is not judged." }) // biome-ignore format: one sentence
    expect(effectPage([result([])]).answer).toBeNull()
  })
  it('answers no difference that its verdicts leave open, and no time of a seed that one of the two lacks', () => {
    const answer = (...points: readonly LabPoint[]) => effectPage([result(points)]).answer?.text
    expect(answer(trained('transformer', 1, 0.95, 0.1), trained('lrt', 1, 0.8, 0.05))).toMatch(/LRT -15\.00 points of accuracy \(of one seed, not judged\) at 0\.5× the time\.$/) // biome-ignore format: one line
    const far = [...seeds('transformer', [0.94, 0.95], 0.1), ...seeds('lrt', [0.8, 0.81], 0.05)]
    expect(answer(...far)).toMatch(/LRT -14\.00 points of accuracy at 0\.5× the time\.$/)
    const other = (p: LabPoint): LabPoint => ({ ...p, factors: { ...p.factors, tokens: 50 } })
    const near = [...seeds('transformer', [0.94, 0.95], 0.1), ...seeds('lrt', [0.94, 0.95], 0.05)].map(other)
    expect(answer(...far, ...near)).toMatch(
      /LRT -14\.00 points to \+0\.00 points of accuracy \(1 of 2 within the spread over seeds\)/,
    )
    // The third seed of the LRT was quicker; its pair was never trained.
    expect(answer(...far, trained('lrt', 3, 0.8, 0.01))).toMatch(/ at 0\.5× the time\.$/)
  })
  it('calls steps whose quartiles cross no difference', () => {
    const wide = (p: LabPoint): LabPoint => ({ ...p, measures: { ...p.measures, trainStepSeconds: { ...p.measures['trainStepSeconds']!, lower: 0.5, upper: 4 } } }) // biome-ignore format: one thought
    const page = effectPage([result([wide(timed('transformer', 2)), wide(timed('lrt', 1.8))])])
    expect(page.verdicts[0]).toMatchObject({ tone: 'open', text: expect.stringContaining('the quartiles cross: no difference') }) // biome-ignore format: one line
  })
  it('says plainly that a network loses: in accuracy, and in time', () => {
    const worse = effectPage([result([...seeds('transformer', [0.94, 0.95], 0.1), ...seeds('linformer', [0.8, 0.81], 0.05)])]) // biome-ignore format: one thought
    expect(worse.verdicts[0]).toMatchObject({ tone: 'bad', text: expect.stringMatching(/^Linformer, k = 16.*-14\.00 points, beyond the spread/) }) // biome-ignore format: one thought
    const slower = effectPage([result([...seeds('transformer', [0.94, 0.95], 0.1), ...seeds('lrt', [0.94, 0.95], 0.12)])]) // biome-ignore format: one thought
    expect(slower.verdicts[0]).toMatchObject({ tone: 'bad', text: expect.stringMatching(/1\.2× the time.*: it is slower\.$/) }) // biome-ignore format: one thought
  })
  it('decides nothing by one seed, by different seeds, or without the transformer', () => {
    const one = effectPage([result([trained('transformer', 1, 0.95, 0.1), trained('lrt', 1, 0.8, 0.05)])]).verdicts[0]
    expect(one).toMatchObject({
      tone: 'open',
      text: expect.stringContaining('say nothing of the spread between seeds'),
    })
    const apart = effectPage([result([trained('transformer', 1, 0.95, 0.1), trained('lrt', 2, 0.8, 0.05)])]).verdicts[0]
    const alone = effectPage([result([trained('lrt', 1, 0.95, 0.1)])]).verdicts[0]
    for (const verdict of [apart, alone]) expect(verdict).toMatchObject({ tone: 'open', text: expect.stringContaining('not measured beside the transformer yet') }) // biome-ignore format: one thought
  })
  it('judges no times that were measured while others used the machine, unless steps were timed alone', () => {
    const busy = [...seeds('transformer', [0.94, 0.95], 0.1), ...seeds('lrt', [0.94, 0.95], 0.05)].map(p => ({ ...p, foreignLoad: 0.5 })) // biome-ignore format: one thought
    const verdict = (...others: LabResult[]) => effectPage([result(busy), ...others]).verdicts[0]
    expect(verdict()).toMatchObject({ tone: 'open', text: expect.stringMatching(/a training takes 0\.5× the arithmetic of the transformer's; its time was not measured on a quiet machine\.$/) }) // biome-ignore format: one thought
    const page = effectPage([result(busy)])
    expect(page.figures.map(f => f.id.split('-').at(-1))).toEqual(['flops', 'curve', 'loss'])
    expect(page.notes.join(' ')).toContain('Accuracy is not drawn against times')
    const alone = [timed('transformer', 0.07), timed('lrt', 0.08)]
    expect(verdict(result(alone))).toMatchObject({ tone: 'bad', text: expect.stringContaining('1.14× the time') })
    expect(verdict(result(alone.map(p => ({ ...p, foreignLoad: 0.5 }))))).toMatchObject({ tone: 'open' })
  })
  it('leaves seeds out of the verdict that only one of the two has', () => {
    const page = effectPage([result([...seeds('transformer', [0.94, 0.95, 0.1], 0.1), ...seeds('lrt', [0.94, 0.95], 0.05)])]) // biome-ignore format: one thought
    expect(page.verdicts[0]!.text).toContain('94.50 % of the test images against 94.50 %')
  })
  it('draws means with the least and the most, curves by images seen, and other machines by their names', () => {
    const page = effectPage([result(seeds('transformer', [0.9, 0.96], 0.1)), result(seeds('transformer', [0.93, 0.95], 0.2), 'another')]) // biome-ignore format: one thought
    const [time, , curve, loss] = page.figures as LineFigure[]
    expect(time!.series.map(s => [s.name, s.from, s.points[0]!.x])).toEqual([['Transformer', undefined, 10], ['Transformer', 'another, 2 threads', 20]]) // biome-ignore format: one table
    expect(time!.series[0]!.points[0]).toMatchObject({ y: expect.closeTo(0.93, 9), lower: 0.9, upper: 0.96 })
    expect(curve!.series[0]!.points.map(p => p.x)).toEqual([1600, 3200])
    expect(loss!.series[0]!.points.map(p => p.y)).toEqual([1.5, 0.5])
  })
  it('takes the time of steps that were timed alone on the same machine', () => {
    const runs = seeds('transformer', [0.9, 0.96], 0.1)
    const seconds = (other: LabResult) => (effectPage([result(runs), other]).figures[0] as LineFigure).series[0]!.points[0]!.x // biome-ignore format: one thought
    expect(seconds(result([timed('transformer', 0.07)]))).toBeCloseTo(7, 9)
    expect(seconds(result([timed('transformer', 0.07)], 'another'))).toBeCloseTo(10, 9)
  })
  it('tells the cost of timed steps, faster and slower, and how long an epoch would take', () => {
    const full = { tokens: 785, width: 256, layers: 4, batch: 4 }
    const page = effectPage([result([timed('transformer', 2, full), timed('lrt', 2.4, full), timed('linformer', 1, full)])]) // biome-ignore format: one thought
    expect(page.verdicts.map(v => v.tone)).toEqual(['bad', 'good'])
    expect(page.verdicts[1]!.text).toContain('a training step takes 1 s against 2 s of the transformer, 0.5×')
    expect(page.verdicts[1]!.text).toContain('an epoch of 60,000 images would take 4.17 h against 8.33 h')
    const busy = effectPage([result([timed('transformer', 2, full), timed('linformer', 1, full)].map(p => ({ ...p, foreignLoad: 0.5 })))]) // biome-ignore format: one thought
    expect(busy.verdicts[0]).toMatchObject({ tone: 'open', text: expect.stringContaining('while others used the machine') }) // biome-ignore format: one thought
    const grid = page.figures[0]!
    expect(grid.kind === 'grid' && grid.values).toEqual([2 / 2.4, 2])
  })
  it('shows the published table beside, and every table row fills its columns', () => {
    const page = effectPage([result([...seeds('transformer', [0.9, 0.96], 0.1), timed('lrt', 0.07)])])
    const published = page.tables.find(t => t.id === 'effect-published')!
    expect(published.rows[1]!.slice(0, 5)).toEqual(['LRT', '9,276,938', '9.3M', '99.04 %', '97.31 %'])
    expect(published.rows[0]!.at(-1)).toBe('93.00 %')
    for (const table of page.tables) for (const row of table.rows) expect(row, table.id).toHaveLength(table.columns.length) // biome-ignore format: one thought
    expect(page.notes.join(' ')).toContain(
      'Not the published size: 197 tokens, width 64, 2 layers instead of 785 tokens',
    )
    expect(page.notes).toContain('REDUCED: made up')
  })
  it('is whole without any point', () => {
    const page = effectPage([{ ...result([]), total: 9 }])
    expect(page.figures).toEqual([])
    expect(page.notes.join(' ')).toContain('0 of 9 points')
  })
})

// Truth: the networks themselves.
it('the published parameters are those of the networks', () => {
  const mnist = { vocabulary: 30522, maxTokens: 785, tokenTypes: 2, width: 256, layers: 4, heads: 8, feedForward: 1024, pooler: true, classes: 10 } // biome-ignore format: one table
  expect(PUBLISHED_EFFECT.map(p => p.parameters)).toEqual([
    parameterCount(tokenEncoderSpecs(transformerDefinition.parseConfig(mnist))),
    parameterCount(tokenEncoderSpecs(lrtDefinition.parseConfig({ ...mnist, rank: 64 }))),
    parameterCount(tokenEncoderSpecs(linformerDefinition.parseConfig({ ...mnist, projection: 64 }))),
  ])
})
