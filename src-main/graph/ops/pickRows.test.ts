import * as ort from 'onnxruntime-node'
import { describe, it } from 'vitest'
import { checkOperation } from '../testing/check.ts'
import { pickRows } from './pickRows.ts'

// Truth: plain loops in float64; central finite differences for gradients; the same bytes twice.
describe('pickRows', () => {
  it('repeats, gaps and any order', () =>
    checkOperation(ort, {
      inputs: { x: { shape: [2, 5, 3] } },
      build: ({ x }) => pickRows(x!, [4, 0, 0, 2, 4, 0]),
    }))
})
