import type { Tensor } from '../graph.ts'
import { mul } from './mul.ts'
import { reduceSum } from './reduceSum.ts'
import { rowOperation } from './rows.ts'
import { sub } from './sub.ts'

export const softmaxOperation = rowOperation({
  name: 'softmax',
  onnx: 'Softmax',
  compute(row) {
    const top = Math.max(...row)
    const powers = row.map(x => Math.exp(x - top))
    const sum = powers.reduce((a, b) => a + b, 0)
    return powers.map(x => x / sum)
  },
  gradient: (y, upstream) => {
    const weighted = mul(upstream, y)
    return sub(weighted, mul(y, reduceSum(weighted, -1, { keepAxes: true })))
  },
})

/** eˣ / Σ eˣ along the last axis. */
export const softmax = (x: Tensor): Tensor => x.graph.apply1(softmaxOperation, [x], {})
