import type { Tensor } from '../graph.ts'
import { shapeError } from '../graphErrors.ts'
import type { Operation } from '../operation.ts'
import { elementwiseLocality } from './elementwise.ts'

export const logicalNotOperation: Operation = {
  name: 'logicalNot',
  infer(inputs) {
    const [x] = inputs
    if (inputs.length !== 1 || x?.dtype !== 'bool') throw shapeError('logicalNot', 'one bool tensor', inputs)
    return [x]
  },
  emit({ inputs, outputs }, to) {
    to.node('Not', inputs, {}, outputs)
  },
  locality: elementwiseLocality,
  part: () => 'same',
  evaluate([x]) {
    return [{ ...x!, values: x!.values.map(value => (value === 0 ? 1 : 0)) }]
  },
}

/** Logical not of a bool tensor. */
export const logicalNot = (x: Tensor): Tensor => x.graph.apply1(logicalNotOperation, [x], {})
