import type { Tensor } from '../graph.ts'
import { type Shape, sameShape } from '../types.ts'
import { reduceSum } from './reduceSum.ts'
import { reshape } from './reshape.ts'

/** Sums over the axes that broadcasting stretched, so that a gradient gets back the shape of its input. */
export function unbroadcast(gradient: Tensor, shape: Shape): Tensor {
  if (sameShape(gradient.shape, shape)) return gradient
  const added = gradient.shape.length - shape.length
  const axes = gradient.shape.flatMap((length, axis) =>
    axis < added || (shape[axis - added] === 1 && length !== 1) ? [axis] : [],
  )
  const summed = axes.length > 0 ? reduceSum(gradient, axes, { keepAxes: true }) : gradient
  return reshape(summed, shape)
}
