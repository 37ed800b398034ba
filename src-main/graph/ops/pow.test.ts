import * as ort from 'onnxruntime-node'
import { describe, it } from 'vitest'
import { checkOperation } from '../testing/check.ts'
import { pow } from './pow.ts'

// Truth: plain loops in float64; central finite differences for gradients; the same bytes twice.
describe('pow', () => {
  it('agrees on a positive base', () =>
    checkOperation(ort, {
      inputs: { a: { shape: [2, 3], draw: r => 0.2 + 2 * r() }, b: { shape: [3] } },
      build: ({ a, b }) => pow(a!, b!),
    }))
  it('takes a number as power', () =>
    checkOperation(ort, {
      inputs: { a: { shape: [2, 3, 5] } },
      build: ({ a }) => pow(a!, 3),
    }))
})
