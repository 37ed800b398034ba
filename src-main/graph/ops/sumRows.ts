import type { Tensor } from '../graph.ts'
import { attributeError, shapeError } from '../graphErrors.ts'
import { zeros } from '../ndarray.ts'
import { globalReach, type Operation } from '../operation.ts'
import { pickRows } from './pickRows.ts'

type SumAttributes = { readonly targets: readonly number[]; readonly length: number }

/*
 * Targets that receive equally many rows form a class. Each class is one Gather of its rows, target by target, and one
 * ReduceSum: no scatter with duplicates, so the order of summation is fixed.
 */
export const sumRowsOperation: Operation<SumAttributes> = {
  name: 'sumRows',
  infer(inputs, { targets, length }) {
    const [x] = inputs
    if (inputs.length !== 1 || x?.shape.length !== 3 || x.shape[1] !== targets.length)
      throw shapeError('sumRows', `one tensor [batch, ${targets.length}, width]`, inputs)
    const wrong = targets.find(target => !Number.isInteger(target) || target < 0 || target >= length)
    if (wrong !== undefined) throw attributeError('sumRows', 'targets', `row numbers in 0..${length - 1}`, wrong)
    return [{ shape: [x.shape[0]!, length, x.shape[2]!], dtype: x.dtype }]
  },
  emit({ inputs, outputs, attributes: { targets, length } }, to) {
    const x = inputs[0]!
    const [batch, , width] = x.shape as readonly [number, number, number]
    const classes = classesOf(targets, length)
    const place = new Array<number>(length)
    let next = 0
    const parts = [...classes].map(([count, members]) => {
      for (const { target } of members) place[target] = next++
      if (count === 0)
        return to.node('Expand', [to.constant(x.dtype, [], [0]), to.ints([batch, members.length, width])])
      const rows = to.node('Gather', [x, to.ints(members.flatMap(member => member.rows))], { axis: { int: 1 } })
      if (count === 1) return rows
      const groups = to.node('Reshape', [rows, to.ints([batch, members.length, count, width])])
      return to.node('ReduceSum', [groups, to.ints([2])], { keepdims: { int: 0 } })
    })
    const joined = parts.length === 1 ? parts[0]! : to.node('Concat', parts, { axis: { int: 1 } })
    to.node('Gather', [joined, to.ints(place)], { axis: { int: 1 } }, outputs)
  },
  gradient({ attributes: { targets } }, [upstream]) {
    return [upstream && pickRows(upstream, targets)]
  },
  locality(_application, _input, axis) {
    return axis === 1 ? globalReach : { axis, reach: { kind: 'pointwise' } }
  },
  part: () => 'same',
  evaluate([x], { outputs, attributes: { targets, length } }) {
    const y = zeros(outputs[0]!)
    const [batch, from, width] = x!.shape as readonly [number, number, number]
    for (let n = 0; n < batch; n++)
      targets.forEach((target, row) => {
        for (let i = 0; i < width; i++)
          y.values[(n * length + target) * width + i]! += x!.values[(n * from + row) * width + i]!
      })
    return [y]
  },
}

/** Targets with the rows each receives, by how many these are. */
function classesOf(targets: readonly number[], length: number): Map<number, { target: number; rows: number[] }[]> {
  const rows: number[][] = Array.from({ length }, () => [])
  targets.forEach((target, row) => {
    rows[target]!.push(row)
  })
  const classes = new Map<number, { target: number; rows: number[] }[]>()
  rows.forEach((list, target) => {
    const members = classes.get(list.length) ?? []
    members.push({ target, rows: list })
    classes.set(list.length, members)
  })
  return classes
}

/** Sum of the rows that name each target: x [batch, n, width], targets n numbers -> [batch, length, width]. The transpose of `pickRows`. */
export const sumRows = (x: Tensor, targets: readonly number[], length: number): Tensor =>
  x.graph.apply1(sumRowsOperation, [x], { targets: [...targets], length })
