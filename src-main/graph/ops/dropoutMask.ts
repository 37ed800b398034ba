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
 * A counter-based generator of 32-bit words, in operations that ONNX has before opset 18 (no exclusive or). Rows and columns
 * have base keys, mixed from their number and the seed and shared by all masks of a model; a stream turns them into its
 * own keys R and C; then x = (R + C)·(2C + 1); x += x >> 16; word = x·(2R + 1), modulo 2³²: five passes over the elements.
 * The same seed gives the same bytes whatever the threads, and there is no state to save.
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
    const word = (value: number) => to.words([], [value])
    const start = to.shared(`dropout seed ${to.name(inputs[0]!)}`, () => {
      const seed = to.node('Reshape', [to.node('Cast', [inputs[0]!], uint32), to.ints([])])
      return mix(to, to.node('Mul', [seed, word(odd[0])]), word)
    })
    const keys = (side: Side, length: number): [string, string] => {
      const base = to.shared(`dropout ${side} ${length} ${start}`, () => {
        const places = Array.from({ length }, (_, i) => place(side, i))
        return mix(to, to.node('Add', [to.words(side === 'row' ? [length, 1] : [1, length], places), start]), word)
      })
      const turned = shifted(to, to.node('Mul', [base, word(streamFactor(stream, side))]), 15, word)
      const key = to.node('Mul', [turned, word(odd[3])])
      return [key, to.node('Add', [to.node('Mul', [key, word(2)]), word(1)])]
    }
    const [rowKey, rowOdd] = keys('row', rows)
    const [columnKey, columnOdd] = keys('column', columns)
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
    const start = mixed(Math.imul(Number(BigInt.asUintN(32, BigInt(seed!.values[0]!))), odd[0]) >>> 0)
    const key = (side: Side, index: number) => {
      const turned = Math.imul(mixed((place(side, index) + start) >>> 0), streamFactor(stream, side)) >>> 0
      return Math.imul((turned + (turned >>> 15)) >>> 0, odd[3]) >>> 0
    }
    for (let i = 0; i < y.values.length; i++) {
      const row = key('row', Math.floor(i / columns))
      const column = key('column', i % columns)
      const product = Math.imul((row + column) >>> 0, 2 * column + 1) >>> 0
      const word = Math.imul((product + (product >>> 16)) >>> 0, 2 * row + 1) >>> 0
      y.values[i] = word < keepLimit(rate) ? Math.fround(1 / (1 - rate)) : 0
    }
    return [y]
  },
}

type Side = 'row' | 'column'
const place = (side: Side, index: number): number =>
  side === 'row' ? Math.imul(index + 1, odd[1]) >>> 0 : (Math.imul(index + 1, odd[2]) + odd[3]) >>> 0
/** An odd number of the stream's own for each side. */
const streamFactor = (stream: number, side: Side): number => (mixed(place(side, stream)) | 1) >>> 0
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
