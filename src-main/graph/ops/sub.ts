import type { Tensor } from '../graph.ts'
import { binary, operands } from './elementwise.ts'
import { neg } from './neg.ts'

export const subOperation = binary({
  name: 'sub',
  onnx: 'Sub',
  compute: (a, b) => a - b,
  gradient: (_a, _b, _y, upstream, wanted) => [upstream, wanted[1] ? neg(upstream) : undefined],
})

/** a - b, broadcasting. */
export function sub(a: Tensor | number, b: Tensor | number): Tensor {
  const { graph, pair } = operands(a, b)
  return graph.apply1(subOperation, pair, {})
}
