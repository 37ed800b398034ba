import type { Tensor } from '../graph.ts'
import { shapeError } from '../graphErrors.ts'
import { zeros } from '../ndarray.ts'
import type { Operation } from '../operation.ts'
import { cast } from './cast.ts'
import { equal } from './equal.ts'
import { reshape } from './reshape.ts'

type OneHotAttributes = { readonly depth: number }

export const oneHotOperation: Operation<OneHotAttributes> = {
  name: 'oneHot',
  infer(inputs, { depth }) {
    const [ids] = inputs
    if (inputs.length !== 1 || (ids?.dtype !== 'int32' && ids?.dtype !== 'int64') || !(depth >= 1))
      throw shapeError('oneHot', 'one integer tensor and a depth from 1', inputs)
    return [{ shape: [...ids.shape, depth], dtype: 'bool' }]
  },
  emit({ inputs, outputs, attributes: { depth } }, to) {
    // A comparison, unlike OneHot, runs on every provider and ignores ids out of range.
    const ids = inputs[0]!
    const column = to.node('Unsqueeze', [ids, to.ints([-1])])
    to.node(
      'Equal',
      [
        column,
        to.constant(
          ids.dtype,
          [depth],
          Array.from({ length: depth }, (_, i) => i),
        ),
      ],
      {},
      outputs,
    )
  },
  locality(_application, _input, axis) {
    return { axis, reach: { kind: 'pointwise' } }
  },
  part: () => 'same',
  evaluate([ids], { outputs, attributes: { depth } }) {
    const y = zeros(outputs[0]!)
    ids!.values.forEach((id, row) => {
      if (id >= 0 && id < depth) y.values[row * depth + id] = 1
    })
    return [y]
  },
}

/** 1 where the last axis equals the id, else 0, in the graph's float: ids [...] -> [..., depth]. Ids out of range give zeros. */
export const oneHot = (ids: Tensor, depth: number): Tensor => cast(oneHotMask(ids, depth), ids.graph.float)

/** `oneHot` as bool. */
export const oneHotMask = (ids: Tensor, depth: number): Tensor => ids.graph.apply1(oneHotOperation, [ids], { depth })

/** Are two id vectors equal, pair by pair: [n] -> [n, n] bool. */
export const samePairs = (ids: Tensor): Tensor => equal(reshape(ids, [-1, 1]), reshape(ids, [1, -1]))
