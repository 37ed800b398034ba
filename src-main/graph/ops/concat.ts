import type { Tensor } from '../graph.ts'
import { normalAxis, shapeError } from '../graphErrors.ts'
import { eachIndex, flatIndex, zeros } from '../ndarray.ts'
import type { Operation } from '../operation.ts'
import { slice } from './slice.ts'

type ConcatAttributes = { readonly axis: number }

export const concatOperation: Operation<ConcatAttributes> = {
  name: 'concat',
  infer(inputs, { axis }) {
    const [first] = inputs
    const fits = inputs.every(
      x =>
        x.dtype === first?.dtype &&
        x.shape.length === first.shape.length &&
        x.shape.every((l, a) => a === axis || l === first.shape[a]),
    )
    if (first === undefined || !fits) throw shapeError('concat', `tensors that differ in axis ${axis} only`, inputs)
    const total = inputs.reduce((sum, x) => sum + x.shape[axis]!, 0)
    return [{ shape: first.shape.map((l, a) => (a === axis ? total : l)), dtype: first.dtype }]
  },
  emit({ inputs, outputs, attributes }, to) {
    to.node('Concat', inputs, { axis: { int: attributes.axis } }, outputs)
  },
  gradient({ inputs, attributes: { axis } }, [upstream], wanted) {
    let start = 0
    return inputs.map((x, input) => {
      const from = start
      start += x.shape[axis]!
      return upstream && wanted[input] ? slice(upstream, axis, from, start) : undefined
    })
  },
  locality({ inputs, attributes: { axis } }, input, along) {
    if (along !== axis) return { axis: along, reach: { kind: 'pointwise' } }
    const before = inputs.slice(0, input).reduce((sum, x) => sum + x.shape[axis]!, 0)
    return { axis, reach: { kind: 'shift', offset: -before } }
  },
  part({ whole, inputs }) {
    const read = inputs.filter(x => x !== undefined)
    return [concat(read, whole.attributes.axis)]
  },
  evaluate(inputs, { outputs, attributes: { axis } }) {
    const y = zeros(outputs[0]!)
    let start = 0
    for (const x of inputs) {
      eachIndex(x.shape, (flat, position) => {
        const target = position.map((p, a) => (a === axis ? p + start : p))
        y.values[flatIndex(y.shape, target)] = x.values[flat]!
      })
      start += x.shape[axis]!
    }
    return [y]
  },
}

/** Joins tensors end to end along one axis. */
export function concat(tensors: readonly Tensor[], axis: number): Tensor {
  const [first] = tensors
  if (first === undefined) throw shapeError('concat', 'at least one tensor', [])
  if (tensors.length === 1) return first
  return first.graph.apply1(concatOperation, tensors, { axis: normalAxis('concat', axis, first.shape.length) })
}
