import * as ort from 'onnxruntime-node'
import { describe, it } from 'vitest'
import { checkOperation } from '../testing/check.ts'
import { stopGradient } from './stopGradient.ts'

// Truth: plain loops in float64; central finite differences for gradients; the same bytes twice.
describe('stopGradient', () => {
  it('passes numbers on', () =>
    checkOperation(ort, {
      inputs: { x: { shape: [2, 3, 5] } },
      build: ({ x }) => stopGradient(x!),
      gradients: false,
    }))
})
