import type { Tensor } from '../graph.ts'
import { attributeError, normalAxis, shapeError } from '../graphErrors.ts'
import { eachIndex, flatIndex, zeros } from '../ndarray.ts'
import type { Operation } from '../operation.ts'
import { emitInterleave } from './interleave.ts'
import { reduceSum } from './reduceSum.ts'
import { reshape } from './reshape.ts'
import { wanted } from './slice.ts'

type RepeatAttributes = { readonly axis: number; readonly times: number }

const split = (shape: readonly number[], axis: number, times: number): number[] => [
  ...shape.slice(0, axis + 1),
  times,
  ...shape.slice(axis + 1),
]

export const repeatOperation: Operation<RepeatAttributes> = {
  name: 'repeat',
  infer(inputs, { axis, times }) {
    const [x] = inputs
    if (inputs.length !== 1 || x === undefined) throw shapeError('repeat', 'one tensor', inputs)
    if (!Number.isInteger(times) || times < 1) throw attributeError('repeat', 'times', 'a whole number from 1', times)
    return [{ shape: x.shape.map((length, a) => (a === axis ? length * times : length)), dtype: x.dtype }]
  },
  emit({ inputs, outputs, attributes: { axis, times } }, to) {
    const x = inputs[0]!
    const copies = new Array<Tensor>(times).fill(x)
    if (axis === x.shape.length - 1) return emitInterleave(to, copies, outputs[0]!)
    const open = to.node('Unsqueeze', [x, to.ints([axis + 1])])
    const wide = to.node('Concat', new Array<string>(times).fill(open), { axis: { int: axis + 1 } })
    to.node('Reshape', [wide, to.ints(outputs[0]!.shape)], {}, outputs)
  },
  gradient({ inputs, attributes: { axis, times } }, [upstream]) {
    return [upstream && reduceSum(reshape(upstream, split(inputs[0]!.shape, axis, times)), axis + 1)]
  },
  locality({ attributes }, _input, axis) {
    return {
      axis,
      reach: axis === attributes.axis ? { kind: 'upsample', factor: attributes.times } : { kind: 'pointwise' },
    }
  },
  part({ whole, inputs: [x], spans: [span], output }) {
    const { axis, times } = whole.attributes
    const repeated = repeat(x!, axis, times)
    return [output?.axis === axis ? wanted(repeated, output, span!.start * times) : repeated]
  },
  evaluate([x], { outputs, attributes: { axis, times } }) {
    const y = zeros(outputs[0]!)
    eachIndex(y.shape, (flat, position) => {
      const source = position.map((p, a) => (a === axis ? Math.floor(p / times) : p))
      y.values[flat] = x!.values[flatIndex(x!.shape, source)]!
    })
    return [y]
  },
}

/** Each position of an axis `times` times in a row: a b -> a a b b. */
export const repeat = (x: Tensor, axis: number, times: number): Tensor =>
  times === 1 ? x : x.graph.apply1(repeatOperation, [x], { axis: normalAxis('repeat', axis, x.shape.length), times })
