import type { Tensor } from '../graph.ts'
import { cast } from './cast.ts'
import { div } from './div.ts'
import { equal } from './equal.ts'
import { mul } from './mul.ts'
import { reduceSum } from './reduceSum.ts'
import { keptShape, type ReduceOptions, reduction, reductionAttributes } from './reduction.ts'
import { reshape } from './reshape.ts'

export const reduceMaxOperation = reduction({
  name: 'reduceMax',
  onnx: 'ReduceMax',
  axesAsInput: false,
  start: Number.NEGATIVE_INFINITY,
  combine: Math.max,
  // Ties share the gradient equally.
  gradient: ({ inputs, outputs, attributes: { axes } }, upstream) => {
    const x = inputs[0]!
    const kept = keptShape(x.shape, axes)
    const chosen = cast(equal(x, reshape(outputs[0]!, kept)), x.dtype)
    const share = div(reshape(upstream, kept), reduceSum(chosen, axes, { keepAxes: true }))
    return mul(chosen, share)
  },
})

/** Largest element over axes (all axes unless told); in the gradient ties share equally. */
export function reduceMax(x: Tensor, axes?: number | readonly number[], options?: ReduceOptions): Tensor {
  const attributes = reductionAttributes('reduceMax', x, axes, options)
  return attributes.axes.length === 0 ? x : x.graph.apply1(reduceMaxOperation, [x], attributes)
}
