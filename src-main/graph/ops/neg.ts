import type { Tensor } from '../graph.ts'
import { unary } from './elementwise.ts'

export const negOperation = unary({
  name: 'neg',
  onnx: 'Neg',
  compute: x => -x,
  derivative: (_x, _y, upstream) => neg(upstream),
})

/** -x */
export const neg = (x: Tensor): Tensor => x.graph.apply1(negOperation, [x], {})
