import type { Tensor } from '../graph.ts'
import { div } from './div.ts'
import { unary } from './elementwise.ts'

export const logOperation = unary({
  name: 'log',
  onnx: 'Log',
  compute: Math.log,
  derivative: (x, _y, upstream) => div(upstream, x),
})

/** Natural logarithm. */
export const log = (x: Tensor): Tensor => x.graph.apply1(logOperation, [x], {})
