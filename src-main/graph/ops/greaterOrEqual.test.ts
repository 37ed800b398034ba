import * as ort from 'onnxruntime-node'
import { describe, it } from 'vitest'
import { checkOperation } from '../testing/check.ts'
import { greaterOrEqual } from './greaterOrEqual.ts'

// Truth: plain loops in float64; central finite differences for gradients; the same bytes twice.
describe('greaterOrEqual', () => {
  it('agrees on integers with ties', () =>
    checkOperation(ort, {
      inputs: { a: { shape: [2, 6], dtype: 'int64' }, b: { shape: [6], dtype: 'int64' } },
      build: ({ a, b }) => greaterOrEqual(a!, b!),
    }))
  it('agrees on floats with ties', () =>
    checkOperation(ort, {
      inputs: {
        a: { shape: [2, 6], draw: r => Math.floor(r() * 3) },
        b: { shape: [6], draw: r => Math.floor(r() * 3) },
      },
      build: ({ a, b }) => greaterOrEqual(a!, b!),
    }))
})
