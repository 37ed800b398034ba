import * as ort from 'onnxruntime-node'
import { describe, it } from 'vitest'
import { checkOperation } from '../testing/check.ts'
import { attention } from './attention.ts'

const shapes = { q: { shape: [2, 2, 3, 4] }, k: { shape: [2, 2, 5, 4] }, v: { shape: [2, 2, 5, 3] } }

// Truth: plain loops in float64; central finite differences for gradients; the same bytes twice.
describe('attention', () => {
  it('agrees, cross shapes', () =>
    checkOperation(ort, { inputs: shapes, build: ({ q, k, v }) => attention(q!, k!, v!) }))
  it('with a bias that broadcasts', () =>
    checkOperation(ort, {
      inputs: { ...shapes, b: { shape: [2, 1, 5] } },
      build: ({ q, k, v, b }) => attention(q!, k!, v!, { bias: b!, scale: 0.7 }),
    }))
  it('hides keys by large negative biases', () =>
    checkOperation(ort, {
      inputs: { ...shapes, b: { shape: [5], draw: (_r, i) => (i > 2 ? -10000 : 0) } },
      build: ({ q, k, v, b }, graph) =>
        attention(q!, k!, v!, { bias: graph.constant([0, 0, 0, -10000, -10000], b!.shape) }),
    }))
  it('with dropout on the probabilities', () =>
    checkOperation(ort, {
      inputs: { ...shapes, seed: { shape: [], dtype: 'int64', draw: () => 11 } },
      build: ({ q, k, v, seed }) => attention(q!, k!, v!, { dropout: { rate: 0.3, seed: seed! } }),
    }))
  it('blocks of queries as a leading axis', () =>
    checkOperation(ort, {
      inputs: { q: { shape: [1, 2, 3, 2, 4] }, k: { shape: [1, 2, 3, 6, 4] }, v: { shape: [1, 2, 3, 6, 4] } },
      build: ({ q, k, v }) => attention(q!, k!, v!),
    }))
})
