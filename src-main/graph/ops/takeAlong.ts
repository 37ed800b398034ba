import type { Tensor } from '../graph.ts'
import { shapeError } from '../graphErrors.ts'
import { zeros } from '../ndarray.ts'
import { globalReach, type Operation } from '../operation.ts'
import { sameShape } from '../types.ts'
import { cast } from './cast.ts'
import { mul } from './mul.ts'
import { oneHotMask } from './oneHot.ts'
import { reshape } from './reshape.ts'

export const takeAlongOperation: Operation = {
  name: 'takeAlong',
  infer(inputs) {
    const [x, ids] = inputs
    if (
      inputs.length !== 2 ||
      !x ||
      (ids?.dtype !== 'int32' && ids?.dtype !== 'int64') ||
      !sameShape(x.shape.slice(0, -1), ids.shape)
    )
      throw shapeError('takeAlong', '[..., n] and integer ids [...]', inputs)
    return [{ shape: ids.shape, dtype: x.dtype }]
  },
  emit({ inputs, outputs }, to) {
    const [x, ids] = inputs as readonly [Tensor, Tensor]
    const column = to.node('Unsqueeze', [ids, to.ints([-1])])
    to.node(
      'Squeeze',
      [to.node('GatherElements', [x, column], { axis: { int: x.shape.length - 1 } }), to.ints([-1])],
      {},
      outputs,
    )
  },
  gradient({ inputs }, [upstream], wanted) {
    if (!upstream || !wanted[0]) return []
    const [x, ids] = inputs as readonly [Tensor, Tensor]
    return [mul(cast(oneHotMask(ids, x.shape.at(-1)!), x.dtype), reshape(upstream, [...upstream.shape, 1]))]
  },
  locality({ inputs }, _input, axis) {
    return axis < inputs[1]!.shape.length ? { axis, reach: { kind: 'pointwise' } } : globalReach
  },
  part: () => 'same',
  evaluate([x, ids], { outputs }) {
    const y = zeros(outputs[0]!)
    const width = x!.shape.at(-1)!
    ids!.values.forEach((id, row) => {
      y.values[row] = x!.values[row * width + id]!
    })
    return [y]
  },
}

/** One element of the last axis by id: x [..., n], ids [...] -> [...]. Ids must lie in 0..n-1. */
export const takeAlong = (x: Tensor, ids: Tensor): Tensor => x.graph.apply1(takeAlongOperation, [x, ids], {})
