import * as ort from 'onnxruntime-node'
import { describe, it } from 'vitest'
import { checkOperation } from '../testing/check.ts'
import { sumRows } from './sumRows.ts'

// Truth: plain loops in float64; central finite differences for gradients; the same bytes twice.
describe('sumRows', () => {
  it('sums, with targets of none', () =>
    checkOperation(ort, {
      inputs: { x: { shape: [2, 6, 3] } },
      build: ({ x }) => sumRows(x!, [4, 0, 0, 2, 4, 0], 5),
    }))
})
