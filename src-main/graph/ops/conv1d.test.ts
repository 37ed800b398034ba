import * as ort from 'onnxruntime-node'
import { describe, it } from 'vitest'
import { checkOperation } from '../testing/check.ts'
import { conv1d } from './conv1d.ts'

// Truth: plain loops in float64; central finite differences for gradients; the same bytes twice.
describe('conv1d', () => {
  it('same padding and bias', () =>
    checkOperation(ort, {
      inputs: { x: { shape: [2, 3, 7] }, w: { shape: [4, 3, 5] }, b: { shape: [4] } },
      build: ({ x, w, b }) => conv1d(x!, w!, { bias: b! }),
    }))
  it('one sequence, one position', () =>
    checkOperation(ort, {
      inputs: { x: { shape: [1, 3, 6] }, w: { shape: [4, 3, 1] } },
      build: ({ x, w }) => conv1d(x!, w!),
    }))
  it('an even kernel', () =>
    checkOperation(ort, {
      inputs: { x: { shape: [1, 2, 6] }, w: { shape: [3, 2, 4] } },
      build: ({ x, w }) => conv1d(x!, w!),
    }))
  it('valid, dilated', () =>
    checkOperation(ort, {
      inputs: { x: { shape: [2, 2, 9] }, w: { shape: [2, 2, 3] } },
      build: ({ x, w }) => conv1d(x!, w!, { padding: 'valid', dilation: 2 }),
    }))
  it('more padding than the kernel reaches', () =>
    checkOperation(ort, {
      inputs: { x: { shape: [1, 2, 4] }, w: { shape: [2, 2, 3] } },
      build: ({ x, w }) => conv1d(x!, w!, { padding: [4, 3] }),
    }))
  it('grouped', () =>
    checkOperation(ort, {
      inputs: { x: { shape: [2, 4, 6] }, w: { shape: [6, 2, 3] }, b: { shape: [6] } },
      build: ({ x, w, b }) => conv1d(x!, w!, { bias: b!, groups: 2 }),
    }))
  it('depthwise', () =>
    checkOperation(ort, {
      inputs: { x: { shape: [2, 3, 6] }, w: { shape: [3, 1, 3] } },
      build: ({ x, w }) => conv1d(x!, w!, { groups: 3 }),
    }))
})
