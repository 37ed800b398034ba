import * as ort from 'onnxruntime-node'
import { describe, it } from 'vitest'
import { checkOperation } from '../testing/check.ts'
import { deinterleave } from './deinterleave.ts'
import { interleave } from './interleave.ts'

// Truth: plain loops in float64; central finite differences for gradients; the same bytes twice.
describe('deinterleave', () => {
  it('parts that are all used', () =>
    checkOperation(ort, {
      inputs: { x: { shape: [2, 3, 8] } },
      build: ({ x }) => interleave([...deinterleave(x!, 4)].reverse()),
    }))
  it('a part alone', () =>
    checkOperation(ort, { inputs: { x: { shape: [2, 6] } }, build: ({ x }) => deinterleave(x!, 3)[1]! }))
})
