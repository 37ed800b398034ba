import type { Tensor } from '../graph.ts'
import { unary } from './elementwise.ts'
import { mul } from './mul.ts'

export const expOperation = unary({
  name: 'exp',
  onnx: 'Exp',
  compute: Math.exp,
  derivative: (_x, y, upstream) => mul(upstream, y),
})

/** eˣ */
export const exp = (x: Tensor): Tensor => x.graph.apply1(expOperation, [x], {})
