import type { Tensor } from '../graph.ts'
import { binary } from './elementwise.ts'

export const logicalAndOperation = binary({
  name: 'logicalAnd',
  onnx: 'And',
  result: 'bool',
  accepts: dtype => dtype === 'bool',
  compute: (a, b) => (a !== 0 && b !== 0 ? 1 : 0),
})

/** Logical and of two bool tensors, broadcasting. */
export const logicalAnd = (a: Tensor, b: Tensor): Tensor => a.graph.apply1(logicalAndOperation, [a, b], {})
