import type { Tensor } from '../graph.ts'
import { unary } from './elementwise.ts'
import { mul } from './mul.ts'
import { sub } from './sub.ts'

export const sigmoidOperation = unary({
  name: 'sigmoid',
  onnx: 'Sigmoid',
  // As Sigmoid, ONNX Runtime would fuse x·Sigmoid(c·x) into a kernel that it lacks in float64.
  emit64(to, x, y) {
    const one = to.constant('float64', [], [1])
    to.node('Reciprocal', [to.node('Add', [to.node('Exp', [to.node('Neg', [x])]), one])], {}, [y])
  },
  compute: x => 1 / (1 + Math.exp(-x)),
  derivative: (_x, y, upstream) => mul(upstream, mul(y, sub(1, y))),
})

/** 1 / (1 + e⁻ˣ) */
export const sigmoid = (x: Tensor): Tensor => x.graph.apply1(sigmoidOperation, [x], {})
