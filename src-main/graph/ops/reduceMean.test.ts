import * as ort from 'onnxruntime-node'
import { describe, it } from 'vitest'
import { checkOperation } from '../testing/check.ts'
import { reduceMean } from './reduceMean.ts'

// Truth: plain loops in float64; central finite differences for gradients; the same bytes twice.
describe('reduceMean', () => {
  it('reduces all axes', () =>
    checkOperation(ort, {
      inputs: { x: { shape: [2, 3, 5] } },
      build: ({ x }) => reduceMean(x!),
    }))
  it('reduces some axes', () =>
    checkOperation(ort, {
      inputs: { x: { shape: [2, 3, 5] } },
      build: ({ x }) => reduceMean(x!, [0, 2]),
    }))
  it('keeps the axis', () =>
    checkOperation(ort, {
      inputs: { x: { shape: [2, 3, 5] } },
      build: ({ x }) => reduceMean(x!, -1, { keepAxes: true }),
    }))
  it('reduces the first axis', () =>
    checkOperation(ort, {
      inputs: { x: { shape: [2, 3, 5] } },
      build: ({ x }) => reduceMean(x!, 0),
    }))
})
