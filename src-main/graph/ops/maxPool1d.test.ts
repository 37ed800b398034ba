import * as ort from 'onnxruntime-node'
import { describe, it } from 'vitest'
import { checkOperation } from '../testing/check.ts'
import { maxPool1d } from './maxPool1d.ts'

// Truth: plain loops in float64; central finite differences for gradients; the same bytes twice.
describe('maxPool1d', () => {
  it('pools pairs', () =>
    checkOperation(ort, {
      inputs: { x: { shape: [2, 3, 8] } },
      build: ({ x }) => maxPool1d(x!, 2),
    }))
  it('pools fours', () =>
    checkOperation(ort, {
      inputs: { x: { shape: [1, 2, 8] } },
      build: ({ x }) => maxPool1d(x!, 4),
    }))
})
