import type { Tensor } from '../graph.ts'
import { attributeError, shapeError } from '../graphErrors.ts'
import { eachIndex, flatIndex, zeros } from '../ndarray.ts'
import type { Operation } from '../operation.ts'

type TransposeAttributes = { readonly order: readonly number[] }

export const transposeOperation: Operation<TransposeAttributes> = {
  name: 'transpose',
  infer(inputs, { order }) {
    const [x] = inputs
    if (inputs.length !== 1 || x === undefined) throw shapeError('transpose', 'one tensor', inputs)
    if (order.length !== x.shape.length || x.shape.some((_, axis) => !order.includes(axis)))
      throw attributeError('transpose', 'order', `a permutation of ${x.shape.length} axes`, `[${order}]`)
    return [{ shape: order.map(axis => x.shape[axis]!), dtype: x.dtype }]
  },
  emit({ inputs, outputs, attributes }, to) {
    to.node('Transpose', inputs, { perm: { ints: attributes.order } }, outputs)
  },
  gradient({ attributes: { order } }, [upstream]) {
    return [upstream && transpose(upstream, inverse(order))]
  },
  locality({ attributes }, _input, axis) {
    return { axis: attributes.order.indexOf(axis), reach: { kind: 'pointwise' } }
  },
  part: () => 'same',
  evaluate([x], { outputs, attributes: { order } }) {
    const y = zeros(outputs[0]!)
    const source = new Array<number>(order.length)
    eachIndex(y.shape, (flat, position) => {
      order.forEach((axis, i) => {
        source[axis] = position[i]!
      })
      y.values[flat] = x!.values[flatIndex(x!.shape, source)]!
    })
    return [y]
  },
}

const inverse = (order: readonly number[]): number[] => order.map((_, axis) => order.indexOf(axis))

/** Permutes axes: output axis i is input axis order[i]. */
export function transpose(x: Tensor, order: readonly number[]): Tensor {
  if (order.every((axis, i) => axis === i) && order.length === x.shape.length) return x
  if (x.node.operation?.name === 'transpose') {
    const first = x.node.attributes['order'] as readonly number[]
    return transpose(
      x.node.inputs[0]!,
      order.map(axis => first[axis]!),
    )
  }
  return x.graph.apply1(transposeOperation, [x], { order: [...order] })
}
