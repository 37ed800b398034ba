import type { Tensor } from '../graph.ts'
import { attributeError, normalAxis, shapeError } from '../graphErrors.ts'
import type { Span } from '../locality.ts'
import { eachIndex, flatIndex, zeros } from '../ndarray.ts'
import type { Operation } from '../operation.ts'
import { expand } from './expand.ts'
import { interleave } from './interleave.ts'
import { pad } from './pad.ts'
import { reshape } from './reshape.ts'

type SliceAttributes = { readonly axis: number; readonly start: number; readonly end: number; readonly step: number }

const lengthOf = ({ start, end, step }: SliceAttributes): number => Math.ceil((end - start) / step)

export const sliceOperation: Operation<SliceAttributes> = {
  name: 'slice',
  infer(inputs, attributes) {
    const [x] = inputs
    if (inputs.length !== 1 || x === undefined) throw shapeError('slice', 'one tensor', inputs)
    const { axis, start, end, step } = attributes
    const length = x.shape[axis]!
    if (![start, end, step].every(Number.isInteger) || start < 0 || end > length || end <= start || step < 1)
      throw attributeError(
        'slice',
        'range',
        `a non-empty part of 0..${length} in steps of at least 1`,
        `${start}..${end} step ${step}`,
      )
    return [{ shape: x.shape.map((l, a) => (a === axis ? lengthOf(attributes) : l)), dtype: x.dtype }]
  },
  emit({ inputs, outputs, attributes: { axis, start, end, step } }, to) {
    to.node('Slice', [inputs[0]!, to.ints([start]), to.ints([end]), to.ints([axis]), to.ints([step])], {}, outputs)
  },
  gradient({ inputs, attributes }, [upstream]) {
    if (!upstream) return [undefined]
    const { axis, start, step } = attributes
    const shape = inputs[0]!.shape
    let spread = upstream
    let covered = upstream.shape[axis]!
    if (step > 1 && axis === shape.length - 1) {
      // Each element is followed by step - 1 zeros.
      const gap = expand(upstream.graph.constant(0, [], upstream.dtype), upstream.shape)
      spread = interleave([upstream, ...new Array<Tensor>(step - 1).fill(gap)])
      covered *= step
    } else if (step > 1) {
      const open = [...upstream.shape.slice(0, axis + 1), 1, ...upstream.shape.slice(axis + 1)]
      covered *= step
      spread = reshape(
        pad(reshape(upstream, open), axis + 1, 0, step - 1),
        shape.map((l, a) => (a === axis ? covered : l)),
      )
    }
    const room = shape[axis]! - start
    if (covered > room) {
      spread = slice(spread, axis, 0, room)
      covered = room
    }
    return [pad(spread, axis, start, shape[axis]! - start - covered)]
  },
  locality({ attributes: { axis, start, step } }, _input, along) {
    if (along !== axis) return { axis: along, reach: { kind: 'pointwise' } }
    return { axis, reach: step === 1 ? { kind: 'shift', offset: start } : { kind: 'stride', offset: start, step } }
  },
  part({ whole, inputs: [x], output }) {
    const { axis, start, end, step } = whole.attributes
    return [output?.axis === axis ? slice(x!, axis, 0, x!.shape[axis]!, step) : slice(x!, axis, start, end, step)]
  },
  evaluate([x], { outputs, attributes: { axis, start, step } }) {
    const y = zeros(outputs[0]!)
    eachIndex(y.shape, (flat, position) => {
      const source = position.map((p, a) => (a === axis ? start + p * step : p))
      y.values[flat] = x!.values[flatIndex(x!.shape, source)]!
    })
    return [y]
  },
}

/** Positions start, start + step … below end of one axis. Negative bounds count from the end. */
export function slice(x: Tensor, axis: number, start: number, end: number, step = 1): Tensor {
  const along = normalAxis('slice', axis, x.shape.length)
  const length = x.shape[along]!
  const from = start < 0 ? start + length : start
  const to = end < 0 ? end + length : end
  if (from === 0 && to === length && step === 1) return x
  return x.graph.apply1(sliceOperation, [x], { axis: along, start: from, end: to, step })
}

/** Drops `left` positions at the start and `right` at the end of an axis. */
export const crop = (x: Tensor, axis: number, left: number, right = left): Tensor =>
  slice(x, axis, left, x.shape[normalAxis('crop', axis, x.shape.length)]! - right)

/** The span of an axis, from a tensor that holds it from position `from` on. */
export const wanted = (x: Tensor, { axis, start, end }: Span, from: number): Tensor =>
  axis === undefined ? x : slice(x, axis, start - from, end - from)
