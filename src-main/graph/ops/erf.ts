import type { Tensor } from '../graph.ts'
import { unary } from './elementwise.ts'
import { emitErf64, erfOf } from './erfSeries.ts'
import { exp } from './exp.ts'
import { mul } from './mul.ts'
import { neg } from './neg.ts'

export const erfOperation = unary({
  name: 'erf',
  onnx: 'Erf',
  emit64: (to, x, y) => emitErf64(to, to.name(x), y),
  compute: erfOf,
  derivative: (x, _y, upstream) => mul(upstream, mul(exp(neg(mul(x, x))), 2 / Math.sqrt(Math.PI))),
})

/** Error function: 2/√π ∫₀ˣ e^(-t²) dt. */
export const erf = (x: Tensor): Tensor => x.graph.apply1(erfOperation, [x], {})
