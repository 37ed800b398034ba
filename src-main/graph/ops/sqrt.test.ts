import * as ort from 'onnxruntime-node'
import { describe, it } from 'vitest'
import { checkOperation } from '../testing/check.ts'
import { sqrt } from './sqrt.ts'

// Truth: plain loops in float64; central finite differences for gradients; the same bytes twice.
describe('sqrt', () => {
  it('agrees on positive numbers', () =>
    checkOperation(ort, {
      inputs: { x: { shape: [2, 3, 5], draw: r => 0.1 + 3 * r() } },
      build: ({ x }) => sqrt(x!),
    }))
})
