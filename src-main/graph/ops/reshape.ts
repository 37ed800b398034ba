import type { Tensor } from '../graph.ts'
import { shapeError } from '../graphErrors.ts'
import { type AxisReach, globalReach, type Operation } from '../operation.ts'
import { type Shape, sameShape, showShape, sizeOf } from '../types.ts'

type ReshapeAttributes = { readonly shape: Shape }

export const reshapeOperation: Operation<ReshapeAttributes> = {
  name: 'reshape',
  infer(inputs, { shape }) {
    const [x] = inputs
    if (inputs.length !== 1 || x === undefined || sizeOf(x.shape) !== sizeOf(shape))
      throw shapeError('reshape', `a tensor of ${sizeOf(shape)} elements for ${showShape(shape)}`, inputs)
    return [{ shape, dtype: x.dtype }]
  },
  emit({ inputs, outputs, attributes }, to) {
    to.node('Reshape', [inputs[0]!, to.ints(attributes.shape)], {}, outputs)
  },
  gradient({ inputs }, [upstream]) {
    return [upstream && reshape(upstream, inputs[0]!.shape)]
  },
  locality({ inputs, outputs }, _input, axis): AxisReach {
    // The axis survives when the same length stands after the same number of elements.
    const from = inputs[0]!.shape
    const to = outputs[0]!.shape
    const before = sizeOf(from.slice(0, axis))
    for (let kept = 0; kept < to.length; kept++)
      if (to[kept] === from[axis] && sizeOf(to.slice(0, kept)) === before)
        return { axis: kept, reach: { kind: 'pointwise' } }
    return globalReach
  },
  part({ whole, inputs: [x], output, batch, batched }) {
    const shape = whole.attributes.shape.map((l, a) => (a === output?.axis ? output.end - output.start : l))
    return [reshape(x!, batched[0] ? shape.with(0, shape[0]! * batch) : shape)]
  },
  evaluate([x], { attributes }) {
    return [{ ...x!, shape: attributes.shape }]
  },
}

/** The same elements in row-major order under another shape; one axis may be -1. Costs nothing at run time. */
export function reshape(x: Tensor, shape: Shape): Tensor {
  const open = shape.indexOf(-1)
  const known = shape.reduce((product, length) => (length === -1 ? product : product * length), 1)
  const full = open < 0 ? shape : shape.map(length => (length === -1 ? sizeOf(x.shape) / known : length))
  if (sameShape(full, x.shape)) return x
  // Two reshapes in a row are one.
  const source = x.node.operation?.name === 'reshape' ? x.node.inputs[0]! : x
  if (sameShape(full, source.shape)) return source
  return x.graph.apply1(reshapeOperation, [source], { shape: [...full] })
}
