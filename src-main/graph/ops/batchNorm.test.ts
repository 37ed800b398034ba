import * as ort from 'onnxruntime-node'
import { describe, expect, it } from 'vitest'
import { Graph } from '../graph.ts'
import { checkOperation } from '../testing/check.ts'
import { batchNormInference, batchNormTraining } from './batchNorm.ts'

// Truth: plain loops in float64; central finite differences for gradients; the same bytes twice.
describe('batchNorm', () => {
  it('inference with stored statistics', () =>
    checkOperation(ort, {
      inputs: {
        x: { shape: [2, 3, 4] },
        g: { shape: [3] },
        b: { shape: [3] },
        m: { shape: [3] },
        v: { shape: [3], draw: r => 0.2 + r() },
      },
      build: ({ x, g, b, m, v }) =>
        batchNormInference(x!, { scale: g!, offset: b!, mean: m!, variance: v! }, { epsilon: 1e-3 }),
    }))
  it('training statistics on channels', () =>
    checkOperation(ort, {
      inputs: { x: { shape: [2, 3, 4] }, g: { shape: [3] }, b: { shape: [3] } },
      build: ({ x, g, b }, graph) =>
        batchNormTraining(
          x!,
          { scale: g!, offset: b!, mean: graph.state('m', [3]), variance: graph.state('v', [3]) },
          { epsilon: 1e-3, decay: 0.9, unbiased: true },
        ),
    }))
  it('training statistics on the last axis', () =>
    checkOperation(ort, {
      inputs: { x: { shape: [5, 3] }, g: { shape: [3] }, b: { shape: [3] } },
      build: ({ x, g, b }, graph) =>
        batchNormTraining(
          x!,
          { scale: g!, offset: b!, mean: graph.state('m', [3]), variance: graph.state('v', [3]) },
          { epsilon: 1e-3, decay: 0.9, unbiased: false, axis: 1 },
        ),
    }))
  // Truth: n - 1 = 0 has no variance; the running one would become NaN.
  it('one value a channel has no unbiased variance', () => {
    const graph = new Graph()
    const [mean, variance] = [graph.state('m', [3]), graph.state('v', [3])]
    const [scale, offset] = [graph.parameter('g', [3]), graph.parameter('b', [3])]
    const tensors = { scale, offset, mean, variance }
    const train = (unbiased: boolean) =>
      batchNormTraining(graph.input('x', [1, 3, 1]), tensors, { epsilon: 1e-3, decay: 0.9, unbiased })
    expect(() => train(true)).toThrow(/two values a channel at least.*\[1, 3, 1\]/)
    expect(train(false).shape).toEqual([1, 3, 1])
  })
})
