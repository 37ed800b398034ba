import type { Emitter } from '../emitter.ts'
import type { Tensor } from '../graph.ts'
import { attributeError, shapeError } from '../graphErrors.ts'
import { zeros } from '../ndarray.ts'
import { globalReach, type Operation } from '../operation.ts'
import { isFloat, type TensorType } from '../types.ts'
import { concat } from './concat.ts'
import { expand } from './expand.ts'
import { matmul } from './matmul.ts'
import { mul } from './mul.ts'
import { pad } from './pad.ts'
import { reduceSum } from './reduceSum.ts'
import { reshape } from './reshape.ts'
import { slice } from './slice.ts'
import { transpose } from './transpose.ts'
import { unfold } from './unfold.ts'

type ConvAttributes = {
  readonly left: number
  readonly right: number
  readonly dilation: number
  readonly groups: number
}

export interface ConvOptions {
  readonly bias?: Tensor
  /** same: zeros at both ends so that the length stays (odd kernels; an even one gets its extra zero on the right). */
  readonly padding?: 'same' | 'valid' | readonly [left: number, right: number]
  readonly dilation?: number
  /** Channels fall into this many groups; as many as channels: depthwise. */
  readonly groups?: number
}

const reachOf = (weight: TensorType, dilation: number): number => (weight.shape[2]! - 1) * dilation

export const conv1dOperation: Operation<ConvAttributes> = {
  name: 'conv1d',
  infer(inputs, { left, right, dilation, groups }) {
    const [x, weight, bias] = inputs
    const fits =
      x?.shape.length === 3 &&
      weight?.shape.length === 3 &&
      isFloat(x.dtype) &&
      inputs.every(t => t.dtype === x.dtype) &&
      x.shape[1] === weight.shape[1]! * groups &&
      weight.shape[0]! % groups === 0 &&
      (bias === undefined || (bias.shape.length === 1 && bias.shape[0] === weight.shape[0]))
    if (!fits || inputs.length > 3)
      throw shapeError(
        'conv1d',
        `[batch, channels, length], [out, channels / ${groups} groups, kernel] and [out] of one float dtype`,
        inputs,
      )
    const length = x.shape[2]! + left + right - reachOf(weight, dilation)
    if (length < 1)
      throw attributeError(
        'conv1d',
        'length',
        `at least ${reachOf(weight, dilation) + 1} with padding`,
        x.shape[2]! + left + right,
      )
    return [{ shape: [x.shape[0]!, weight.shape[0]!, length], dtype: x.dtype }]
  },
  emit({ inputs, outputs, attributes: { left, right, dilation, groups } }, to) {
    const x = inputs[0]!
    if (x.dtype === 'float64') return emit64(to, inputs, outputs[0]!, { left, right, dilation, groups })
    const kernel = inputs[1]!.shape[2]!
    to.node(
      'Conv',
      inputs,
      {
        kernel_shape: { ints: [kernel] },
        pads: { ints: [left, right] },
        dilations: { ints: [dilation] },
        strides: { ints: [1] },
        group: { int: groups },
      },
      outputs,
    )
  },
  gradient({ inputs, attributes }, [upstream], wanted) {
    if (!upstream) return []
    const [x, weight] = inputs as readonly [Tensor, Tensor]
    return [
      wanted[0] ? byInput(upstream, weight, attributes) : undefined,
      wanted[1] ? byWeight(x, weight, upstream, attributes) : undefined,
      wanted[2] ? reduceSum(upstream, [0, 2]) : undefined,
    ]
  },
  locality({ inputs, attributes: { left, dilation } }, input, axis) {
    if (input !== 0 || axis === 1) return globalReach
    if (axis === 0) return { axis: 0, reach: { kind: 'pointwise' } }
    return { axis: 2, reach: { kind: 'window', left, right: reachOf(inputs[1]!, dilation) - left, dilation } }
  },
  // Zeros stand for what lies beyond the true ends of the sequence only; inside, a part reads its neighbours.
  part({ target, whole, inputs, output }) {
    const [x, weight, bias] = inputs as readonly [Tensor | undefined, Tensor, Tensor | undefined]
    const { left, right, dilation, groups } = whole.attributes
    if (!x) {
      const value = bias ? reshape(bias, [-1, 1]) : target.constant(0, [], weight.dtype)
      return [expand(value, [1, weight.shape[0]!, output!.end - output!.start])]
    }
    const given = bias ? [x, weight, bias] : [x, weight]
    if (output?.axis !== 2) return x.graph.apply(conv1dOperation, given, { left, right, dilation, groups })
    const after = reachOf(weight, dilation) - left
    const ends = {
      left: Math.max(0, left - output.start),
      right: Math.max(0, output.end + after - whole.inputs[0]!.shape[2]!),
    }
    return x.graph.apply(conv1dOperation, given, { ...ends, dilation, groups })
  },
  evaluate([x, weight, bias], { outputs, attributes: { left, dilation, groups } }) {
    const y = zeros(outputs[0]!)
    const [batch, out, length] = y.shape as readonly [number, number, number]
    const [, inner, kernel] = weight!.shape as readonly [number, number, number]
    const [, channels, from] = x!.shape as readonly [number, number, number]
    for (let n = 0; n < batch; n++)
      for (let o = 0; o < out; o++)
        for (let i = 0; i < length; i++) {
          let sum = bias ? bias.values[o]! : 0
          for (let c = 0; c < inner; c++)
            for (let k = 0; k < kernel; k++) {
              const at = i - left + k * dilation
              const channel = Math.floor(o / (out / groups)) * inner + c
              if (at >= 0 && at < from)
                sum += x!.values[(n * channels + channel) * from + at]! * weight!.values[(o * inner + c) * kernel + k]!
            }
          y.values[(n * out + o) * length + i] = sum
        }
    return [y]
  },
}

