import type { Tensor } from '../graph.ts'
import { unary } from './elementwise.ts'
import { mul } from './mul.ts'
import { sign } from './sign.ts'

export const absOperation = unary({
  name: 'abs',
  onnx: 'Abs',
  compute: Math.abs,
  derivative: (x, _y, upstream) => mul(upstream, sign(x)),
})

/** |x|; the derivative at 0 is 0. */
export const abs = (x: Tensor): Tensor => x.graph.apply1(absOperation, [x], {})
