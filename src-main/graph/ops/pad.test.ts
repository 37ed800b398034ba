import * as ort from 'onnxruntime-node'
import { describe, it } from 'vitest'
import { checkOperation } from '../testing/check.ts'
import { pad } from './pad.ts'

// Truth: plain loops in float64; central finite differences for gradients; the same bytes twice.
describe('pad', () => {
  it('widens with zeros', () =>
    checkOperation(ort, {
      inputs: { x: { shape: [2, 3, 5] } },
      build: ({ x }) => pad(x!, 1, 2, 1),
    }))
  it('widens with a value', () =>
    checkOperation(ort, {
      inputs: { x: { shape: [2, 3, 5] } },
      build: ({ x }) => pad(x!, -1, 0, 3, 2.5),
    }))
})
