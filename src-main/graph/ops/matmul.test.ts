import * as ort from 'onnxruntime-node'
import { describe, it } from 'vitest'
import { checkOperation } from '../testing/check.ts'
import { matmul } from './matmul.ts'
import { mul } from './mul.ts'

// Truth: plain loops in float64; central finite differences for gradients; the same bytes twice.
describe('matmul', () => {
  it('two matrices, transposes 0 0', () =>
    checkOperation(ort, {
      inputs: { a: { shape: [3, 4] }, b: { shape: [4, 5] } },
      build: ({ a, b }) => matmul(a!, b!, { transposeA: false, transposeB: false }),
    }))
  it('batches that broadcast, transposes 0 0', () =>
    checkOperation(ort, {
      inputs: { a: { shape: [2, 1, 3, 4] }, b: { shape: [3, 4, 5] } },
      build: ({ a, b }) => matmul(a!, b!, { transposeA: false, transposeB: false }),
    }))
  it('two matrices, transposes 0 1', () =>
    checkOperation(ort, {
      inputs: { a: { shape: [3, 4] }, b: { shape: [5, 4] } },
      build: ({ a, b }) => matmul(a!, b!, { transposeA: false, transposeB: true }),
    }))
  it('batches that broadcast, transposes 0 1', () =>
    checkOperation(ort, {
      inputs: { a: { shape: [2, 1, 3, 4] }, b: { shape: [3, 5, 4] } },
      build: ({ a, b }) => matmul(a!, b!, { transposeA: false, transposeB: true }),
    }))
  it('two matrices, transposes 1 0', () =>
    checkOperation(ort, {
      inputs: { a: { shape: [4, 3] }, b: { shape: [4, 5] } },
      build: ({ a, b }) => matmul(a!, b!, { transposeA: true, transposeB: false }),
    }))
  it('batches that broadcast, transposes 1 0', () =>
    checkOperation(ort, {
      inputs: { a: { shape: [2, 1, 4, 3] }, b: { shape: [3, 4, 5] } },
      build: ({ a, b }) => matmul(a!, b!, { transposeA: true, transposeB: false }),
    }))
  it('two matrices, transposes 1 1', () =>
    checkOperation(ort, {
      inputs: { a: { shape: [4, 3] }, b: { shape: [5, 4] } },
      build: ({ a, b }) => matmul(a!, b!, { transposeA: true, transposeB: true }),
    }))
  it('batches that broadcast, transposes 1 1', () =>
    checkOperation(ort, {
      inputs: { a: { shape: [2, 1, 4, 3] }, b: { shape: [3, 5, 4] } },
      build: ({ a, b }) => matmul(a!, b!, { transposeA: true, transposeB: true }),
    }))
  it('a batch by one matrix', () =>
    checkOperation(ort, {
      inputs: { a: { shape: [2, 3, 4] }, b: { shape: [5, 4] } },
      build: ({ a, b }) => matmul(a!, b!, { transposeB: true }),
    }))
})

describe('a factor beside a product in float64', () => {
  it('keeps its digits', () =>
    checkOperation(ort, {
      inputs: { a: { shape: [2, 3, 4] }, b: { shape: [2, 4, 3] } },
      build: ({ a, b }) => mul(matmul(mul(a!, 1 / 3), b!), 0.7),
    }))
})
