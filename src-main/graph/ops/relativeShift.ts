import type { Tensor } from '../graph.ts'
import { shapeError } from '../graphErrors.ts'
import { zeros } from '../ndarray.ts'
import { globalReach, type Operation } from '../operation.ts'
import { pad } from './pad.ts'
import { reshape } from './reshape.ts'

/*
 * Row i of the result is row i of x from column T - 1 - i on. In the flat matrix of row length 2T - 1 its element j lies
 * at i·(2T - 2) + j + T - 1: a cut of the ends and a shorter row length give it without moving single elements.
 */
export const relativeShiftOperation: Operation = {
  name: 'relativeShift',
  infer(inputs) {
    const [x] = inputs
    const tokens = x?.shape.at(-2) ?? 0
    if (inputs.length !== 1 || x === undefined || x.shape.length < 2 || tokens < 2 || x.shape.at(-1) !== 2 * tokens - 1)
      throw shapeError('relativeShift', '[..., T, 2T - 1] with T from 2', inputs)
    return [{ shape: [...x.shape.slice(0, -1), tokens], dtype: x.dtype }]
  },
  emit({ inputs, outputs }, to) {
    const x = inputs[0]!
    const lead = x.shape.slice(0, -2)
    const last = to.ints([lead.length])
    const tokens = x.shape.at(-2)!
    const row = 2 * tokens - 2
    const flat = to.node('Reshape', [x, to.ints([...lead, tokens * (row + 1)])])
    const cut = to.node('Slice', [flat, to.ints([tokens - 1]), to.ints([tokens - 1 + tokens * row]), last])
    const rows = to.node('Reshape', [cut, to.ints([...lead, tokens, row])])
    to.node('Slice', [rows, to.ints([0]), to.ints([tokens]), to.ints([lead.length + 1])], {}, outputs)
  },
  gradient({ inputs }, [upstream]) {
    if (!upstream) return [undefined]
    const x = inputs[0]!
    const lead = x.shape.slice(0, -2)
    const tokens = x.shape.at(-2)!
    const row = 2 * tokens - 2
    const rows = reshape(pad(upstream, -1, 0, row - tokens), [...lead, tokens * row])
    return [reshape(pad(rows, -1, tokens - 1, 1), x.shape)]
  },
  locality({ inputs }, _input, axis) {
    const rank = inputs[0]!.shape.length
    return axis < rank - 1 ? { axis, reach: { kind: 'pointwise' } } : globalReach
  },
  evaluate([x], { outputs }) {
    const y = zeros(outputs[0]!)
    const tokens = y.shape.at(-1)!
    for (let matrix = 0; matrix * tokens * tokens < y.values.length; matrix++)
      for (let i = 0; i < tokens; i++)
        for (let j = 0; j < tokens; j++)
          y.values[(matrix * tokens + i) * tokens + j] =
            x!.values[(matrix * tokens + i) * (2 * tokens - 1) + j - i + tokens - 1]!
    return [y]
  },
}

/** From scores by distance to scores by key: [..., T, 2T - 1] -> [..., T, T], y[i, j] = x[i, j - i + T - 1]. */
export const relativeShift = (x: Tensor): Tensor => x.graph.apply1(relativeShiftOperation, [x], {})
