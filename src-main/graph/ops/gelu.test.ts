import * as ort from 'onnxruntime-node'
import { describe, it } from 'vitest'
import { checkOperation } from '../testing/check.ts'
import { gelu } from './gelu.ts'

// Truth: plain loops in float64; central finite differences for gradients; the same bytes twice.
describe('gelu', () => {
  it('the erf form', () =>
    checkOperation(ort, {
      inputs: { x: { shape: [2, 9] } },
      build: ({ x }) => gelu(x!, 'erf'),
    }))
  it('the tanh form', () =>
    checkOperation(ort, {
      inputs: { x: { shape: [2, 9] } },
      build: ({ x }) => gelu(x!, 'tanh'),
    }))
  it('the sigmoid form', () =>
    checkOperation(ort, {
      inputs: { x: { shape: [2, 9] } },
      build: ({ x }) => gelu(x!, 'sigmoid'),
    }))
})
