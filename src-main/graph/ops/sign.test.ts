import * as ort from 'onnxruntime-node'
import { describe, it } from 'vitest'
import { checkOperation } from '../testing/check.ts'
import { sign } from './sign.ts'

// Truth: plain loops in float64; central finite differences for gradients; the same bytes twice.
describe('sign', () => {
  it('agrees, also at 0', () =>
    checkOperation(ort, {
      inputs: { x: { shape: [6], draw: (_r, i) => i - 2 } },
      build: ({ x }) => sign(x!),
      gradients: false,
    }))
})
