import type { Tensor } from '../graph.ts'
import { add } from './add.ts'
import { cast } from './cast.ts'
import { deinterleave } from './deinterleave.ts'
import { div } from './div.ts'
import { equal } from './equal.ts'
import { interleave } from './interleave.ts'
import { mul } from './mul.ts'
import { poolOperation } from './pool.ts'

export const maxPool1dOperation = poolOperation({
  name: 'maxPool1d',
  combine: values => Math.max(...values),
  emit(to, x, y, size) {
    to.node('MaxPool', [x], { kernel_shape: { ints: [size] }, strides: { ints: [size] } }, [y])
  },
  // Ties share the gradient equally.
  gradient(x, y, upstream, size) {
    const chosen = deinterleave(x, size).map(part => cast(equal(part, y), x.dtype))
    const share = div(
      upstream,
      chosen.slice(1).reduce((sum, part) => add(sum, part), chosen[0]!),
    )
    return interleave(chosen.map(part => mul(part, share)))
  },
})

/** Largest of each `size` positions: [batch, channels, length] -> [batch, channels, length / size]. Ties share the gradient equally. */
export const maxPool1d = (x: Tensor, size: number): Tensor => x.graph.apply1(maxPool1dOperation, [x], { size })
