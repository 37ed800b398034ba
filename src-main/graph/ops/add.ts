import type { Tensor } from '../graph.ts'
import { binary, operands } from './elementwise.ts'

export const addOperation = binary({
  name: 'add',
  onnx: 'Add',
  compute: (a, b) => a + b,
  gradient: (_a, _b, _y, upstream) => [upstream, upstream],
})

/** a + b, broadcasting. */
export function add(a: Tensor | number, b: Tensor | number): Tensor {
  const { graph, pair } = operands(a, b)
  return graph.apply1(addOperation, pair, {})
}
