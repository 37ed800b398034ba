import type { Emitter } from '../emitter.ts'
import type { Tensor } from '../graph.ts'
import { shapeError } from '../graphErrors.ts'
import { zeros } from '../ndarray.ts'
import type { Operation } from '../operation.ts'
import { sameShape } from '../types.ts'
import { deinterleave } from './deinterleave.ts'
import { wanted } from './slice.ts'

export const interleaveOperation: Operation = {
  name: 'interleave',
  infer(inputs) {
    const [first] = inputs
    if (
      !first ||
      first.shape.length === 0 ||
      !inputs.every(x => x.dtype === first.dtype && sameShape(x.shape, first.shape))
    )
      throw shapeError('interleave', 'tensors of one shape and dtype', inputs)
    return [{ shape: [...first.shape.slice(0, -1), first.shape.at(-1)! * inputs.length], dtype: first.dtype }]
  },
  emit({ inputs, outputs }, to) {
    emitInterleave(to, inputs, outputs[0]!)
  },
  gradient({ inputs }, [upstream]) {
    return upstream ? deinterleave(upstream, inputs.length) : []
  },
  locality({ inputs }, _input, axis) {
    const along = axis === inputs[0]!.shape.length - 1
    return { axis, reach: along ? { kind: 'upsample', factor: inputs.length } : { kind: 'pointwise' } }
  },
  part({ whole, inputs, spans, output }) {
    const joined = interleave(inputs.map(x => x!))
    const last = output?.axis === joined.shape.length - 1
    return [last ? wanted(joined, output, spans[0]!.start * whole.inputs.length) : joined]
  },
  evaluate(arrays, { outputs }) {
    const y = zeros(outputs[0]!)
    arrays.forEach((x, part) => {
      x.values.forEach((value, i) => {
        y.values[i * arrays.length + part] = value
      })
    })
    return [y]
  },
}

/** Joining before the last axis and turning the two last ones copies long runs; joining behind it would copy single elements. */
export function emitInterleave(to: Emitter, inputs: readonly Tensor[], output: Tensor): void {
  const rank = output.shape.length
  const axis = to.ints([rank - 1])
  const parts = inputs.map(input => to.node('Unsqueeze', [input, axis]))
  const joined = to.node('Concat', parts, { axis: { int: rank - 1 } })
  const order = [...Array.from({ length: rank - 1 }, (_, i) => i), rank, rank - 1]
  to.node('Reshape', [to.node('Transpose', [joined], { perm: { ints: order } }), to.ints(output.shape)], {}, [output])
}

/** Takes elements of the last axis in turns: a₀ b₀ a₁ b₁ … from a and b. */
export const interleave = (parts: readonly Tensor[]): Tensor => parts[0]!.graph.apply1(interleaveOperation, parts, {})
