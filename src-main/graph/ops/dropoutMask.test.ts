import * as ort from 'onnxruntime-node'
import { describe, it } from 'vitest'
import { checkOperation } from '../testing/check.ts'
import { dropout } from './dropoutMask.ts'

// Truth: plain loops in float64; central finite differences for gradients; the same bytes twice.
describe('dropout', () => {
  it('the words of the generator', () =>
    checkOperation(ort, {
      inputs: { x: { shape: [3, 40], draw: () => 1 }, seed: { shape: [], dtype: 'int64', draw: () => 123456789 } },
      build: ({ x, seed }) => dropout(x!, 0.3, seed!),
    }))
  it('scalar rows', () =>
    checkOperation(ort, {
      inputs: { x: { shape: [40], draw: () => 1 }, seed: { shape: [], dtype: 'int64', draw: () => 7 } },
      build: ({ x, seed }) => dropout(dropout(x!, 0.5, seed!), 0.1, seed!),
    }))
})
