import type { Tensor } from '../graph.ts'
import { shapeError } from '../graphErrors.ts'
import { broadcastIndex, eachIndex, zeros } from '../ndarray.ts'
import type { Operation } from '../operation.ts'
import { broadcastShapes, type Shape, sameShape, showShape } from '../types.ts'
import { elementwiseLocality } from './elementwise.ts'
import { unbroadcast } from './unbroadcast.ts'

type ExpandAttributes = { readonly shape: Shape }

export const expandOperation: Operation<ExpandAttributes> = {
  name: 'expand',
  infer(inputs, { shape }) {
    const [x] = inputs
    const result = x && broadcastShapes(x.shape, shape)
    if (inputs.length !== 1 || !x || !result || !sameShape(result, shape))
      throw shapeError('expand', `a tensor that broadcasts to ${showShape(shape)}`, inputs)
    return [{ shape, dtype: x.dtype }]
  },
  emit({ inputs, outputs, attributes }, to) {
    to.node('Expand', [inputs[0]!, to.ints(attributes.shape)], {}, outputs)
  },
  gradient({ inputs }, [upstream]) {
    return [upstream && unbroadcast(upstream, inputs[0]!.shape)]
  },
  locality: elementwiseLocality,
  part({ whole, inputs: [x], output, batch, batched }) {
    const shape = whole.attributes.shape.map((l, a) => (a === output?.axis ? output.end - output.start : l))
    return [expand(x!, batched[0] ? shape.with(0, shape[0]! * batch) : shape)]
  },
  evaluate([x], { outputs }) {
    const y = zeros(outputs[0]!)
    eachIndex(y.shape, (flat, position) => {
      y.values[flat] = x!.values[broadcastIndex(x!.shape, position)]!
    })
    return [y]
  },
}

/** Repeats along axes of length 1 and new leading axes until the shape is reached. Elementwise operations broadcast by themselves. */
export const expand = (x: Tensor, shape: Shape): Tensor =>
  sameShape(x.shape, shape) ? x : x.graph.apply1(expandOperation, [x], { shape: [...shape] })
