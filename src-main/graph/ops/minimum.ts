import type { Tensor } from '../graph.ts'
import { isFloat } from '../types.ts'
import { binary, operands } from './elementwise.ts'
import { lessOrEqual } from './lessOrEqual.ts'
import { where } from './where.ts'

export const minimumOperation = binary({
  name: 'minimum',
  onnx: 'Min',
  accepts: isFloat,
  compute: (a, b) => Math.min(a, b),
  // A tie gives the whole gradient to a.
  gradient: (a, b, _y, upstream) => {
    const first = lessOrEqual(a, b)
    return [where(first, upstream, 0), where(first, 0, upstream)]
  },
})

/** The minimum of a and b element by element, broadcasting; a tie gives the gradient to a. */
export function minimum(a: Tensor | number, b: Tensor | number): Tensor {
  const { graph, pair } = operands(a, b)
  return graph.apply1(minimumOperation, pair, {})
}
