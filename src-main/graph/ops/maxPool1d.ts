import type { Tensor } from '../graph.ts'
import { cast } from './cast.ts'
import { div } from './div.ts'
import { equal } from './equal.ts'
import { mul } from './mul.ts'
import { poolOperation, windows } from './pool.ts'
import { reduceSum } from './reduceSum.ts'
import { reshape } from './reshape.ts'

export const maxPool1dOperation = poolOperation({
  name: 'maxPool1d',
  combine: values => Math.max(...values),
  emit(to, x, y, size) {
    to.node('MaxPool', [x], { kernel_shape: { ints: [size] }, strides: { ints: [size] } }, [y])
  },
  // Ties share the gradient equally.
  gradient(x, y, upstream, size) {
    const chosen = cast(equal(windows(x, size), reshape(y, [...y.shape, 1])), x.dtype)
    const share = div(reshape(upstream, [...y.shape, 1]), reduceSum(chosen, -1, { keepAxes: true }))
    return reshape(mul(chosen, share), x.shape)
  },
})

/** Largest of each `size` positions: [batch, channels, length] -> [batch, channels, length / size]. Ties share the gradient equally. */
export const maxPool1d = (x: Tensor, size: number): Tensor => x.graph.apply1(maxPool1dOperation, [x], { size })
