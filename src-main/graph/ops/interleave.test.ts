import * as ort from 'onnxruntime-node'
import { describe, it } from 'vitest'
import { checkOperation } from '../testing/check.ts'
import { deinterleave } from './deinterleave.ts'
import { interleave } from './interleave.ts'

// Truth: plain loops in float64; central finite differences for gradients; the same bytes twice.
describe('interleave', () => {
  it('takes turns', () =>
    checkOperation(ort, {
      inputs: { a: { shape: [2, 3, 4] }, b: { shape: [2, 3, 4] }, c: { shape: [2, 3, 4] } },
      build: ({ a, b, c }) => interleave([a!, b!, c!]),
    }))
  it('is undone by deinterleave', () =>
    checkOperation(ort, { inputs: { a: { shape: [6] } }, build: ({ a }) => interleave(deinterleave(a!, 2)) }))
})
