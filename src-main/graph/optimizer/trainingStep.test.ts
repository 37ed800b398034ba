import * as ort from 'onnxruntime-node'
import { describe, expect, it } from 'vitest'
import { Graph, type Tensor } from '../graph.ts'
import { crossEntropy, squaredError } from '../losses.ts'
import { batchNormInference, batchNormTraining, dropout, linear, mul, reduceMean, relu, slice } from '../ops.ts'
import { relativeDifference, runOnce } from '../testing/check.ts'
import { seededRandom } from '../testing/random.ts'
import { sizeOf, type TensorData } from '../types.ts'
import type { Optimizer } from './optimizer.ts'
import { accumulationStep, applyStep, nextName, seedInput, type TrainingOptions, trainingStep } from './trainingStep.ts'

type Values = Map<string, number[]>

/** loss = mean (w·x - t)² for x = data, by hand: gradient 2(w·x - t)x / n. */
function regression(float: 'float32' | 'float64' = 'float64') {
  const graph = new Graph({ float })
  const w = graph.parameter('w', [1, 3])
  const frozen = graph.parameter('frozen', [1])
  const loss = squaredError(mul(linear(graph.input('x', [4, 3]), w), frozen), graph.input('t', [4, 1]))
  return { graph, w, loss }
}

const random = seededRandom(9)
const x = Array.from({ length: 12 }, () => Math.fround(random() - 0.5))
const t = Array.from({ length: 4 }, () => Math.fround(random()))
const start: Values = new Map([
  ['x', x],
  ['t', t],
  ['w', [0.3, -0.2, 0.9]],
  ['frozen', [1]],
])

function gradientByHand(w: readonly number[]): number[] {
  const errors = t.map((target, row) => w.reduce((sum, value, i) => sum + value * x[row * 3 + i]!, 0) - target)
  return w.map((_, i) => errors.reduce((sum, error, row) => sum + (2 / 4) * error * x[row * 3 + i]!, 0))
}

async function train(
  options: TrainingOptions,
  values: Values,
  rates: readonly number[],
): Promise<Map<string, TensorData>> {
  const step = trainingStep(options)
  let last = new Map<string, TensorData>()
  const state: Values = new Map(values)
  for (const [name, type] of step.moments) state.set(name, new Array(sizeOf(type.shape)).fill(0))
  for (const [i, rate] of rates.entries()) {
    last = await runOnce(ort, step.outputs, new Map(state).set('training.rate', [rate]).set('training.step', [i + 1]))
    for (const name of state.keys()) {
      const next = last.get(nextName(name))
      if (next) state.set(name, Array.from(next, Number))
    }
  }
  return last
}

