import * as ort from 'onnxruntime-node'
import { describe, it } from 'vitest'
import { checkOperation } from '../testing/check.ts'
import { reduceSum } from './reduceSum.ts'

// Truth: plain loops in float64; central finite differences for gradients; the same bytes twice.
describe('reduceSum', () => {
  it('reduces all axes', () =>
    checkOperation(ort, {
      inputs: { x: { shape: [2, 3, 5] } },
      build: ({ x }) => reduceSum(x!),
    }))
  it('reduces some axes', () =>
    checkOperation(ort, {
      inputs: { x: { shape: [2, 3, 5] } },
      build: ({ x }) => reduceSum(x!, [0, 2]),
    }))
  it('keeps the axis', () =>
    checkOperation(ort, {
      inputs: { x: { shape: [2, 3, 5] } },
      build: ({ x }) => reduceSum(x!, -1, { keepAxes: true }),
    }))
  it('reduces the first axis', () =>
    checkOperation(ort, {
      inputs: { x: { shape: [2, 3, 5] } },
      build: ({ x }) => reduceSum(x!, 0),
    }))
})
