import * as ort from 'onnxruntime-node'
import { describe, it } from 'vitest'
import { checkOperation } from '../testing/check.ts'
import { unbroadcast } from './unbroadcast.ts'

// Truth: plain loops in float64; central finite differences for gradients; the same bytes twice.
describe('unbroadcast', () => {
  it('sums what was stretched', () =>
    checkOperation(ort, {
      inputs: { x: { shape: [2, 3, 4] } },
      build: ({ x }) => unbroadcast(x!, [3, 1]),
    }))
})
