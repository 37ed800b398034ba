import type { Tensor } from '../graph.ts'
import { div } from './div.ts'
import { unary } from './elementwise.ts'
import { mul } from './mul.ts'

export const sqrtOperation = unary({
  name: 'sqrt',
  onnx: 'Sqrt',
  compute: Math.sqrt,
  derivative: (_x, y, upstream) => div(mul(upstream, 0.5), y),
})

/** √x */
export const sqrt = (x: Tensor): Tensor => x.graph.apply1(sqrtOperation, [x], {})
