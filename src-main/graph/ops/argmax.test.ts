import * as ort from 'onnxruntime-node'
import { describe, it } from 'vitest'
import { checkOperation } from '../testing/check.ts'
import { argmax } from './argmax.ts'

// Truth: plain loops in float64; central finite differences for gradients; the same bytes twice.
describe('argmax', () => {
  it('finds the first largest', () =>
    checkOperation(ort, {
      inputs: { x: { shape: [3, 5], draw: r => Math.floor(r() * 3) } },
      build: ({ x }) => argmax(x!, 1),
    }))
  it('along the first axis', () =>
    checkOperation(ort, {
      inputs: { x: { shape: [2, 3, 5] } },
      build: ({ x }) => argmax(x!, 0),
    }))
})
