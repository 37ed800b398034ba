import type { Tensor } from '../graph.ts'
import { shapeError } from '../graphErrors.ts'
import type { Operation } from '../operation.ts'
import { elementwiseLocality } from './elementwise.ts'

export const stopGradientOperation: Operation = {
  name: 'stopGradient',
  infer(inputs) {
    const [x] = inputs
    if (inputs.length !== 1 || x === undefined) throw shapeError('stopGradient', 'one tensor', inputs)
    return [x]
  },
  emit({ inputs, outputs }, to) {
    to.node('Identity', inputs, {}, outputs)
  },
  locality: elementwiseLocality,
  part: () => 'same',
  evaluate: ([x]) => [x!],
}

/** The same numbers, through which no gradient flows. */
export const stopGradient = (x: Tensor): Tensor => x.graph.apply1(stopGradientOperation, [x], {})
