import type { Tensor } from '../graph.ts'
import { shapeError } from '../graphErrors.ts'
import { zeros } from '../ndarray.ts'
import { globalReach, type Operation } from '../operation.ts'
import { isFloat } from '../types.ts'
import { mul } from './mul.ts'
import { reduceMean } from './reduceMean.ts'
import { sub } from './sub.ts'
import { unbroadcast } from './unbroadcast.ts'

type LayerNormAttributes = { readonly epsilon: number }

/** Outputs: y, and per row the mean and 1/√(variance + epsilon), which the gradient reads. */
export const layerNormOperation: Operation<LayerNormAttributes> = {
  name: 'layerNorm',
  infer(inputs) {
    const [x, scale, offset] = inputs
    const width = x?.shape.at(-1)
    const fits = x && isFloat(x.dtype) && inputs.length === 3 && inputs.every(t => t.dtype === x.dtype)
    if (
      !fits ||
      scale?.shape.length !== 1 ||
      offset?.shape.length !== 1 ||
      scale.shape[0] !== width ||
      offset.shape[0] !== width
    )
      throw shapeError('layerNorm', '[..., width], [width] and [width] of one float dtype', inputs)
    const row = { shape: [...x.shape.slice(0, -1), 1], dtype: x.dtype }
    return [{ shape: x.shape, dtype: x.dtype }, row, row]
  },
  emit({ inputs, outputs, attributes: { epsilon } }, to) {
    const [x, scale, offset] = inputs as readonly [Tensor, Tensor, Tensor]
    const [y, mean, inverse] = outputs as readonly [Tensor, Tensor, Tensor]
    if (x.dtype === 'float32') {
      const attributes = { axis: { int: -1 }, epsilon: { float: epsilon } }
      if (to.isRead(mean) || to.isRead(inverse)) {
        to.node('LayerNormalization', inputs, attributes, outputs)
        return
      }
      // As rows: after a residual sum of rank 3 ONNX Runtime would fuse both to a kernel that takes 5 times as long.
      const rows = to.node('Reshape', [x, to.ints([-1, x.shape.at(-1)!])])
      const flat = to.node('LayerNormalization', [rows, scale, offset], attributes)
      to.node('Reshape', [flat, to.ints(x.shape)], {}, [y])
      return
    }
    // The standard operator keeps its statistics in float32, which would spoil float64 gradients.
    const axes = { axes: { ints: [-1] }, keepdims: { int: 1 } }
    to.node('ReduceMean', [x], axes, [mean])
    const centred = to.node('Sub', [x, mean])
    const variance = to.node('ReduceMean', [to.node('Mul', [centred, centred])], axes)
    const deviation = to.node('Sqrt', [to.node('Add', [variance, to.constant(x.dtype, [], [epsilon])])])
    to.node('Reciprocal', [deviation], {}, [inverse])
    to.node('Add', [to.node('Mul', [to.node('Mul', [centred, inverse]), scale]), offset], {}, [y])
  },
  gradient({ inputs, outputs }, [upstream], wanted) {
    if (!upstream) return []
    const [x, scale, offset] = inputs as readonly [Tensor, Tensor, Tensor]
    const [, mean, inverse] = outputs as readonly [Tensor, Tensor, Tensor]
    const normal = mul(sub(x, mean), inverse)
    const scaled = mul(upstream, scale)
    const byX = () =>
      mul(
        sub(
          sub(scaled, reduceMean(scaled, -1, { keepAxes: true })),
          mul(normal, reduceMean(mul(scaled, normal), -1, { keepAxes: true })),
        ),
        inverse,
      )
    return [
      wanted[0] ? byX() : undefined,
      wanted[1] ? unbroadcast(mul(upstream, normal), scale.shape) : undefined,
      wanted[2] ? unbroadcast(upstream, offset.shape) : undefined,
    ]
  },
  locality({ inputs }, input, axis) {
    return input === 0 && axis !== inputs[0]!.shape.length - 1 ? { axis, reach: { kind: 'pointwise' } } : globalReach
  },
  part: () => 'same',
  evaluate([x, scale, offset], { outputs, attributes: { epsilon } }) {
    const [y, means, inverses] = outputs.map(zeros)
    const width = x!.shape.at(-1)!
    for (let row = 0; row * width < x!.values.length; row++) {
      const values = x!.values.subarray(row * width, (row + 1) * width)
      const mean = values.reduce((a, b) => a + b, 0) / width
      const inverse = 1 / Math.sqrt(values.reduce((a, b) => a + (b - mean) ** 2, 0) / width + epsilon)
      means!.values[row] = mean
      inverses!.values[row] = inverse
      values.forEach((value, i) => {
        y!.values[row * width + i] = (value - mean) * inverse * scale!.values[i]! + offset!.values[i]!
      })
    }
    return [y!, means!, inverses!]
  },
}

/** (x - mean) / √(biased variance + epsilon) · scale + offset over the last axis. */
export const layerNorm = (x: Tensor, scale: Tensor, offset: Tensor, epsilon = 1e-5): Tensor =>
  x.graph.apply1(layerNormOperation, [x, scale, offset], { epsilon })
