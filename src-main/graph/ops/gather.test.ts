import * as ort from 'onnxruntime-node'
import { describe, it } from 'vitest'
import { checkOperation } from '../testing/check.ts'
import { embedding, gather } from './gather.ts'

// Truth: plain loops in float64; central finite differences for gradients; the same bytes twice.
describe('gather', () => {
  it('picks rows, repeats summed in the gradient', () =>
    checkOperation(ort, {
      inputs: { t: { shape: [4, 3] }, ids: { shape: [2, 5], dtype: 'int64' } },
      build: ({ t, ids }) => embedding(t!, ids!),
    }))
  it('picks along a middle axis', () =>
    checkOperation(ort, {
      inputs: { t: { shape: [2, 4, 3] }, ids: { shape: [5], dtype: 'int32' } },
      build: ({ t, ids }) => gather(t!, ids!, 1),
    }))
  it('a table too large for one-hot rows: equal ids summed in one place', () =>
    checkOperation(ort, {
      inputs: {
        t: { shape: [4100, 1] },
        ids: { shape: [9], dtype: 'int32', draw: (_r, i) => [7, 4099, 7, 0, 4099, 7, 12, 0, 1][i]! },
      },
      build: ({ t, ids }) => embedding(t!, ids!),
    }))
})
