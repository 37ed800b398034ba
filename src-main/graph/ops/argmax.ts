import type { Tensor } from '../graph.ts'
import { normalAxis, shapeError } from '../graphErrors.ts'
import { eachIndex, flatIndex, zeros } from '../ndarray.ts'
import { globalReach, type Operation } from '../operation.ts'

type ArgmaxAttributes = { readonly axis: number }

export const argmaxOperation: Operation<ArgmaxAttributes> = {
  name: 'argmax',
  infer(inputs, { axis }) {
    const [x] = inputs
    if (inputs.length !== 1 || x === undefined || x.dtype === 'bool')
      throw shapeError('argmax', 'one number tensor', inputs)
    return [{ shape: x.shape.filter((_, a) => a !== axis), dtype: 'int64' }]
  },
  emit({ inputs, outputs, attributes: { axis } }, to) {
    to.node('ArgMax', inputs, { axis: { int: axis }, keepdims: { int: 0 } }, outputs)
  },
  locality({ attributes }, _input, axis) {
    if (axis === attributes.axis) return globalReach
    return { axis: axis < attributes.axis ? axis : axis - 1, reach: { kind: 'pointwise' } }
  },
  part: () => 'same',
  evaluate([x], { outputs, attributes: { axis } }) {
    const y = zeros(outputs[0]!)
    eachIndex(y.shape, (flat, position) => {
      let best = Number.NEGATIVE_INFINITY
      for (let i = 0; i < x!.shape[axis]!; i++) {
        const value = x!.values[flatIndex(x!.shape, [...position.slice(0, axis), i, ...position.slice(axis)])]!
        if (value > best) {
          best = value
          y.values[flat] = i
        }
      }
    })
    return [y]
  },
}

/** Index of the first largest element of an axis, as int64. */
export const argmax = (x: Tensor, axis: number): Tensor =>
  x.graph.apply1(argmaxOperation, [x], { axis: normalAxis('argmax', axis, x.shape.length) })
