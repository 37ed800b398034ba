import * as ort from 'onnxruntime-node'
import { describe, it } from 'vitest'
import { checkOperation } from '../testing/check.ts'
import { takeAlong } from './takeAlong.ts'

// Truth: plain loops in float64; central finite differences for gradients; the same bytes twice.
describe('takeAlong', () => {
  it('takes one of each row', () =>
    checkOperation(ort, {
      inputs: { x: { shape: [2, 3, 4] }, ids: { shape: [2, 3], dtype: 'int64' } },
      build: ({ x, ids }) => takeAlong(x!, ids!),
    }))
})
