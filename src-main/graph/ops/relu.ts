import type { Tensor } from '../graph.ts'
import { unary } from './elementwise.ts'
import { greater } from './greater.ts'
import { where } from './where.ts'

export const reluOperation = unary({
  name: 'relu',
  onnx: 'Relu',
  compute: x => Math.max(0, x),
  // y > 0 exactly where x > 0; reading y spares keeping x.
  derivative: (_x, y, upstream) => where(greater(y, 0), upstream, 0),
})

/** max(0, x); the derivative at 0 is 0. */
export const relu = (x: Tensor): Tensor => x.graph.apply1(reluOperation, [x], {})
