import * as ort from 'onnxruntime-node'
import { describe, it } from 'vitest'
import { checkOperation } from '../testing/check.ts'
import { cumulativeSum } from './cumulativeSum.ts'

// Truth: plain loops in float64; central finite differences for gradients; the same bytes twice.
describe('cumulativeSum', () => {
  it('along the last axis', () =>
    checkOperation(ort, {
      inputs: { x: { shape: [2, 3, 5] } },
      build: ({ x }) => cumulativeSum(x!, -1),
    }))
  it('from the end of the first axis', () =>
    checkOperation(ort, {
      inputs: { x: { shape: [2, 3, 5] } },
      build: ({ x }) => cumulativeSum(x!, 0, true),
    }))
})
