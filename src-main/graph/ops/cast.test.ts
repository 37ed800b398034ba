import * as ort from 'onnxruntime-node'
import { describe, it } from 'vitest'
import { checkOperation } from '../testing/check.ts'
import { cast } from './cast.ts'

// Truth: plain loops in float64; central finite differences for gradients; the same bytes twice.
describe('cast', () => {
  it('cuts floats towards zero', () =>
    checkOperation(ort, {
      inputs: { x: { shape: [9], draw: (_r, i) => (i - 4) * 0.7 } },
      build: ({ x }) => cast(x!, 'int32'),
      gradients: false,
    }))
  it('makes bools of numbers', () =>
    checkOperation(ort, {
      inputs: { x: { shape: [5], draw: (_r, i) => i - 2 } },
      build: ({ x }) => cast(x!, 'bool'),
      gradients: false,
    }))
  it('lets gradients pass between floats', () =>
    checkOperation(ort, {
      inputs: { x: { shape: [3] } },
      build: ({ x }, graph) => cast(cast(x!, 'float64'), graph.float),
    }))
  it('makes numbers of ids', () =>
    checkOperation(ort, {
      inputs: { x: { shape: [5], dtype: 'int64' } },
      build: ({ x }, graph) => cast(x!, graph.float),
      gradients: false,
    }))
})
