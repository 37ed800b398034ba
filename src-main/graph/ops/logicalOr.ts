import type { Tensor } from '../graph.ts'
import { binary } from './elementwise.ts'

export const logicalOrOperation = binary({
  name: 'logicalOr',
  onnx: 'Or',
  result: 'bool',
  accepts: dtype => dtype === 'bool',
  compute: (a, b) => (a !== 0 || b !== 0 ? 1 : 0),
})

/** Logical or of two bool tensors, broadcasting. */
export const logicalOr = (a: Tensor, b: Tensor): Tensor => a.graph.apply1(logicalOrOperation, [a, b], {})