/** ONNX Runtime has no float64 Conv: the sum over kernel positions of one matrix product each. */
function emit64(
  to: Emitter,
  inputs: readonly Tensor[],
  y: Tensor,
  { left, right, dilation, groups }: ConvAttributes,
): void {
  const [x, weight, bias] = inputs as readonly [Tensor, Tensor, Tensor | undefined]
  const [batch, channels] = x.shape as readonly [number, number]
  const [out, inner, kernel] = weight.shape as readonly [number, number, number]
  const length = y.shape[2]!
  const padded = to.node('Pad', [x, to.ints([0, 0, left, 0, 0, right]), to.constant(x.dtype, [], [0])])
  const grouped = to.node('Reshape', [padded, to.ints([batch, groups, channels / groups, x.shape[2]! + left + right])])
  const weights = to.node('Reshape', [weight, to.ints([1, groups, out / groups, inner, kernel])])
  let sum: string | undefined
  for (let k = 0; k < kernel; k++) {
    const part = to.node('Slice', [grouped, to.ints([k * dilation]), to.ints([k * dilation + length]), to.ints([3])])
    const tap = to.node('Gather', [weights, to.constant('int64', [], [k])], { axis: { int: 4 } })
    const product = to.node('MatMul', [tap, part])
    sum = sum === undefined ? product : to.node('Add', [sum, product])
  }
  const flat = to.node('Reshape', [sum!, to.ints([batch, out, length])])
  if (bias) to.node('Add', [flat, to.node('Reshape', [bias, to.ints([out, 1])])], {}, [y])
  else to.node('Identity', [flat], {}, [y])
}

/** dX: the convolution of the upstream gradient with the kernel turned round, inputs and outputs exchanged. */
function byInput(upstream: Tensor, weight: Tensor, { left, right, dilation, groups }: ConvAttributes): Tensor {
  const [out, inner, kernel] = weight.shape as readonly [number, number, number]
  const split = transpose(reshape(weight, [groups, out / groups, inner, kernel]), [0, 2, 1, 3])
  const turned = reverse(reshape(split, [groups * inner, out / groups, kernel]))
  const full = reachOf(weight, dilation)
  return conv1d(upstream, turned, { padding: [full - left, full - right], dilation, groups })
}

const reverse = (kernel: Tensor): Tensor =>
  concat(
    Array.from({ length: kernel.shape[2]! }, (_, k) =>
      slice(kernel, 2, kernel.shape[2]! - 1 - k, kernel.shape[2]! - k),
    ),
    2,
  )

/** dW: the shifted copies of x (im2col) times the upstream gradient, one Gemm a sequence and group. */
function byWeight(
  x: Tensor,
  weight: Tensor,
  upstream: Tensor,
  { left, right, dilation, groups }: ConvAttributes,
): Tensor {
  const [out, inner, kernel] = weight.shape as readonly [number, number, number]
  const [batch, , length] = upstream.shape as readonly [number, number, number]
  const padded = pad(x, 2, left, right)
  if (inner === 1 && groups === out) {
    // Depthwise: a dot product for each channel and tap.
    const taps = Array.from({ length: kernel }, (_, k) =>
      reduceSum(mul(upstream, slice(padded, 2, k * dilation, k * dilation + length)), [0, 2]),
    )
    return concat(
      taps.map(tap => reshape(tap, [out, 1, 1])),
      2,
    )
  }
  const columns = reshape(unfold(padded, kernel, dilation), [batch, groups, inner * kernel, length])
  const rows = reshape(upstream, [batch, groups, out / groups, length])
  if (batch === 1 && groups === 1)
    return reshape(
      matmul(reshape(rows, [out, length]), reshape(columns, [inner * kernel, length]), { transposeB: true }),
      weight.shape,
    )
  return reshape(reduceSum(matmul(rows, columns, { transposeB: true }), 0), weight.shape)
}

/** Convolution along the last axis, stride 1: x [batch, channels, length], weight [out, channels / groups, kernel], bias [out]. */
export function conv1d(x: Tensor, weight: Tensor, options: ConvOptions = {}): Tensor {
  const dilation = options.dilation ?? 1
  const span = ((weight.shape[2] ?? 1) - 1) * dilation
  const padding = options.padding ?? 'same'
  const [left, right] =
    padding === 'same' ? [Math.floor(span / 2), Math.ceil(span / 2)] : padding === 'valid' ? [0, 0] : padding
  if (!Number.isInteger(dilation) || dilation < 1)
    throw attributeError('conv1d', 'dilation', 'a whole number from 1', dilation)
  // A negative pad (from a gradient of a convolution padded beyond its reach) drops positions instead.
  if (left < 0 || right < 0) {
    const inside = slice(x, 2, Math.max(0, -left), x.shape[2]! - Math.max(0, -right))
    return conv1d(inside, weight, { ...options, padding: [Math.max(0, left), Math.max(0, right)] })
  }
  const attributes = { left, right, dilation, groups: options.groups ?? 1 }
  return x.graph.apply1(conv1dOperation, options.bias ? [x, weight, options.bias] : [x, weight], attributes)
}
