import * as ort from 'onnxruntime-node'
import { describe, it } from 'vitest'
import { checkOperation } from '../testing/check.ts'
import { transpose } from './transpose.ts'

// Truth: plain loops in float64; central finite differences for gradients; the same bytes twice.
describe('transpose', () => {
  it('permutes', () =>
    checkOperation(ort, {
      inputs: { x: { shape: [2, 3, 5] } },
      build: ({ x }) => transpose(x!, [2, 0, 1]),
    }))
  it('joins two in a row', () =>
    checkOperation(ort, {
      inputs: { x: { shape: [2, 3, 5] } },
      build: ({ x }) => transpose(transpose(x!, [2, 0, 1]), [0, 2, 1]),
    }))
})
