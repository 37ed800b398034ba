import type { Tensor } from '../graph.ts'
import { expand } from './expand.ts'
import { mul } from './mul.ts'
import { keptShape, type ReduceOptions, reducedCount, reduction, reductionAttributes } from './reduction.ts'
import { reshape } from './reshape.ts'

export const reduceMeanOperation = reduction({
  name: 'reduceMean',
  onnx: 'ReduceMean',
  axesAsInput: false,
  start: 0,
  combine: (sum, value) => sum + value,
  finish: (sum, count) => sum / count,
  gradient: ({ inputs, attributes: { axes } }, upstream) =>
    spread(mul(upstream, 1 / reducedCount(inputs[0]!.shape, axes)), inputs[0]!.shape, axes),
})

const spread = (upstream: Tensor, shape: readonly number[], axes: readonly number[]): Tensor =>
  expand(reshape(upstream, keptShape(shape, axes)), shape)

/** Mean over axes (all axes unless told). */
export function reduceMean(x: Tensor, axes?: number | readonly number[], options?: ReduceOptions): Tensor {
  const attributes = reductionAttributes('reduceMean', x, axes, options)
  return attributes.axes.length === 0 ? x : x.graph.apply1(reduceMeanOperation, [x], attributes)
}
