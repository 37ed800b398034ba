import type { Tensor } from '../graph.ts'
import { exp } from './exp.ts'
import { mul } from './mul.ts'
import { reduceSum } from './reduceSum.ts'
import { rowOperation } from './rows.ts'
import { sub } from './sub.ts'

export const logSoftmaxOperation = rowOperation({
  name: 'logSoftmax',
  onnx: 'LogSoftmax',
  compute(row) {
    const top = Math.max(...row)
    const sum = row.reduce((a, b) => a + Math.exp(b - top), 0)
    return row.map(x => x - top - Math.log(sum))
  },
  gradient: (y, upstream) => sub(upstream, mul(exp(y), reduceSum(upstream, -1, { keepAxes: true }))),
})

/** x - ln Σ eˣ along the last axis. */
export const logSoftmax = (x: Tensor): Tensor => x.graph.apply1(logSoftmaxOperation, [x], {})
