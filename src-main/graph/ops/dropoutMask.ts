import type { Emitter } from '../emitter.ts'
import type { Graph, Tensor } from '../graph.ts'
import { attributeError, shapeError } from '../graphErrors.ts'
import { zeros } from '../ndarray.ts'
import { globalReach, type Operation } from '../operation.ts'
import { type DType, type Shape, sizeOf } from '../types.ts'
import { cast } from './cast.ts'
import { mul } from './mul.ts'

type DropoutAttributes = { readonly shape: Shape; readonly rate: number; readonly stream: number }

/*
 * A counter-based generator of 32-bit words, in operations that ONNX has before opset 18 (no exclusive or). From mixed keys
 * R of the row and C of the column: x = (R + C)·(C | 1); x += x >> 16; word = x·(R | 1), modulo 2³². Five passes over the
 * elements. The same seed gives the same bytes whatever the threads, and there is no state to save.
 * dropoutStatistics.test.ts judges it; a plain sum of keys with two multiplier-and-shift rounds failed there.
 */
const odd = [0x9e3779b1, 0x85ebca77, 0xc2b2ae3d, 0x27d4eb2f] as const
const shifts = [15, 13, 16] as const
const uint32 = { to: { int: 12 } }

export const dropoutMaskOperation: Operation<DropoutAttributes> = {
  name: 'dropoutMask',
  infer(inputs, { shape, rate }) {
    const [seed] = inputs
    if (inputs.length !== 1 || seed?.dtype !== 'int64' || sizeOf(seed.shape) !== 1)
      throw shapeError('dropoutMask', 'an int64 scalar seed', inputs)
    if (!(rate > 0 && rate < 1)) throw attributeError('dropoutMask', 'rate', 'above 0 and below 1', rate)
    return [{ shape, dtype: 'float32' }]
  },
  emit({ inputs, outputs, attributes: { shape, rate, stream } }, to) {
    const columns = shape.at(-1) ?? 1
    const rows = sizeOf(shape) / columns
    const word = (value: number) => to.node('Cast', [to.constant('int64', [], [value])], uint32)
    const seed = to.node('Reshape', [to.node('Cast', [inputs[0]!], uint32), to.ints([])])
    const start = mix(to, to.node('Add', [to.node('Mul', [seed, word(odd[0])]), word(streamKey(stream))]), word)
    const keys = (length: number, multiplier: number, offset: number, shapeOfKeys: number[]): [string, string] => {
      const index = to.node(
        'Cast',
        [
          to.node(
            'Range',
            [1, length + 1, 1].map(value => to.constant('int64', [], [value])),
          ),
        ],
        uint32,
      )
      const spread = to.node('Add', [to.node('Mul', [index, word(multiplier)]), to.node('Add', [start, word(offset)])])
      const key = to.node('Reshape', [mix(to, spread, word), to.ints(shapeOfKeys)])
      // key | 1: twice the half, plus one.
      const half = to.node('BitShift', [key, word(1)], { direction: { text: 'RIGHT' } })
      return [key, to.node('Add', [to.node('Mul', [half, word(2)]), word(1)])]
    }
    const [rowKey, rowOdd] = keys(rows, odd[1], 0, [rows, 1])
    const [columnKey, columnOdd] = keys(columns, odd[2], odd[3], [1, columns])
    const product = to.node('Mul', [to.node('Add', [rowKey, columnKey]), columnOdd])
    const drawn = to.node('Mul', [shifted(to, product, 16, word), rowOdd])
    const kept = to.node('Less', [drawn, word(keepLimit(rate))])
    const scaled = to.node('Mul', [
      to.node('Cast', [kept], { to: { int: 1 } }),
      to.constant('float32', [], [1 / (1 - rate)]),
    ])
    to.node('Reshape', [scaled, to.ints(shape)], {}, outputs)
  },
  locality: () => globalReach,
  evaluate([seed], { outputs, attributes: { shape, rate, stream } }) {
    const y = zeros(outputs[0]!)
    const columns = shape.at(-1) ?? 1
    const start = mixed(
      (Math.imul(Number(BigInt.asUintN(32, BigInt(seed!.values[0]!))), odd[0]) + streamKey(stream)) >>> 0,
    )
    const key = (index: number, multiplier: number, offset: number) =>
      mixed((Math.imul(index + 1, multiplier) + start + offset) >>> 0)
    for (let i = 0; i < y.values.length; i++) {
      const row = key(Math.floor(i / columns), odd[1], 0)
      const column = key(i % columns, odd[2], odd[3])
      const product = Math.imul((row + column) >>> 0, column | 1) >>> 0
      const word = Math.imul((product + (product >>> 16)) >>> 0, row | 1) >>> 0
      y.values[i] = word < keepLimit(rate) ? Math.fround(1 / (1 - rate)) : 0
    }
    return [y]
  },
}

const streamKey = (stream: number): number => Math.imul(stream + 1, odd[3]) >>> 0
const keepLimit = (rate: number): number => Math.floor((1 - rate) * 2 ** 32)

/** x + (x >> shift) */
const shifted = (to: Emitter, x: string, shift: number, word: (value: number) => string): string =>
  to.node('Add', [x, to.node('BitShift', [x, word(shift)], { direction: { text: 'RIGHT' } })])

/** Three rounds of an odd multiplier and an added right shift, then a multiplier. */
function mix(to: Emitter, x: string, word: (value: number) => string): string {
  let value = x
  for (const [i, shift] of shifts.entries())
    value = shifted(to, to.node('Mul', [value, word(odd[i + 1]!)]), shift, word)
  return to.node('Mul', [value, word(odd[0])])
}

function mixed(x: number): number {
  let value = x
  for (const [i, shift] of shifts.entries()) {
    const product = Math.imul(value, odd[i + 1]!) >>> 0
    value = (product + (product >>> shift)) >>> 0
  }
  return Math.imul(value, odd[0]) >>> 0
}

/** Factors 0 or 1 / (1 - rate) from a stream of their own; undefined without a seed (inference) or at rate 0. */
export function dropoutMask(
  graph: Graph,
  shape: Shape,
  rate: number,
  seed: Tensor | undefined,
  dtype: DType,
): Tensor | undefined {
  if (seed === undefined || rate === 0) return undefined
  return cast(
    graph.apply1(dropoutMaskOperation, [seed], { shape: [...shape], rate, stream: graph.nextStream() }),
    dtype,
  )
}

/**
 * Zeroes each element with probability `rate` and scales the others by 1 / (1 - rate). `seed` is an int64 scalar input;
 * without it (inference) or at rate 0 x is returned as it is. Each call draws from its own stream.
 */
export function dropout(x: Tensor, rate: number, seed: Tensor | undefined): Tensor {
  const mask = dropoutMask(x.graph, x.shape, rate, seed, x.dtype)
  return mask ? mul(x, mask) : x
}
