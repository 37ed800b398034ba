import * as ort from 'onnxruntime-node'
import { describe, it } from 'vitest'
import { checkOperation } from '../testing/check.ts'
import { reshape } from './reshape.ts'

// Truth: plain loops in float64; central finite differences for gradients; the same bytes twice.
describe('reshape', () => {
  it('keeps the order', () =>
    checkOperation(ort, {
      inputs: { x: { shape: [2, 3, 5] } },
      build: ({ x }) => reshape(x!, [5, -1]),
    }))
  it('joins two in a row', () =>
    checkOperation(ort, {
      inputs: { x: { shape: [2, 3, 5] } },
      build: ({ x }) => reshape(reshape(x!, [30]), [3, 10]),
    }))
})
