import type { Tensor } from '../graph.ts'
import { attributeError } from '../graphErrors.ts'
import { add } from './add.ts'
import { conv1d } from './conv1d.ts'
import { deinterleave } from './deinterleave.ts'
import { mul } from './mul.ts'
import { reshape } from './reshape.ts'
import { sigmoid } from './sigmoid.ts'
import { sub } from './sub.ts'

/**
 * Enformer's attention pooling: [batch, channels, length] -> [batch, channels, length / 2], for each channel the mean of
 * positions 2j and 2j + 1 weighted by the softmax of their logits x·W over the two (W [channels, channels], no bias).
 * A softmax of two is a sigmoid of their difference, and the logits are linear: sigmoid(W(x₀ - x₁)) is the weight of x₀,
 * so the product by W runs on half of the positions.
 */
export function softmaxPool(x: Tensor, weight: Tensor): Tensor {
  const length = x.shape[2] ?? 0
  if (x.shape.length !== 3 || length % 2 !== 0) throw attributeError('softmaxPool', 'length', 'even', length)
  const channels = x.shape[1]!
  const [first, second] = deinterleave(x, 2) as readonly [Tensor, Tensor]
  const difference = sub(first, second)
  const kernel = weight.shape.length === 3 ? weight : reshape(weight, [channels, channels, 1])
  return add(second, mul(sigmoid(conv1d(difference, kernel)), difference))
}
