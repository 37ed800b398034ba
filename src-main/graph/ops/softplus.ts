import type { Tensor } from '../graph.ts'
import { unary } from './elementwise.ts'
import { mul } from './mul.ts'
import { sigmoid } from './sigmoid.ts'

export const softplusOperation = unary({
  name: 'softplus',
  onnx: 'Softplus',
  // ONNX Runtime has no float64 Softplus: max(0, x) + ln(1 + e^-|x|).
  emit64(to, x, y) {
    const small = to.node('Exp', [to.node('Neg', [to.node('Abs', [x])])])
    const tail = to.node('Log', [to.node('Add', [small, to.constant('float64', [], [1])])])
    to.node('Add', [to.node('Relu', [x]), tail], {}, [y])
  },
  compute: x => Math.max(0, x) + Math.log1p(Math.exp(-Math.abs(x))),
  derivative: (x, _y, upstream) => mul(upstream, sigmoid(x)),
})

/** ln(1 + eˣ), without overflow. */
export const softplus = (x: Tensor): Tensor => x.graph.apply1(softplusOperation, [x], {})
