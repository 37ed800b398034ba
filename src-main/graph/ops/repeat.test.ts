import * as ort from 'onnxruntime-node'
import { describe, it } from 'vitest'
import { checkOperation } from '../testing/check.ts'
import { repeat } from './repeat.ts'

// Truth: plain loops in float64; central finite differences for gradients; the same bytes twice.
describe('repeat', () => {
  it('repeats positions', () =>
    checkOperation(ort, {
      inputs: { x: { shape: [2, 3, 5] } },
      build: ({ x }) => repeat(x!, 2, 2),
    }))
  it('repeats the first axis', () =>
    checkOperation(ort, {
      inputs: { x: { shape: [2, 3, 5] } },
      build: ({ x }) => repeat(x!, 0, 3),
    }))
})
