import type { Tensor } from '../graph.ts'
import { binary, operands } from './elementwise.ts'

export const mulOperation = binary({
  name: 'mul',
  onnx: 'Mul',
  compute: (a, b) => a * b,
  gradient: (a, b, _y, upstream, wanted) => [
    wanted[0] ? mul(upstream, b) : undefined,
    wanted[1] ? mul(upstream, a) : undefined,
  ],
})

/** a · b element by element, broadcasting. */
export function mul(a: Tensor | number, b: Tensor | number): Tensor {
  const { graph, pair } = operands(a, b)
  return graph.apply1(mulOperation, pair, {})
}
