import type { Tensor } from '../graph.ts'
import { attributeError, shapeError } from '../graphErrors.ts'
import { eachIndex, zeros } from '../ndarray.ts'
import { globalReach, type Operation } from '../operation.ts'
import { isFloat, type Shape, showShape, sizeOf } from '../types.ts'
import { add } from './add.ts'
import { div } from './div.ts'
import { mul } from './mul.ts'
import { reduceSum } from './reduceSum.ts'
import { reshape } from './reshape.ts'
import { sqrt } from './sqrt.ts'
import { sub } from './sub.ts'

type BatchNormAttributes = { readonly axis: number; readonly epsilon: number }

export interface BatchNormTensors {
  readonly scale: Tensor
  readonly offset: Tensor
  /** States: the running statistics. */
  readonly mean: Tensor
  readonly variance: Tensor
}

export interface BatchNormOptions {
  readonly epsilon: number
  /** The channel axis; default 1, as in [batch, channels, length]. */
  readonly axis?: number
}

export interface BatchNormTrainingOptions extends BatchNormOptions {
  /** Share of the old running statistics that stays at each step, e.g. 0.9. */
  readonly decay: number
  /** Divide the variance that enters the running one by n - 1 (PyTorch) instead of n (TensorFlow). */
  readonly unbiased: boolean
}

const others = (shape: Shape, axis: number): number[] => shape.map((_, a) => a).filter(a => a !== axis)
const alongChannels = (shape: Shape, axis: number): number[] => shape.map((length, a) => (a === axis ? length : 1))

/** Normalisation by the batch's own statistics. Outputs: y, mean and biased variance by channel. */
export const batchNormOperation: Operation<BatchNormAttributes> = {
  name: 'batchNorm',
  infer(inputs, { axis }) {
    const [x, scale, offset] = inputs
    const channels = x?.shape[axis]
    const fits = x && isFloat(x.dtype) && inputs.length === 3 && inputs.every(t => t.dtype === x.dtype)
    if (!fits || channels === undefined || [scale, offset].some(t => t!.shape.length !== 1 || t!.shape[0] !== channels))
      throw shapeError(
        'batchNorm',
        `a float tensor with channels on axis ${axis}, and scale and offset [channels]`,
        inputs,
      )
    const statistics = { shape: [channels], dtype: x.dtype }
    return [{ shape: x.shape, dtype: x.dtype }, statistics, statistics]
  },
  emit({ inputs, outputs, attributes: { axis, epsilon } }, to) {
    const [x, scale, offset] = inputs as readonly [Tensor, Tensor, Tensor]
    const [y, mean, variance] = outputs as readonly [Tensor, Tensor, Tensor]
    const wide = to.ints(alongChannels(x.shape, axis))
    const reduce = { axes: { ints: others(x.shape, axis) }, keepdims: { int: 0 } }
    to.node('ReduceMean', [x], reduce, [mean])
    const centred = to.node('Sub', [x, to.node('Reshape', [mean, wide])])
    to.node('ReduceMean', [to.node('Mul', [centred, centred])], reduce, [variance])
    const deviation = to.node('Sqrt', [to.node('Add', [variance, to.constant(x.dtype, [], [epsilon])])])
    const factor = to.node('Reshape', [to.node('Div', [scale, deviation]), wide])
    to.node('Add', [to.node('Mul', [centred, factor]), to.node('Reshape', [offset, wide])], {}, [y])
  },
  gradient({ inputs, outputs, attributes: { axis, epsilon } }, upstream, wanted) {
    if (upstream[1] || upstream[2])
      throw attributeError('batchNorm', 'gradient', 'by the normalised output only', 'one by its statistics')
    const [g] = upstream
    if (!g) return []
    const [x, scale] = inputs as readonly [Tensor, Tensor]
    const axes = others(x.shape, axis)
    const wide = (t: Tensor) => reshape(t, alongChannels(x.shape, axis))
    const inverse = div(1, sqrt(add(outputs[2]!, epsilon)))
    const normal = mul(sub(x, wide(outputs[1]!)), wide(inverse))
    const byScale = reduceSum(mul(g, normal), axes)
    const byOffset = reduceSum(g, axes)
    const count = sizeOf(x.shape) / x.shape[axis]!
    const pulled = add(wide(mul(byOffset, 1 / count)), mul(normal, wide(mul(byScale, 1 / count))))
    return [wanted[0] ? mul(sub(g, pulled), wide(mul(scale, inverse))) : undefined, byScale, byOffset]
  },
  locality: () => globalReach,
  evaluate([x, scale, offset], { outputs, attributes: { axis, epsilon } }) {
    const [y, mean, variance] = outputs.map(zeros)
    const count = sizeOf(x!.shape) / x!.shape[axis]!
    eachIndex(x!.shape, (flat, position) => {
      mean!.values[position[axis]!]! += x!.values[flat]! / count
    })
    eachIndex(x!.shape, (flat, position) => {
      variance!.values[position[axis]!]! += (x!.values[flat]! - mean!.values[position[axis]!]!) ** 2 / count
    })
    eachIndex(x!.shape, (flat, position) => {
      const c = position[axis]!
      const normal = (x!.values[flat]! - mean!.values[c]!) / Math.sqrt(variance!.values[c]! + epsilon)
      y!.values[flat] = normal * scale!.values[c]! + offset!.values[c]!
    })
    return [y!, mean!, variance!]
  },
}

/** With stored statistics: an affine map by channel. The statistics are read, never written. */
export function batchNormInference(
  x: Tensor,
  { scale, offset, mean, variance }: BatchNormTensors,
  options: BatchNormOptions,
): Tensor {
  const axis = options.axis ?? 1
  const wide = (t: Tensor) => reshape(t, alongChannels(x.shape, axis))
  const factor = div(scale, sqrt(add(variance, options.epsilon)))
  return add(mul(x, wide(factor)), wide(sub(offset, mul(mean, factor))))
}

/** With the batch's own statistics, which also renew the running ones (`graph.update`). */
export function batchNormTraining(
  x: Tensor,
  { scale, offset, mean, variance }: BatchNormTensors,
  options: BatchNormTrainingOptions,
): Tensor {
  const axis = options.axis ?? 1
  const { epsilon, decay } = options
  const [y, batchMean, batchVariance] = x.graph.apply(batchNormOperation, [x, scale, offset], {
    axis,
    epsilon,
  }) as readonly [Tensor, Tensor, Tensor]
  const count = sizeOf(x.shape) / x.shape[axis]!
  if (options.unbiased && count < 2)
    throw attributeError('batchNorm', 'unbiased', 'two values a channel at least', `${count} in ${showShape(x.shape)}`)
  const share = options.unbiased ? ((1 - decay) * count) / (count - 1) : 1 - decay
  // From what an earlier micro-batch of the same run made of them, as if they had run one after the other.
  x.graph.update(mean, add(mul(x.graph.current(mean), decay), mul(batchMean, 1 - decay)))
  x.graph.update(variance, add(mul(x.graph.current(variance), decay), mul(batchVariance, share)))
  return y
}
