import * as ort from 'onnxruntime-node'
import { describe, it } from 'vitest'
import { checkOperation } from '../testing/check.ts'
import { exp } from './exp.ts'

// Truth: plain loops in float64; central finite differences for gradients; the same bytes twice.
describe('exp', () => {
  it('agrees on a batch', () =>
    checkOperation(ort, {
      inputs: { x: { shape: [2, 3, 5] } },
      build: ({ x }) => exp(x!),
    }))
  it('agrees far out', () =>
    checkOperation(ort, {
      inputs: { x: { shape: [4], draw: (_r, i) => [-30, -8, 3, 20][i]! } },
      build: ({ x }) => exp(x!),
    }))
})
