import type { Tensor } from '../graph.ts'
import { isFloat } from '../types.ts'
import { binary, operands } from './elementwise.ts'
import { greaterOrEqual } from './greaterOrEqual.ts'
import { where } from './where.ts'

export const maximumOperation = binary({
  name: 'maximum',
  onnx: 'Max',
  accepts: isFloat,
  compute: (a, b) => Math.max(a, b),
  // A tie gives the whole gradient to a.
  gradient: (a, b, _y, upstream) => {
    const first = greaterOrEqual(a, b)
    return [where(first, upstream, 0), where(first, 0, upstream)]
  },
})

/** The maximum of a and b element by element, broadcasting; a tie gives the gradient to a. */
export function maximum(a: Tensor | number, b: Tensor | number): Tensor {
  const { graph, pair } = operands(a, b)
  return graph.apply1(maximumOperation, pair, {})
}
