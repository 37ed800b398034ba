import * as ort from 'onnxruntime-node'
import { describe, it } from 'vitest'
import { checkOperation } from '../testing/check.ts'
import { softmaxPool } from './softmaxPool.ts'

// Truth: plain loops in float64; central finite differences for gradients; the same bytes twice.
describe('softmaxPool', () => {
  it('agrees, gradients too', () =>
    checkOperation(ort, {
      inputs: { x: { shape: [2, 3, 8] }, w: { shape: [3, 3] } },
      build: ({ x, w }) => softmaxPool(x!, w!),
    }))
})
