import * as ort from 'onnxruntime-node'
import { describe, it } from 'vitest'
import { checkOperation } from '../testing/check.ts'
import { abs } from './abs.ts'

// Truth: plain loops in float64; central finite differences for gradients; the same bytes twice.
describe('abs', () => {
  it('agrees on a batch', () =>
    checkOperation(ort, {
      inputs: { x: { shape: [2, 3, 5] } },
      build: ({ x }) => abs(x!),
    }))
  it('agrees far out', () =>
    checkOperation(ort, {
      inputs: { x: { shape: [8], draw: (_r, i) => [-30, -8, -3.1, -0.5, 0.5, 3.1, 8, 30][i]! } },
      build: ({ x }) => abs(x!),
    }))
})
