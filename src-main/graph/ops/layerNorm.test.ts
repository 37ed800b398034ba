import * as ort from 'onnxruntime-node'
import { describe, it } from 'vitest'
import { checkOperation } from '../testing/check.ts'
import { layerNorm } from './layerNorm.ts'

// Truth: plain loops in float64; central finite differences for gradients; the same bytes twice.
describe('layerNorm', () => {
  it('agrees', () =>
    checkOperation(ort, {
      inputs: { x: { shape: [2, 3, 6] }, g: { shape: [6] }, b: { shape: [6] } },
      build: ({ x, g, b }) => layerNorm(x!, g!, b!, 1e-3),
    }))
})
