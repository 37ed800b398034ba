import type { Tensor } from '../graph.ts'
import { mul } from './mul.ts'
import { poolOperation } from './pool.ts'
import { repeat } from './repeat.ts'

export const averagePool1dOperation = poolOperation({
  name: 'averagePool1d',
  combine: values => values.reduce((a, b) => a + b, 0) / values.length,
  emit(to, x, y, size) {
    const [batch, channels, length] = y.shape as readonly [number, number, number]
    const split = to.node('Reshape', [x, to.ints([batch, channels, length, size])])
    to.node('ReduceMean', [split], { axes: { ints: [3] }, keepdims: { int: 0 } }, [y])
  },
  gradient(_x, _y, upstream, size) {
    return repeat(mul(upstream, 1 / size), 2, size)
  },
})

/** Mean of each `size` positions: [batch, channels, length] -> [batch, channels, length / size]. */
export const averagePool1d = (x: Tensor, size: number): Tensor => x.graph.apply1(averagePool1dOperation, [x], { size })
