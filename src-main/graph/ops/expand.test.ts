import * as ort from 'onnxruntime-node'
import { describe, it } from 'vitest'
import { checkOperation } from '../testing/check.ts'
import { expand } from './expand.ts'

// Truth: plain loops in float64; central finite differences for gradients; the same bytes twice.
describe('expand', () => {
  it('repeats axes of length 1 and adds leading ones', () =>
    checkOperation(ort, {
      inputs: { x: { shape: [3, 1] } },
      build: ({ x }) => expand(x!, [2, 3, 4]),
    }))
})
