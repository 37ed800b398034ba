import type { Tensor } from '../graph.ts'
import { normalAxis, shapeError } from '../graphErrors.ts'
import { eachIndex, flatIndex, zeros } from '../ndarray.ts'
import { globalReach, type Operation } from '../operation.ts'
import { isFloat } from '../types.ts'

type CumulativeAttributes = { readonly axis: number; readonly fromEnd: boolean }

export const cumulativeSumOperation: Operation<CumulativeAttributes> = {
  name: 'cumulativeSum',
  infer(inputs) {
    const [x] = inputs
    if (inputs.length !== 1 || x === undefined || !isFloat(x.dtype))
      throw shapeError('cumulativeSum', 'one float tensor', inputs)
    return [{ shape: x.shape, dtype: x.dtype }]
  },
  emit({ inputs, outputs, attributes: { axis, fromEnd } }, to) {
    to.node('CumSum', [inputs[0]!, to.constant('int64', [], [axis])], { reverse: { int: fromEnd ? 1 : 0 } }, outputs)
  },
  gradient({ attributes: { axis, fromEnd } }, [upstream]) {
    return [upstream && cumulativeSum(upstream, axis, !fromEnd)]
  },
  locality({ attributes }, _input, axis) {
    return axis === attributes.axis ? globalReach : { axis, reach: { kind: 'pointwise' } }
  },
  part: () => 'same',
  evaluate([x], { outputs, attributes: { axis, fromEnd } }) {
    const y = zeros(outputs[0]!)
    eachIndex(y.shape, (flat, position) => {
      const [from, to] = fromEnd ? [position[axis]!, x!.shape[axis]! - 1] : [0, position[axis]!]
      for (let i = from; i <= to; i++) y.values[flat]! += x!.values[flatIndex(x!.shape, position.with(axis, i))]!
    })
    return [y]
  },
}

/** Sum of all positions up to and including each one, along an axis; `fromEnd` sums those from it on. */
export const cumulativeSum = (x: Tensor, axis: number, fromEnd = false): Tensor =>
  x.graph.apply1(cumulativeSumOperation, [x], { axis: normalAxis('cumulativeSum', axis, x.shape.length), fromEnd })
