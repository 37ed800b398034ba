import type { Tensor } from '../graph.ts'
import { shapeError } from '../graphErrors.ts'
import { type NdArray, zeros } from '../ndarray.ts'
import { globalReach, type Operation } from '../operation.ts'
import { isFloat } from '../types.ts'

interface RowRule {
  readonly name: string
  readonly onnx: string
  readonly compute: (row: Float64Array) => Float64Array
  readonly gradient: (y: Tensor, upstream: Tensor) => Tensor
}

/** An operation on each row of the last axis that gives a row of the same length. */
export function rowOperation(rule: RowRule): Operation {
  return {
    name: rule.name,
    infer(inputs) {
      const [x] = inputs
      if (inputs.length !== 1 || x === undefined || !isFloat(x.dtype) || x.shape.length === 0)
        throw shapeError(rule.name, 'one float tensor of rank 1 or more', inputs)
      return [{ shape: x.shape, dtype: x.dtype }]
    },
    emit({ inputs, outputs }, to) {
      to.node(rule.onnx, inputs, { axis: { int: -1 } }, outputs)
    },
    gradient({ outputs }, [upstream]) {
      return [upstream && rule.gradient(outputs[0]!, upstream)]
    },
    locality({ inputs }, _input, axis) {
      return axis === inputs[0]!.shape.length - 1 ? globalReach : { axis, reach: { kind: 'pointwise' } }
    },
    part: () => 'same',
    evaluate([x]) {
      const y: NdArray = zeros(x!)
      const width = x!.shape.at(-1)!
      for (let start = 0; start < x!.values.length; start += width)
        y.values.set(rule.compute(x!.values.subarray(start, start + width)), start)
      return [y]
    },
  }
}
