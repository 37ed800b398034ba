import type { Tensor } from '../graph.ts'
import { attributeError, normalAxis, shapeError } from '../graphErrors.ts'
import { eachIndex, flatIndex, zeros } from '../ndarray.ts'
import type { Operation } from '../operation.ts'
import { expand } from './expand.ts'
import { crop } from './slice.ts'

type PadAttributes = { readonly axis: number; readonly left: number; readonly right: number; readonly value: number }

export const padOperation: Operation<PadAttributes> = {
  name: 'pad',
  infer(inputs, { axis, left, right }) {
    const [x] = inputs
    if (inputs.length !== 1 || x === undefined || x.dtype === 'bool')
      throw shapeError('pad', 'one number tensor', inputs)
    if (!Number.isInteger(left) || !Number.isInteger(right) || left < 0 || right < 0)
      throw attributeError('pad', 'widths', 'whole numbers from 0', `${left} and ${right}`)
    return [{ shape: x.shape.map((length, a) => (a === axis ? length + left + right : length)), dtype: x.dtype }]
  },
  emit({ inputs, outputs, attributes: { axis, left, right, value } }, to) {
    const x = inputs[0]!
    const widths = new Array<number>(2 * x.shape.length).fill(0)
    widths[axis] = left
    widths[x.shape.length + axis] = right
    to.node('Pad', [x, to.ints(widths), to.constant(x.dtype, [], [value])], { mode: { text: 'constant' } }, outputs)
  },
  gradient({ attributes: { axis, left, right } }, [upstream]) {
    return [upstream && crop(upstream, axis, left, right)]
  },
  locality({ attributes: { axis, left } }, _input, along) {
    return { axis: along, reach: along === axis ? { kind: 'shift', offset: -left } : { kind: 'pointwise' } }
  },
  part({ target, whole, inputs: [x], output }) {
    const { axis, left, right, value } = whole.attributes
    if (output?.axis !== axis) return [pad(x!, axis, left, right, value)]
    const length = output.end - output.start
    const { shape, dtype } = whole.outputs[0]!
    if (!x) return [expand(target.constant(value, [], dtype), shape.with(axis, length))]
    const before = Math.min(length, Math.max(0, left - output.start))
    return [pad(x, axis, before, length - before - x.shape[axis]!, value)]
  },
  evaluate([x], { outputs, attributes: { axis, left, value } }) {
    const y = zeros(outputs[0]!)
    eachIndex(y.shape, (flat, position) => {
      const source = position.map((p, a) => (a === axis ? p - left : p))
      const inside = source[axis]! >= 0 && source[axis]! < x!.shape[axis]!
      y.values[flat] = inside ? x!.values[flatIndex(x!.shape, source)]! : value
    })
    return [y]
  },
}

/** Widens one axis by constant values at both ends (0 unless told). */
export function pad(x: Tensor, axis: number, left: number, right: number, value = 0): Tensor {
  if (left === 0 && right === 0) return x
  const along = normalAxis('pad', axis, x.shape.length)
  return x.graph.apply1(padOperation, [x], { axis: along, left, right, value })
}
