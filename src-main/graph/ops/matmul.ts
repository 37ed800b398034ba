import type { Emitter } from '../emitter.ts'
import type { Tensor } from '../graph.ts'
import { shapeError } from '../graphErrors.ts'
import { broadcastIndex, eachIndex, type NdArray, zeros } from '../ndarray.ts'
import { globalReach, type Operation } from '../operation.ts'
import { broadcastShapes, isFloat, type Shape, sizeOf, type TensorType } from '../types.ts'
import { reshape } from './reshape.ts'
import { unbroadcast } from './unbroadcast.ts'

type MatmulAttributes = { readonly transposeA: boolean; readonly transposeB: boolean }

export interface MatmulOptions {
  /** Use a with its last two axes exchanged. */
  readonly transposeA?: boolean
  /** Use b with its last two axes exchanged. */
  readonly transposeB?: boolean
}

/** Rows and columns of the last two axes, after the flag. */
const matrix = (shape: Shape, flag: boolean): [number, number] => {
  const [rows, columns] = [shape.at(-2)!, shape.at(-1)!]
  return flag ? [columns, rows] : [rows, columns]
}

export const matmulOperation: Operation<MatmulAttributes> = {
  name: 'matmul',
  infer(inputs, { transposeA, transposeB }) {
    const [a, b] = inputs as readonly [TensorType, TensorType]
    if (inputs.length !== 2 || a.dtype !== b.dtype || !isFloat(a.dtype) || a.shape.length < 2 || b.shape.length < 2)
      throw shapeError('matmul', 'two float tensors of rank 2 or more and one dtype', inputs)
    const [rows, inner] = matrix(a.shape, transposeA)
    const [innerB, columns] = matrix(b.shape, transposeB)
    const batch = broadcastShapes(a.shape.slice(0, -2), b.shape.slice(0, -2))
    if (inner !== innerB || !batch) {
      const flags = `${transposeA ? ' transposeA' : ''}${transposeB ? ' transposeB' : ''}`
      throw shapeError(
        'matmul',
        `[…, m, k] and […, k, n]${flags && `, with${flags},`} of agreeing k and batch axes`,
        inputs,
      )
    }
    return [{ shape: [...batch, rows, columns], dtype: a.dtype }]
  },
  emit({ inputs, outputs, attributes: { transposeA, transposeB } }, to) {
    const [a, b] = inputs as readonly [Tensor, Tensor]
    if (a.shape.length === 2 && b.shape.length === 2 && (transposeA || transposeB))
      to.node('Gemm', inputs, { transA: { int: transposeA ? 1 : 0 }, transB: { int: transposeB ? 1 : 0 } }, outputs)
    // ONNX Runtime folds a transposed operand of MatMul into its kernel.
    else to.node('MatMul', [swapped(to, a, transposeA), swapped(to, b, transposeB)], {}, outputs)
  },
  gradient({ inputs, attributes: { transposeA, transposeB } }, [upstream], wanted) {
    if (!upstream) return [undefined, undefined]
    const [a, b] = inputs as readonly [Tensor, Tensor]
    const byA = () =>
      transposeA
        ? matmul(b, upstream, { transposeA: transposeB, transposeB: true })
        : matmul(upstream, b, { transposeB: !transposeB })
    const byB = () =>
      transposeB
        ? matmul(upstream, a, { transposeA: true, transposeB: transposeA })
        : matmul(a, upstream, { transposeA: !transposeA })
    return [wanted[0] ? unbroadcast(byA(), a.shape) : undefined, wanted[1] ? unbroadcast(byB(), b.shape) : undefined]
  },
  locality({ inputs, outputs, attributes: { transposeA, transposeB } }, input, axis) {
    const rank = inputs[input]!.shape.length
    const outRank = outputs[0]!.shape.length
    if (axis < rank - 2) return { axis: axis + outRank - rank, reach: { kind: 'pointwise' } }
    const outer = input === 0 ? (transposeA ? rank - 1 : rank - 2) : transposeB ? rank - 2 : rank - 1
    return axis === outer
      ? { axis: input === 0 ? outRank - 2 : outRank - 1, reach: { kind: 'pointwise' } }
      : globalReach
  },
  part: () => 'same',
  evaluate([a, b], { outputs, attributes: { transposeA, transposeB } }) {
    const y = zeros(outputs[0]!)
    const inner = matrix(a!.shape, transposeA)[1]
    const at = (x: NdArray, batch: readonly number[], row: number, column: number, flag: boolean) =>
      x.values[broadcastIndex(x.shape, [...batch, ...(flag ? [column, row] : [row, column])])]!
    eachIndex(y.shape, (flat, position) => {
      const batch = position.slice(0, -2)
      let sum = 0
      for (let k = 0; k < inner; k++)
        sum += at(a!, batch, position.at(-2)!, k, transposeA) * at(b!, batch, k, position.at(-1)!, transposeB)
      y.values[flat] = sum
    })
    return [y]
  },
}

function swapped(to: Emitter, x: Tensor, flag: boolean): Tensor | string {
  if (!flag) return x
  const rank = x.shape.length
  const perm = x.shape.map((_, axis) => (axis === rank - 2 ? rank - 1 : axis === rank - 1 ? rank - 2 : axis))
  return to.node('Transpose', [x], { perm: { ints: perm } })
}

/**
 * Matrix product over the last two axes, batch axes broadcasting: [..., m, k] x [..., k, n] -> [..., m, n].
 * Leading axes of a join its rows when b is one matrix, so that it runs as one Gemm.
 */
export function matmul(a: Tensor, b: Tensor, options: MatmulOptions = {}): Tensor {
  const attributes = { transposeA: options.transposeA ?? false, transposeB: options.transposeB ?? false }
  if (a.shape.length > 2 && b.shape.length === 2 && !attributes.transposeA) {
    const width = a.shape.at(-1)!
    const flat = reshape(a, [sizeOf(a.shape) / width, width])
    return reshape(a.graph.apply1(matmulOperation, [flat, b], attributes), [
      ...a.shape.slice(0, -1),
      b.shape[attributes.transposeB ? 0 : 1]!,
    ])
  }
  return a.graph.apply1(matmulOperation, [a, b], attributes)
}
