import type { Tensor } from '../graph.ts'
import { isFloat } from '../types.ts'
import { binary, operands } from './elementwise.ts'
import { mul } from './mul.ts'
import { neg } from './neg.ts'

export const divOperation = binary({
  name: 'div',
  onnx: 'Div',
  accepts: isFloat,
  compute: (a, b) => a / b,
  gradient: (_a, b, y, upstream, wanted) => {
    const share = div(upstream, b)
    return [share, wanted[1] ? neg(mul(share, y)) : undefined]
  },
})

/** a / b, broadcasting; floats only. */
export function div(a: Tensor | number, b: Tensor | number): Tensor {
  const { graph, pair } = operands(a, b)
  return graph.apply1(divOperation, pair, {})
}
