import * as ort from 'onnxruntime-node'
import { describe, it } from 'vitest'
import { checkOperation } from '../testing/check.ts'
import { oneHot } from './oneHot.ts'

// Truth: plain loops in float64; central finite differences for gradients; the same bytes twice.
describe('oneHot', () => {
  it('marks ids, and nothing for ids out of range', () =>
    checkOperation(ort, {
      inputs: { ids: { shape: [2, 4], dtype: 'int64', draw: (_r, i) => i - 2 } },
      build: ({ ids }) => oneHot(ids!, 4),
      gradients: false,
    }))
})
