import type { Tensor } from '../graph.ts'
import { expand } from './expand.ts'
import { keptShape, type ReduceOptions, reduction, reductionAttributes } from './reduction.ts'
import { reshape } from './reshape.ts'

export const reduceSumOperation = reduction({
  name: 'reduceSum',
  onnx: 'ReduceSum',
  axesAsInput: true,
  start: 0,
  combine: (sum, value) => sum + value,
  gradient: ({ inputs, attributes: { axes } }, upstream) => spread(upstream, inputs[0]!.shape, axes),
})

const spread = (upstream: Tensor, shape: readonly number[], axes: readonly number[]): Tensor =>
  expand(reshape(upstream, keptShape(shape, axes)), shape)

/** Sum over axes (all axes unless told). */
export function reduceSum(x: Tensor, axes?: number | readonly number[], options?: ReduceOptions): Tensor {
  const attributes = reductionAttributes('reduceSum', x, axes, options)
  return attributes.axes.length === 0 ? x : x.graph.apply1(reduceSumOperation, [x], attributes)
}
