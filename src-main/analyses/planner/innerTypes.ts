import type { OnnxAttribute } from '../../graph/emitter.ts'
import { broadcastShapes, type Shape, sizeOf } from '../../graph/types.ts'
import type { ElementType, TracedValue, ValueType } from './trace.ts'

type Attributes = Readonly<Record<string, OnnxAttribute>>

/**
 * Types of what an ONNX operator gives (opset 17), for the values between the kernels of one operation; those of the graph are known.
 * Empty for an operator that no operation uses inside.
 */
export function innerTypes(
  op: string,
  reads: readonly TracedValue[],
  attributes: Attributes,
  count: number,
): readonly ValueType[] {
  const [x, y] = reads
  if (!x) return []
  const { shape, dtype } = x
  const like = (s: Shape | undefined, d: ElementType = dtype): readonly ValueType[] =>
    s ? [{ shape: s, dtype: d }] : []
  switch (op) {
    case 'Add':
    case 'Sub':
    case 'Mul':
    case 'Div':
    case 'Pow':
    case 'Min':
    case 'Max':
    case 'BitShift':
      return like(broadcastShapes(shape, y?.shape ?? []))
    case 'Less':
    case 'LessOrEqual':
    case 'Greater':
    case 'GreaterOrEqual':
    case 'Equal':
      return like(broadcastShapes(shape, y?.shape ?? []), 'bool')
    case 'Where':
      return like(broadcastShapes(broadcastShapes(shape, y!.shape) ?? [], reads[2]!.shape), y!.dtype)
    case 'Cast':
      return like(shape, CAST[intOf(attributes['to'], 1)] ?? 'float32')
    case 'Reshape':
      return like(reshaped(shape, y?.numbers ?? []))
    case 'Unsqueeze':
      return like(unsqueezed(shape, y?.numbers ?? [0]))
    case 'Squeeze':
      return like(squeezed(shape, y?.numbers ?? []))
    case 'Transpose':
      return like(intsOf(attributes['perm']).map(axis => shape[axis]!))
    case 'Expand':
      return like(broadcastShapes(shape, y?.numbers ?? []))
    case 'Concat':
      return like(along(shape, intOf(attributes['axis'], 0), n => reads.reduce((sum, r) => sum + r.shape.at(n)!, 0)))
    case 'Split':
      return Array.from({ length: count }, () => like(along(shape, intOf(attributes['axis'], 0), n => shape.at(n)! / count))[0]!) // biome-ignore format: one line
    case 'Slice':
      return like(sliced(shape, reads))
    case 'Pad':
      return like(shape.map((n, axis) => n + (y?.numbers?.[axis] ?? 0) + (y?.numbers?.[axis + shape.length] ?? 0)))
    case 'Gather': {
      const axis = intOf(attributes['axis'], 0)
      return like([...shape.slice(0, axis), ...(y?.shape ?? []), ...shape.slice(axis + 1)])
    }
    case 'GatherElements':
      return like(y?.shape)
    case 'MatMul':
      return like([
        ...(broadcastShapes(shape.slice(0, -2), y!.shape.slice(0, -2)) ?? []),
        shape.at(-2)!,
        y!.shape.at(-1)!,
      ])
    case 'ReduceSum':
    case 'ReduceMean':
    case 'ReduceMax':
      return like(reduced(shape, y?.numbers ?? intsOf(attributes['axes']), intOf(attributes['keepdims'], 1) === 1))
    case 'ScatterND':
    case 'Identity':
    case 'Neg':
    case 'Abs':
    case 'Exp':
    case 'Log':
    case 'Sqrt':
    case 'Erf':
    case 'Tanh':
    case 'Sigmoid':
    case 'Sign':
    case 'Relu':
    case 'Reciprocal':
    case 'Not':
    case 'Softmax':
    case 'LogSoftmax':
    case 'CumSum':
    case 'LayerNormalization':
      return like(shape)
    default:
      return []
  }
}

// onnx.proto TensorProto.DataType
const CAST: Readonly<Record<number, ElementType>> = { 1: 'float32', 6: 'int32', 7: 'int64', 9: 'bool', 11: 'float64', 12: 'uint32' } // biome-ignore format: a table

export const intOf = (attribute: OnnxAttribute | undefined, otherwise: number): number =>
  attribute && 'int' in attribute ? attribute.int : otherwise
export const intsOf = (attribute: OnnxAttribute | undefined): readonly number[] =>
  attribute && 'ints' in attribute ? attribute.ints : []

const along = (shape: Shape, axis: number, length: (axis: number) => number): number[] =>
  shape.map((n, a) => (a === (axis < 0 ? axis + shape.length : axis) ? length(a) : n))

/** One entry may be -1: what is left. */
function reshaped(shape: Shape, wanted: readonly number[]): number[] {
  const rest = wanted.reduce((product, n) => product * (n === -1 ? 1 : n), 1)
  return wanted.map(n => (n === -1 ? sizeOf(shape) / rest : n))
}

function unsqueezed(shape: Shape, axes: readonly number[]): number[] {
  const rank = shape.length + axes.length
  const out = [...shape]
  for (const axis of axes.map(a => (a < 0 ? a + rank : a)).sort((a, b) => a - b)) out.splice(axis, 0, 1)
  return out
}

const squeezed = (shape: Shape, axes: readonly number[]): number[] => {
  const gone = axes.map(a => (a < 0 ? a + shape.length : a))
  return shape.filter((n, axis) => (axes.length > 0 ? !gone.includes(axis) : n !== 1))
}

function sliced(shape: Shape, [, starts, ends, axes, steps]: readonly TracedValue[]): number[] {
  const out = [...shape]
  const list = axes?.numbers ?? (starts?.numbers ?? []).map((_, i) => i)
  list.forEach((axis, i) => {
    const at = axis < 0 ? axis + shape.length : axis
    const n = shape[at]!
    const from = clamp(starts?.numbers?.[i] ?? 0, n)
    const to = clamp(ends?.numbers?.[i] ?? n, n)
    out[at] = Math.max(0, Math.ceil((to - from) / (steps?.numbers?.[i] ?? 1)))
  })
  return out
}

const clamp = (bound: number, n: number): number => Math.min(n, Math.max(0, bound < 0 ? bound + n : bound))

function reduced(shape: Shape, axes: readonly number[], keep: boolean): number[] {
  const gone = axes.length > 0 ? axes.map(a => (a < 0 ? a + shape.length : a)) : shape.map((_, axis) => axis)
  return keep ? shape.map((n, axis) => (gone.includes(axis) ? 1 : n)) : shape.filter((_, axis) => !gone.includes(axis))
}
