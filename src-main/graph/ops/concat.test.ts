import * as ort from 'onnxruntime-node'
import { describe, it } from 'vitest'
import { checkOperation } from '../testing/check.ts'
import { concat } from './concat.ts'

// Truth: plain loops in float64; central finite differences for gradients; the same bytes twice.
describe('concat', () => {
  it('joins tensors', () =>
    checkOperation(ort, {
      inputs: { a: { shape: [2, 3] }, b: { shape: [2, 1] }, c: { shape: [2, 2] } },
      build: ({ a, b, c }) => concat([a!, b!, c!], 1),
    }))
  it('joins a tensor with itself', () =>
    checkOperation(ort, {
      inputs: { a: { shape: [2, 3] } },
      build: ({ a }) => concat([a!, a!], 0),
    }))
})
