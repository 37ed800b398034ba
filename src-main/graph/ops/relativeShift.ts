import type { Tensor } from '../graph.ts'
import { shapeError } from '../graphErrors.ts'
import { zeros } from '../ndarray.ts'
import { globalReach, type Operation } from '../operation.ts'
import type { Shape } from '../types.ts'
import { pad } from './pad.ts'
import { reshape } from './reshape.ts'
import { slice } from './slice.ts'

/*
 * Row i of the result is row i of x from column R - 1 - i on. In the flat matrix of row length W = R + T - 1 its element j lies
 * at i·(W - 1) + j + R - 1: a cut of the ends and a shorter row length give it without moving single elements.
 */

/** Query rows R and keys T of [..., R, R + T - 1]. */
const sizes = (shape: Shape): { rows: number; keys: number } => {
  const rows = shape.at(-2) ?? 0
  return { rows, keys: (shape.at(-1) ?? 0) - rows + 1 }
}

export const relativeShiftOperation: Operation = {
  name: 'relativeShift',
  infer(inputs) {
    const [x] = inputs
    const { rows, keys } = sizes(x?.shape ?? [])
    if (inputs.length !== 1 || x === undefined || x.shape.length < 2 || rows < 2 || keys < 1)
      throw shapeError('relativeShift', '[..., R, R + T - 1] with R from 2 and T from 1', inputs)
    return [{ shape: [...x.shape.slice(0, -1), keys], dtype: x.dtype }]
  },
  emit({ inputs, outputs }, to) {
    const x = inputs[0]!
    const lead = x.shape.slice(0, -2)
    const last = to.ints([lead.length])
    const { rows, keys } = sizes(x.shape)
    const row = rows + keys - 2
    const flat = to.node('Reshape', [x, to.ints([...lead, rows * (row + 1)])])
    const cut = to.node('Slice', [flat, to.ints([rows - 1]), to.ints([rows - 1 + rows * row]), last])
    const shorter = to.node('Reshape', [cut, to.ints([...lead, rows, row])])
    to.node('Slice', [shorter, to.ints([0]), to.ints([keys]), to.ints([lead.length + 1])], {}, outputs)
  },
  gradient({ inputs }, [upstream]) {
    if (!upstream) return [undefined]
    const x = inputs[0]!
    const lead = x.shape.slice(0, -2)
    const { rows, keys } = sizes(x.shape)
    const row = rows + keys - 2
    const flat = reshape(pad(upstream, -1, 0, row - keys), [...lead, rows * row])
    return [reshape(pad(flat, -1, rows - 1, 1), x.shape)]
  },
  locality({ inputs }, _input, axis) {
    const rank = inputs[0]!.shape.length
    return axis < rank - 1 ? { axis, reach: { kind: 'pointwise' } } : globalReach
  },
  // Rows from r on are what they are in the whole from column R - end on: their keys lie at other distances than those of row 0.
  part({ whole, inputs: [x], output }) {
    const { shape } = whole.inputs[0]!
    if (output?.axis !== shape.length - 2) return 'same'
    const { rows, keys } = sizes(shape)
    const count = output.end - output.start
    const near = slice(x!, -1, rows - output.end, rows - output.start + keys - 1)
    return [count === 1 ? near : relativeShift(near)]
  },
  evaluate([x], { outputs }) {
    const y = zeros(outputs[0]!)
    const { rows, keys } = sizes(x!.shape)
    const width = rows + keys - 1
    for (let matrix = 0; matrix * rows * keys < y.values.length; matrix++)
      for (let i = 0; i < rows; i++)
        for (let j = 0; j < keys; j++)
          y.values[(matrix * rows + i) * keys + j] = x!.values[(matrix * rows + i) * width + j - i + rows - 1]!
    return [y]
  },
}

/**
 * From scores by distance to scores by key: [..., R, R + T - 1] -> [..., R, T], y[i, j] = x[i, j - i + R - 1], for R query rows
 * in a run and T keys; R = T for all queries at once.
 */
export const relativeShift = (x: Tensor): Tensor => x.graph.apply1(relativeShiftOperation, [x], {})
