import type { Tensor } from '../graph.ts'
import { shapeError } from '../graphErrors.ts'
import { zeros } from '../ndarray.ts'
import { globalReach, type Operation } from '../operation.ts'
import { argmax } from './argmax.ts'
import { cast } from './cast.ts'
import { gather } from './gather.ts'
import { matmul } from './matmul.ts'
import { oneHot, samePairs } from './oneHot.ts'

type ScatterAttributes = { readonly length: number }

/**
 * Writes rows to places of a zero table. Rows of equal ids must hold equal bytes, so that the order of writing does not
 * matter: `gatherGradient` sees to it.
 */
export const scatterRowsOperation: Operation<ScatterAttributes> = {
  name: 'scatterRows',
  infer(inputs, { length }) {
    const [ids, rows] = inputs
    if (inputs.length !== 2 || ids?.shape.length !== 1 || rows?.shape.length !== 2 || rows.shape[0] !== ids.shape[0])
      throw shapeError('scatterRows', 'ids [n] and rows [n, width]', inputs)
    return [{ shape: [length, rows.shape[1]!], dtype: rows.dtype }]
  },
  emit({ inputs, outputs, attributes: { length } }, to) {
    const [ids, rows] = inputs as readonly [Tensor, Tensor]
    const table = to.node('Expand', [to.constant(rows.dtype, [], [0]), to.ints([length, rows.shape[1]!])])
    const places = to.node('Unsqueeze', [to.node('Cast', [ids], { to: { int: 7 } }), to.ints([-1])])
    to.node('ScatterND', [table, places, rows], {}, outputs)
  },
  gradient({ inputs }, [upstream]) {
    // Each row was written at least once; its own copy passes the gradient of its place on.
    return [undefined, upstream && gather(upstream, inputs[0]!, 0)]
  },
  locality(_application, input, axis) {
    return input === 1 && axis === 1 ? { axis: 1, reach: { kind: 'pointwise' } } : globalReach
  },
  evaluate([ids, rows], { outputs }) {
    const y = zeros(outputs[0]!)
    const width = rows!.shape[1]!
    ids!.values.forEach((id, row) => {
      y.values.set(rows!.values.subarray(row * width, (row + 1) * width), id * width)
    })
    return [y]
  },
}

/** Largest vocabulary whose one-hot matrix is cheaper than comparing all pairs of ids. */
const oneHotLimit = 4096

/**
 * Sum of the rows of each id: ids [n], rows [n, width] -> [length, width]. One Gemm with the one-hot matrix for small
 * tables; else one Gemm with the matrix of equal pairs, of which the row of each id's first place is written, so that
 * no two different values ever meet in one place. Both sum in a fixed order.
 */
export function gatherGradient(ids: Tensor, rows: Tensor, length: number): Tensor {
  const count = ids.shape[0]!
  if (length <= Math.max(count, oneHotLimit)) return matmul(oneHot(ids, length), rows, { transposeA: true })
  const pairs = cast(samePairs(ids), rows.dtype)
  const firstPlace = argmax(pairs, -1)
  return ids.graph.apply1(scatterRowsOperation, [ids, gather(matmul(pairs, rows), firstPlace, 0)], { length })
}
