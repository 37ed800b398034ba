import type { Tensor } from '../graph.ts'
import { expand } from './expand.ts'
import { mul } from './mul.ts'
import { poolOperation } from './pool.ts'
import { reshape } from './reshape.ts'

export const averagePool1dOperation = poolOperation({
  name: 'averagePool1d',
  combine: values => values.reduce((a, b) => a + b, 0) / values.length,
  emit(to, x, y, size) {
    const [batch, channels, length] = y.shape as readonly [number, number, number]
    const split = to.node('Reshape', [x, to.ints([batch, channels, length, size])])
    to.node('ReduceMean', [split], { axes: { ints: [3] }, keepdims: { int: 0 } }, [y])
  },
  gradient(x, y, upstream, size) {
    return reshape(expand(reshape(mul(upstream, 1 / size), [...y.shape, 1]), [...y.shape, size]), x.shape)
  },
})

/** Mean of each `size` positions: [batch, channels, length] -> [batch, channels, length / size]. */
export const averagePool1d = (x: Tensor, size: number): Tensor => x.graph.apply1(averagePool1dOperation, [x], { size })
