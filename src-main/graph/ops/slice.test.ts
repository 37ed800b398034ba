import * as ort from 'onnxruntime-node'
import { describe, it } from 'vitest'
import { checkOperation } from '../testing/check.ts'
import { crop, slice } from './slice.ts'

// Truth: plain loops in float64; central finite differences for gradients; the same bytes twice.
describe('slice', () => {
  it('cuts a part', () =>
    checkOperation(ort, {
      inputs: { x: { shape: [2, 3, 5] } },
      build: ({ x }) => slice(x!, 2, 1, 4),
    }))
  it('counts from the end', () =>
    checkOperation(ort, {
      inputs: { x: { shape: [2, 3, 5] } },
      build: ({ x }) => slice(x!, -1, -3, 5),
    }))
  it('takes steps', () =>
    checkOperation(ort, {
      inputs: { x: { shape: [2, 7, 2] } },
      build: ({ x }) => slice(x!, 1, 1, 7, 3),
    }))
  it('takes steps to the end', () =>
    checkOperation(ort, {
      inputs: { x: { shape: [2, 8] } },
      build: ({ x }) => slice(x!, 1, 0, 8, 2),
    }))
  it('takes the other half', () =>
    checkOperation(ort, {
      inputs: { x: { shape: [2, 8] } },
      build: ({ x }) => slice(x!, 1, 1, 8, 2),
    }))
  it('crops both ends', () =>
    checkOperation(ort, {
      inputs: { x: { shape: [2, 3, 5] } },
      build: ({ x }) => crop(x!, 2, 1, 2),
    }))
})
