import type { Tensor } from '../graph.ts'
import { unary } from './elementwise.ts'

export const signOperation = unary({ name: 'sign', onnx: 'Sign', compute: Math.sign })

/** -1, 0 or 1. No gradient flows through it. */
export const sign = (x: Tensor): Tensor => x.graph.apply1(signOperation, [x], {})
