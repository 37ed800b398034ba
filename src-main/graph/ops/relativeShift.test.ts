import * as ort from 'onnxruntime-node'
import { describe, it } from 'vitest'
import { checkOperation } from '../testing/check.ts'
import { relativeShift } from './relativeShift.ts'

// Truth: plain loops in float64; central finite differences for gradients; the same bytes twice.
describe('relativeShift', () => {
  it('agrees with the definition', () =>
    checkOperation(ort, {
      inputs: { x: { shape: [2, 2, 4, 7] } },
      build: ({ x }) => relativeShift(x!),
    }))
  it('fewer queries than keys, and more', async () => {
    await checkOperation(ort, { inputs: { x: { shape: [2, 3, 7] } }, build: ({ x }) => relativeShift(x!) })
    await checkOperation(ort, { inputs: { x: { shape: [2, 4, 5] } }, build: ({ x }) => relativeShift(x!) })
  })
  it('two tokens', () =>
    checkOperation(ort, {
      inputs: { x: { shape: [2, 3] } },
      build: ({ x }) => relativeShift(x!),
    }))
})
