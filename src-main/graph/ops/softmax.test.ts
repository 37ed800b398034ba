import * as ort from 'onnxruntime-node'
import { describe, it } from 'vitest'
import { checkOperation } from '../testing/check.ts'
import { softmax } from './softmax.ts'

// Truth: plain loops in float64; central finite differences for gradients; the same bytes twice.
describe('softmax', () => {
  it('agrees on rows', () =>
    checkOperation(ort, {
      inputs: { x: { shape: [2, 3, 5] } },
      build: ({ x }) => softmax(x!),
    }))
  it('does not overflow', () =>
    checkOperation(ort, {
      inputs: { x: { shape: [2, 3], draw: (_r, i) => [1000, 1001, 1002.5, -1000, -1001, 0][i]! } },
      build: ({ x }) => softmax(x!),
      gradients: false,
    }))
})
