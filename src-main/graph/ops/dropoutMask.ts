import type { Emitter } from '../emitter.ts'
import type { Tensor } from '../graph.ts'
import { attributeError, shapeError } from '../graphErrors.ts'
import { zeros } from '../ndarray.ts'
import { globalReach, type Operation } from '../operation.ts'
import { type Shape, sizeOf } from '../types.ts'
import { cast } from './cast.ts'
import { mul } from './mul.ts'

type DropoutAttributes = { readonly shape: Shape; readonly rate: number; readonly stream: number }

/*
 * A counter-based generator of 32-bit words, written in operations that ONNX has before opset 18 (no exclusive or):
 * word(row, column) = mix(rowKey[row] + columnKey[column]), the keys being mixed from the seed, the stream and the index.
 * The same seed gives the same bytes whatever the threads, with no state to save. mix is two rounds of an odd multiplier
 * and an added right shift; the frequency, the neighbours' correlation and the streams' independence are tested.
 */
const odd = [0x9e3779b1, 0x85ebca77, 0xc2b2ae3d, 0x27d4eb2f] as const
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
    const keys = (length: number, multiplier: number, shapeOfKeys: number[]) => {
      const index = to.node(
        'Cast',
        [
          to.node(
            'Range',
            [0, length, 1].map(value => to.constant('int64', [], [value])),
          ),
        ],
        uint32,
      )
      const spread = to.node('Add', [to.node('Mul', [to.node('Add', [index, word(1)]), word(multiplier)]), start])
      return to.node('Reshape', [mix(to, spread, word), to.ints(shapeOfKeys)])
    }
    const sum = to.node('Add', [keys(rows, odd[1], [rows, 1]), keys(columns, odd[2], [1, columns])])
    const kept = to.node('Less', [mix(to, sum, word), word(keepLimit(rate))])
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
    const key = (index: number, multiplier: number) => mixed((Math.imul(index + 1, multiplier) + start) >>> 0)
    for (let i = 0; i < y.values.length; i++) {
      const word = mixed((key(Math.floor(i / columns), odd[1]) + key(i % columns, odd[2])) >>> 0)
      y.values[i] = word < keepLimit(rate) ? Math.fround(1 / (1 - rate)) : 0
    }
    return [y]
  },
}

const streamKey = (stream: number): number => Math.imul(stream + 1, odd[3]) >>> 0
const keepLimit = (rate: number): number => Math.floor((1 - rate) * 2 ** 32)

function mix(to: Emitter, x: string, word: (value: number) => string): string {
  const round = (value: string, shift: number) =>
    to.node('Add', [value, to.node('BitShift', [value, word(shift)], { direction: { text: 'RIGHT' } })])
  const first = round(to.node('Mul', [x, word(odd[1])]), 15)
  return to.node('Mul', [round(to.node('Mul', [first, word(odd[2])]), 13), word(odd[3])])
}

function mixed(x: number): number {
  const round = (value: number, shift: number) => (value + (value >>> shift)) >>> 0
  const first = round(Math.imul(x, odd[1]) >>> 0, 15)
  return Math.imul(round(Math.imul(first, odd[2]) >>> 0, 13), odd[3]) >>> 0
}

/**
 * Zeroes each element with probability `rate` and scales the others by 1 / (1 - rate). `seed` is an int64 scalar input;
 * without it (inference) or at rate 0 x is returned as it is. Each call draws from its own stream.
 */
export function dropout(x: Tensor, rate: number, seed: Tensor | undefined): Tensor {
  if (seed === undefined || rate === 0) return x
  const mask = x.graph.apply1(dropoutMaskOperation, [seed], { shape: [...x.shape], rate, stream: x.graph.nextStream() })
  return mul(x, cast(mask, x.dtype))
}
