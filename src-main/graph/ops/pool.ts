import type { Emitter } from '../emitter.ts'
import type { Tensor } from '../graph.ts'
import { attributeError, shapeError } from '../graphErrors.ts'
import { zeros } from '../ndarray.ts'
import type { Operation } from '../operation.ts'
import { isFloat } from '../types.ts'

type PoolAttributes = { readonly size: number }

interface PoolRule {
  readonly name: string
  readonly combine: (values: number[]) => number
  readonly emit: (to: Emitter, x: Tensor, y: Tensor, size: number) => void
  readonly gradient: (x: Tensor, y: Tensor, upstream: Tensor, size: number) => Tensor
}

/** An operation that makes one position of `size` neighbours. The length must be a multiple: no position is dropped in silence. */
export function poolOperation(rule: PoolRule): Operation<PoolAttributes> {
  return {
    name: rule.name,
    infer(inputs, { size }) {
      const [x] = inputs
      if (inputs.length !== 1 || x?.shape.length !== 3 || !isFloat(x.dtype))
        throw shapeError(rule.name, 'one float tensor [batch, channels, length]', inputs)
      if (!Number.isInteger(size) || size < 1 || x.shape[2]! % size !== 0)
        throw attributeError(rule.name, 'size', `a divisor of the length ${x.shape[2]}`, size)
      return [{ shape: [x.shape[0]!, x.shape[1]!, x.shape[2]! / size], dtype: x.dtype }]
    },
    emit({ inputs, outputs, attributes: { size } }, to) {
      rule.emit(to, inputs[0]!, outputs[0]!, size)
    },
    gradient({ inputs, outputs, attributes: { size } }, [upstream]) {
      return [upstream && rule.gradient(inputs[0]!, outputs[0]!, upstream, size)]
    },
    locality({ attributes: { size } }, _input, axis) {
      return { axis, reach: axis === 2 ? { kind: 'pool', size } : { kind: 'pointwise' } }
    },
    part: () => 'same',
    evaluate([x], { outputs, attributes: { size } }) {
      const y = zeros(outputs[0]!)
      for (let i = 0; i < y.values.length; i++)
        y.values[i] = rule.combine([...x!.values.subarray(i * size, (i + 1) * size)])
      return [y]
    },
  }
}
