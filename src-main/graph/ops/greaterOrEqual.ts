import type { Tensor } from '../graph.ts'
import { binary, operands } from './elementwise.ts'

export const greaterOrEqualOperation = binary({
  name: 'greaterOrEqual',
  onnx: 'GreaterOrEqual',
  result: 'bool',
  compute: (a, b) => (a >= b ? 1 : 0),
})

/** a >= b as bool, broadcasting. No gradient flows through it. */
export function greaterOrEqual(a: Tensor | number, b: Tensor | number): Tensor {
  const { graph, pair } = operands(a, b)
  return graph.apply1(greaterOrEqualOperation, pair, {})
}
