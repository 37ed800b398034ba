import * as ort from 'onnxruntime-node'
import { describe, it } from 'vitest'
import { checkOperation } from '../testing/check.ts'
import { unfold } from './unfold.ts'

// Truth: plain loops in float64; central finite differences for gradients; the same bytes twice.
describe('unfold', () => {
  it('lays out windows', () =>
    checkOperation(ort, {
      inputs: { x: { shape: [2, 3, 9] } },
      build: ({ x }) => unfold(x!, 3),
    }))
  it('lays out dilated windows', () =>
    checkOperation(ort, {
      inputs: { x: { shape: [1, 2, 9] } },
      build: ({ x }) => unfold(x!, 3, 2),
    }))
})
