import * as ort from 'onnxruntime-node'
import { describe, expect, it } from 'vitest'
import { gradient } from '../gradient.ts'
import { Graph, liveNodes, type Tensor } from '../graph.ts'
import { checkOperation } from '../testing/check.ts'
import { matmul } from './matmul.ts'
import { mul } from './mul.ts'
import { reduceSum } from './reduceSum.ts'
import { softmax } from './softmax.ts'

// Truth: plain loops in float64; central finite differences for gradients; the same bytes twice.
describe('softmax', () => {
  it('agrees on rows', () =>
    checkOperation(ort, {
      inputs: { x: { shape: [2, 3, 5] } },
      build: ({ x }) => softmax(x!),
    }))
  it('does not overflow', () =>
    checkOperation(ort, {
      inputs: { x: { shape: [2, 3], draw: (_r, i) => [1000, 1001, 1002.5, -1000, -1001, 0][i]! } },
      build: ({ x }) => softmax(x!),
      gradients: false,
    }))
})

describe('the gradient of attention', () => {
  it('makes one product and one pass over all pairs, and computes nothing twice', () => {
    const graph = new Graph()
    const [q, k, v] = ['q', 'k', 'v'].map(name => graph.input(name, [2, 8, 4])) as [Tensor, Tensor, Tensor]
    const o = matmul(softmax(mul(matmul(q, k, { transposeB: true }), 0.5)), v)
    const gradients = gradient(reduceSum(mul(o, graph.input('g', o.shape))), [q, k, v])
    const pairs = liveNodes([o, ...gradients]).filter(node => node.outputs[0]!.shape.join() === '2,8,8')
    // Scores, their factor, the probabilities; G Vᵀ - D, the product with y, and the factor again.
    expect(pairs.map(node => node.operation?.name)).toEqual(['matmul', 'mul', 'softmax', 'matmul', 'mul', 'mul'])
  })
})
