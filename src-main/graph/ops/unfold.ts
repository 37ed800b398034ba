import type { Tensor } from '../graph.ts'
import { concat } from './concat.ts'
import { reshape } from './reshape.ts'
import { slice } from './slice.ts'

/**
 * The windows of a sequence (im2col): [batch, channels, length] -> [batch, channels · kernel, length - (kernel - 1) · dilation],
 * row c · kernel + k holding channel c shifted by k · dilation. Built of slices and one concat.
 */
export function unfold(x: Tensor, kernel: number, dilation = 1): Tensor {
  const [batch, channels, length] = x.shape as readonly [number, number, number]
  const result = length - (kernel - 1) * dilation
  const shifted = Array.from({ length: kernel }, (_, k) =>
    reshape(slice(x, 2, k * dilation, k * dilation + result), [batch, channels, 1, result]),
  )
  return reshape(concat(shifted, 2), [batch, channels * kernel, result])
}
