import * as ort from 'onnxruntime-node'
import { describe, it } from 'vitest'
import { checkOperation } from '../testing/check.ts'
import { where } from './where.ts'

// Truth: plain loops in float64; central finite differences for gradients; the same bytes twice.
describe('where', () => {
  it('chooses and broadcasts', () =>
    checkOperation(ort, {
      inputs: {
        c: { shape: [2, 1, 4], dtype: 'bool', draw: r => Math.floor(r() * 2) },
        a: { shape: [3, 1] },
        b: { shape: [2, 3, 4] },
      },
      build: ({ c, a, b }) => where(c!, a!, b!),
    }))
  it('takes numbers', () =>
    checkOperation(ort, {
      inputs: { c: { shape: [4], dtype: 'bool', draw: r => Math.floor(r() * 2) }, a: { shape: [4] } },
      build: ({ c, a }) => where(c!, a!, -7),
    }))
})
