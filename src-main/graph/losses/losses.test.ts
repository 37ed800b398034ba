import * as ort from 'onnxruntime-node'
import { describe, expect, it } from 'vitest'
import { Graph } from '../graph.ts'
import { binaryCrossEntropy, crossEntropy, poisson, poissonMultinomial, squaredError } from '../losses.ts'
import { evaluate } from '../reference.ts'
import { checkOperation } from '../testing/check.ts'

const positive = (random: () => number) => 0.1 + 2 * random()
const pair = { p: { shape: [2, 4, 3], draw: positive }, t: { shape: [2, 4, 3], draw: positive } }

// Truth: plain loops and finite differences, and the formulae written out below.
describe('losses', () => {
  it('cross-entropy with ignored positions', () =>
    checkOperation(ort, {
      inputs: {
        x: { shape: [2, 3, 4] },
        labels: { shape: [2, 3], dtype: 'int32', draw: (_r, i) => [0, -100, 2, 3, 3, -100][i]! },
      },
      build: ({ x, labels }) => crossEntropy(x!, labels!),
    }))
  it('cross-entropy of nothing is 0, of equal logits ln classes', () => {
    const graph = new Graph({ float: 'float64' })
    const loss = crossEntropy(graph.input('x', [2, 5]), graph.input('labels', [2], 'int64'))
    const of = (labels: number[]) => evaluate([loss], new Map([['x', new Array(10).fill(3)], ['labels', labels]]))[0]!.values[0]! // biome-ignore format: one line
    expect(of([-100, -100])).toBeCloseTo(0, 15)
    expect(of([4, -100])).toBeCloseTo(Math.log(5), 12)
  })
  it('Poisson', () => checkOperation(ort, { inputs: pair, build: ({ p, t }) => poisson(p!, t!) }))
  it('Poisson-multinomial', () =>
    checkOperation(ort, { inputs: pair, build: ({ p, t }) => poissonMultinomial(p!, t!, 0.2) }))
  it('squared error', () => checkOperation(ort, { inputs: pair, build: ({ p, t }) => squaredError(p!, t!) }))
  it('binary cross-entropy', () =>
    checkOperation(ort, {
      inputs: { x: { shape: [6] }, t: { shape: [6], draw: r => Math.floor(r() * 2) } },
      build: ({ x, t }) => binaryCrossEntropy(x!, t!),
    }))
  it('agree with the formulae', () => {
    const graph = new Graph({ float: 'float64' })
    const [p, t] = [graph.input('p', [1, 2, 1]), graph.input('t', [1, 2, 1])]
    const feeds = new Map([['p', [2, 3]], ['t', [4, 1]]]) // biome-ignore format: one line
    const [a, b] = evaluate([poisson(p, t), poissonMultinomial(p, t, 0.2)], feeds)
    const e = 1e-7
    expect(a!.values[0]).toBeCloseTo((2 - 4 * Math.log(2 + e) + 3 - Math.log(3 + e)) / 2, 12)
    const profile = -(4 + e) * Math.log((2 + e) / 5) - (1 + e) * Math.log((3 + e) / 5)
    expect(b!.values[0]).toBeCloseTo((profile + 0.2 * (5 - 5 * Math.log(5 + e))) / 2, 12)
  })
})
