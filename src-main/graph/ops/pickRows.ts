import type { Tensor } from '../graph.ts'
import { attributeError, shapeError } from '../graphErrors.ts'
import { zeros } from '../ndarray.ts'
import { globalReach, type Operation } from '../operation.ts'
import { sumRows } from './sumRows.ts'

type PickAttributes = { readonly rows: readonly number[] }

export const pickRowsOperation: Operation<PickAttributes> = {
  name: 'pickRows',
  infer(inputs, { rows }) {
    const [x] = inputs
    if (inputs.length !== 1 || x?.shape.length !== 3)
      throw shapeError('pickRows', 'one tensor [batch, rows, width]', inputs)
    const wrong = rows.find(row => !Number.isInteger(row) || row < 0 || row >= x.shape[1]!)
    if (wrong !== undefined || rows.length === 0)
      throw attributeError('pickRows', 'rows', `row numbers in 0..${x.shape[1]! - 1}`, wrong ?? 'none')
    return [{ shape: [x.shape[0]!, rows.length, x.shape[2]!], dtype: x.dtype }]
  },
  emit({ inputs, outputs, attributes: { rows } }, to) {
    to.node('Gather', [inputs[0]!, to.ints(rows)], { axis: { int: 1 } }, outputs)
  },
  gradient({ inputs, attributes: { rows } }, [upstream]) {
    return [upstream && sumRows(upstream, rows, inputs[0]!.shape[1]!)]
  },
  locality(_application, _input, axis) {
    return axis === 1 ? globalReach : { axis, reach: { kind: 'pointwise' } }
  },
  part: () => 'same',
  evaluate([x], { outputs, attributes: { rows } }) {
    const y = zeros(outputs[0]!)
    const [batch, from, width] = x!.shape as readonly [number, number, number]
    for (let n = 0; n < batch; n++)
      rows.forEach((row, i) => {
        const start = (n * from + row) * width
        y.values.set(x!.values.subarray(start, start + width), (n * rows.length + i) * width)
      })
    return [y]
  },
}

/** Rows by a fixed list, repeats allowed: x [batch, rows, width] -> [batch, list, width]. Blocks of a sequence are rows of block · channels. */
export const pickRows = (x: Tensor, rows: readonly number[]): Tensor =>
  x.graph.apply1(pickRowsOperation, [x], { rows: [...rows] })
