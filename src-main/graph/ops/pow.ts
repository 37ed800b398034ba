import type { Tensor } from '../graph.ts'
import { isFloat } from '../types.ts'
import { binary, operands } from './elementwise.ts'
import { log } from './log.ts'
import { mul } from './mul.ts'
import { sub } from './sub.ts'

export const powOperation = binary({
  name: 'pow',
  onnx: 'Pow',
  accepts: isFloat,
  compute: (a, b) => a ** b,
  gradient: (a, b, y, upstream, wanted) => [
    wanted[0] ? mul(upstream, mul(b, pow(a, sub(b, 1)))) : undefined,
    wanted[1] ? mul(upstream, mul(y, log(a))) : undefined,
  ],
})

/** aᵇ, broadcasting; the gradient by b needs a > 0. */
export function pow(a: Tensor | number, b: Tensor | number): Tensor {
  const { graph, pair } = operands(a, b)
  return graph.apply1(powOperation, pair, {})
}
