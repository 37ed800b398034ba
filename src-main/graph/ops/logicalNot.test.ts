import * as ort from 'onnxruntime-node'
import { describe, it } from 'vitest'
import { checkOperation } from '../testing/check.ts'
import { logicalNot } from './logicalNot.ts'

// Truth: plain loops in float64; central finite differences for gradients; the same bytes twice.
describe('logicalNot', () => {
  it('agrees on bools', () =>
    checkOperation(ort, {
      inputs: {
        a: { shape: [2, 8], draw: r => Math.floor(r() * 2), dtype: 'bool' },
        b: { shape: [8], draw: r => Math.floor(r() * 2), dtype: 'bool' },
      },
      build: ({ a }) => logicalNot(a!),
    }))
})
