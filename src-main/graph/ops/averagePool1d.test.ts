import * as ort from 'onnxruntime-node'
import { describe, it } from 'vitest'
import { checkOperation } from '../testing/check.ts'
import { averagePool1d } from './averagePool1d.ts'

// Truth: plain loops in float64; central finite differences for gradients; the same bytes twice.
describe('averagePool1d', () => {
  it('pools pairs', () =>
    checkOperation(ort, {
      inputs: { x: { shape: [2, 3, 8] } },
      build: ({ x }) => averagePool1d(x!, 2),
    }))
  it('pools fours', () =>
    checkOperation(ort, {
      inputs: { x: { shape: [1, 2, 8] } },
      build: ({ x }) => averagePool1d(x!, 4),
    }))
})
