import * as ort from 'onnxruntime-node'
import { describe, it } from 'vitest'
import { checkOperation } from '../testing/check.ts'
import { maximum } from './maximum.ts'

// Truth: plain loops in float64; central finite differences for gradients; the same bytes twice.
describe('maximum', () => {
  it('agrees on equal shapes', () =>
    checkOperation(ort, {
      inputs: { a: { shape: [2, 3, 4] }, b: { shape: [2, 3, 4] } },
      build: ({ a, b }) => maximum(a!, b!),
    }))
  it('broadcasts both ways, and sums the gradients back', () =>
    checkOperation(ort, {
      inputs: { a: { shape: [2, 1, 4] }, b: { shape: [3, 1] } },
      build: ({ a, b }) => maximum(a!, b!),
    }))
  it('takes a scalar', () =>
    checkOperation(ort, {
      inputs: { a: { shape: [] }, b: { shape: [2, 2] } },
      build: ({ a, b }) => maximum(a!, b!),
    }))
  it('takes numbers', () =>
    checkOperation(ort, {
      inputs: { a: { shape: [3] } },
      build: ({ a }) => maximum(maximum(a!, 1.5), 0.75),
    }))
})