// Truth: the published update rules written as loops over three numbers.
describe('trainingStep', () => {
  it('AdamW with decoupled decay, bias correction and a changing rate', async () => {
    const { w, loss } = regression()
    const rates = [0.1, 0.05, 0.2]
    const done = await train(
      { losses: [loss], parameters: [w], optimizer: { kind: 'adamw', weightDecay: 0.1 } },
      start,
      rates,
    )
    let p = start.get('w')!
    let m = [0, 0, 0]
    let v = [0, 0, 0]
    rates.forEach((rate, i) => {
      const g = gradientByHand(p)
      m = m.map((value, k) => 0.9 * value + 0.1 * g[k]!)
      v = v.map((value, k) => 0.999 * value + 0.001 * g[k]! ** 2)
      p = p.map(
        (value, k) =>
          value * (1 - rate * 0.1) -
          (rate * (m[k]! / (1 - 0.9 ** (i + 1)))) / (Math.sqrt(v[k]! / (1 - 0.999 ** (i + 1))) + 1e-8),
      )
    })
    expect(relativeDifference(done.get('next/w')!, p)).toBeLessThan(1e-12)
    expect(done.get('finite')![0]).toBe(1)
    expect(done.has('next/frozen')).toBe(false)
  })
  it('Adam, SGD and momentum, with L2 decay and a parameter group', async () => {
    const cases: [Optimizer, (p: number[], g: number[], u: number[]) => [number[], number[]]][] = [
      [{ kind: 'sgd', weightDecay: 0.5 }, (p, g, u) => [p.map((value, k) => value - 0.05 * (g[k]! + 0.2 * value)), u]],
      [
        { kind: 'sgd', momentum: 0.8, weightDecay: 0.5 },
        (p, g, u) => {
          const pushed = u.map((value, k) => 0.8 * value + g[k]! + 0.2 * p[k]!)
          return [p.map((value, k) => value - 0.05 * pushed[k]!), pushed]
        },
      ],
    ]
    for (const [optimizer, rule] of cases) {
      const { w, loss } = regression()
      const group = () => ({ rateFactor: 0.5, weightDecay: 0.2 })
      const done = await train({ losses: [loss], parameters: [w], optimizer, group }, start, [0.1, 0.1])
      let [p, u] = [start.get('w')!, [0, 0, 0]]
      for (let i = 0; i < 2; i++) [p, u] = rule(p, gradientByHand(p), u)
      expect(relativeDifference(done.get('next/w')!, p)).toBeLessThan(1e-12)
    }
    const { w, loss } = regression()
    const done = await train(
      { losses: [loss], parameters: [w], optimizer: { kind: 'adam', weightDecay: 0.3 } },
      start,
      [0.1],
    )
    const g = gradientByHand(start.get('w')!).map((value, k) => value + 0.3 * start.get('w')![k]!)
    const p = start.get('w')!.map((value, k) => value - (0.1 * g[k]!) / (Math.abs(g[k]!) + 1e-8))
    expect(relativeDifference(done.get('next/w')!, p)).toBeLessThan(1e-7)
  })
  it('clips by the joint norm and by each norm', async () => {
    const g = gradientByHand(start.get('w')!)
    const size = Math.hypot(...g)
    for (const clip of [{ clipNorm: size / 4 }, { clipEach: size / 4 }]) {
      const { w, loss } = regression()
      const done = await train({ losses: [loss], parameters: [w], optimizer: { kind: 'sgd' }, ...clip }, start, [1])
      const p = start.get('w')!.map((value, k) => value - (g[k]! * (size / 4)) / (size + 1e-6))
      expect(relativeDifference(done.get('next/w')!, p)).toBeLessThan(1e-12)
      if ('clipNorm' in clip) expect(Number(done.get('gradientNorm')![0])).toBeCloseTo(size, 12)
    }
  })
  it('clipping leaves a gradient below the limit as it is', async () => {
    const g = gradientByHand(start.get('w')!)
    for (const clip of [{ clipNorm: 2 * Math.hypot(...g) }, { clipEach: 2 * Math.hypot(...g) }]) {
      const { w, loss } = regression()
      const done = await train({ losses: [loss], parameters: [w], optimizer: { kind: 'sgd' }, ...clip }, start, [1])
      const p = start.get('w')!.map((value, k) => value - g[k]!)
      expect(relativeDifference(done.get('next/w')!, p)).toBeLessThan(1e-12)
    }
  })
  it('micro-batches in one run, and over several runs, equal the whole batch', async () => {
    const whole = regression()
    const optimizer: Optimizer = { kind: 'adamw' }
    const truth = await train({ losses: [whole.loss], parameters: [whole.w], optimizer }, start, [0.1])
    const graph = new Graph({ float: 'float64' })
    const w = graph.parameter('w', [1, 3])
    const inputs = [graph.input('x', [4, 3]), graph.input('t', [4, 1])] as const
    const half = (i: number) =>
      squaredError(linear(slice(inputs[0], 0, 2 * i, 2 * i + 2), w), slice(inputs[1], 0, 2 * i, 2 * i + 2))
    const joined = await train({ losses: [half(0), half(1)], parameters: [w], optimizer }, start, [0.1])
    expect(relativeDifference(joined.get('next/w')!, Array.from(truth.get('next/w')!, Number))).toBeLessThan(1e-12)
    let sum = [0, 0, 0]
    for (const i of [0, 1]) {
      const part = new Graph({ float: 'float64' })
      const weights = part.parameter('w', [1, 3])
      const outputs = accumulationStep({
        losses: [squaredError(linear(part.input('x', [2, 3]), weights), part.input('t', [2, 1]))],
        parameters: [weights],
      })
      const feeds = new Map(start)
        .set('x', x.slice(6 * i, 6 * i + 6))
        .set('t', t.slice(2 * i, 2 * i + 2))
        .set('sum/w', sum)
      sum = Array.from((await runOnce(ort, outputs, feeds)).get('next/sum/w')!, Number)
    }
    const last = new Graph({ float: 'float64' })
    const step = applyStep(last, 2, { parameters: [last.parameter('w', [1, 3])], optimizer })
    const zero = [0, 0, 0]
    const feeds = new Map(start)
      .set('sum/w', sum)
      .set('m/w', zero)
      .set('v/w', zero)
      .set('training.rate', [0.1])
      .set('training.step', [1])
    const applied = await runOnce(ort, step.outputs, feeds)
    expect(relativeDifference(applied.get('next/w')!, Array.from(truth.get('next/w')!, Number))).toBeLessThan(1e-12)
  })
  it('says when the numbers are not finite', async () => {
    for (const float of ['float32', 'float64'] as const)
      for (const bad of [Number.NaN, Number.POSITIVE_INFINITY]) {
        const { w, loss } = regression(float)
        const values = new Map(start).set('t', [bad, 0, 0, 0])
        const done = await train({ losses: [loss], parameters: [w], optimizer: { kind: 'adamw' } }, values, [0.1])
        expect(done.get('finite')![0]).toBe(0)
      }
  })
  it('renews running statistics in training only: frozen ones have no output', async () => {
    const build = (training: boolean) => {
      const graph = new Graph({ float: 'float64' })
      const tensors = {
        scale: graph.parameter('g', [3]),
        offset: graph.parameter('b', [3]),
        mean: graph.state('mean', [3]),
        variance: graph.state('variance', [3]),
      }
      const input = graph.input('x', [4, 3])
      const y = training
        ? batchNormTraining(input, tensors, { epsilon: 1e-3, decay: 0.9, unbiased: true })
        : batchNormInference(input, tensors, { epsilon: 1e-3 })
      return trainingStep({ losses: [reduceMean(relu(y))], parameters: [tensors.scale], optimizer: { kind: 'sgd' } })
    }
    expect(Object.keys(build(false).outputs)).toEqual(['loss', 'gradientNorm', 'finite', 'next/g'])
    const feeds = new Map<string, number[]>([
      ['x', x],
      ['g', [1, 1, 1]],
      ['b', [0, 0, 0]],
      ['mean', [1, 2, 3]],
      ['variance', [1, 1, 1]],
      ['training.rate', [0]],
    ])
    const done = await runOnce(ort, build(true).outputs, feeds)
    const column = [x[0]!, x[3]!, x[6]!, x[9]!]
    const mean = column.reduce((a, b) => a + b) / 4
    const variance = column.reduce((a, b) => a + (b - mean) ** 2, 0) / 3
    expect(Number(done.get('next/mean')![0])).toBeCloseTo(0.9 + 0.1 * mean, 12)
    expect(Number(done.get('next/variance')![0])).toBeCloseTo(0.9 + 0.1 * variance, 12)
  })
  it('running statistics of micro-batches in one run are those of the batches one after the other', async () => {
    const graph = new Graph({ float: 'float64' })
    const [scale, offset] = [graph.parameter('g', [3]), graph.parameter('b', [3])]
    const tensors = { scale, offset, mean: graph.state('mean', [3]), variance: graph.state('variance', [3]) }
    const rows = graph.input('x', [4, 3])
    const losses = [0, 2].map(at =>
      reduceMean(batchNormTraining(slice(rows, 0, at, at + 2), tensors, { epsilon: 1e-3, decay: 0.9, unbiased: true })),
    )
    const step = trainingStep({ losses, parameters: [scale], optimizer: { kind: 'sgd' } })
    const feeds = new Map<string, number[]>([
      ['x', x],
      ['g', [1, 1, 1]],
      ['b', [0, 0, 0]],
      ['mean', [1, 2, 3]],
      ['variance', [1, 1, 1]],
      ['training.rate', [0]],
    ])
    const done = await runOnce(ort, step.outputs, feeds)
    let [mean, variance] = [1, 1]
    for (const [a, b] of [
      [x[0]!, x[3]!],
      [x[6]!, x[9]!],
    ] as const) {
      mean = 0.9 * mean + (0.1 * (a + b)) / 2
      variance = 0.9 * variance + (0.1 * (a - b) ** 2) / 2
    }
    expect(Number(done.get('next/mean')![0])).toBeCloseTo(mean, 12)
    expect(Number(done.get('next/variance')![0])).toBeCloseTo(variance, 12)
  })
  it('dropout: the same seed gives the same bytes, another seed others', async () => {
    const graph = new Graph()
    const w = graph.parameter('w', [8, 3])
    const seed = seedInput(graph)
    const hidden = (input: Tensor) => dropout(dropout(linear(input, w), 0.3, seed), 0.1, seed)
    const loss = crossEntropy(hidden(graph.input('x', [4, 3])), graph.input('labels', [4], 'int64'))
    const step = trainingStep({ losses: [loss], parameters: [w], optimizer: { kind: 'adamw' } })
    const zeros = new Array(24).fill(0)
    const feeds = (value: number) =>
      new Map<string, number[]>([
        ['x', x],
        ['labels', [1, 7, -100, 3]],
        ['w', Array.from({ length: 24 }, (_, i) => Math.sin(i))],
        ['m/w', zeros],
        ['v/w', zeros],
        ['training.rate', [0.1]],
        ['training.step', [1]],
        ['training.seed', [value]],
      ])
    const [first, second, other] = [
      await runOnce(ort, step.outputs, feeds(5)),
      await runOnce(ort, step.outputs, feeds(5)),
      await runOnce(ort, step.outputs, feeds(6)),
    ]
    expect(second).toEqual(first)
    expect(other.get('next/w')).not.toEqual(first.get('next/w'))
  })
})
