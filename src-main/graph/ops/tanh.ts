import type { Tensor } from '../graph.ts'
import { unary } from './elementwise.ts'
import { mul } from './mul.ts'
import { sub } from './sub.ts'

export const tanhOperation = unary({
  name: 'tanh',
  onnx: 'Tanh',
  compute: Math.tanh,
  derivative: (_x, y, upstream) => mul(upstream, sub(1, mul(y, y))),
})

export const tanh = (x: Tensor): Tensor => x.graph.apply1(tanhOperation, [x], {})
