import * as ort from 'onnxruntime-node'
import { describe, it } from 'vitest'
import { checkOperation } from '../testing/check.ts'
import { linear } from './gemm.ts'

// Truth: plain loops in float64; central finite differences for gradients; the same bytes twice.
describe('linear', () => {
  it('with a bias', () =>
    checkOperation(ort, {
      inputs: { x: { shape: [2, 3, 4] }, w: { shape: [5, 4] }, b: { shape: [5] } },
      build: ({ x, w, b }) => linear(x!, w!, b!),
    }))
  it('without a bias', () =>
    checkOperation(ort, {
      inputs: { x: { shape: [2, 3, 4] }, w: { shape: [5, 4] } },
      build: ({ x, w }) => linear(x!, w!),
    }))
})
