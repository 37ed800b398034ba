import type { Tensor } from '../graph.ts'
import { mul } from '../ops/mul.ts'
import { reduceMean } from '../ops/reduceMean.ts'
import { sub } from '../ops/sub.ts'

/** Mean over all elements of (p - t)². */
export function squaredError(predicted: Tensor, target: Tensor): Tensor {
  const difference = sub(predicted, target)
  return reduceMean(mul(difference, difference))
}
