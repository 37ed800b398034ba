import type { Emitter } from '../emitter.ts'
import type { Graph, Tensor } from '../graph.ts'
import { shapeError } from '../graphErrors.ts'
import { broadcastIndex, eachIndex, zeros } from '../ndarray.ts'
import type { Application, Attributes, AxisReach, Operation } from '../operation.ts'
import { broadcastShapes, type DType, isFloat, sameShape, type TensorType } from '../types.ts'
import { unbroadcast } from './unbroadcast.ts'

const pointwise: AxisReach['reach'] = { kind: 'pointwise' }

/** Locality of an operation that treats each element alone. Broadcasting aligns axes at the end. */
export function elementwiseLocality(application: Application, input: number, axis: number): AxisReach {
  const rank = application.outputs[0]!.shape.length
  const shape = application.inputs[input]!.shape
  // An axis of length 1 that is stretched lands everywhere: every output reads the one input.
  if (shape[axis] === 1 && application.outputs[0]!.shape[axis + rank - shape.length] !== 1)
    return { axis: undefined, reach: { kind: 'global' } }
  return { axis: axis + rank - shape.length, reach: pointwise }
}

interface Unary<A extends Attributes> {
  readonly name: string
  /** ONNX operator of the float32 form; `emit64` replaces it where ONNX Runtime has no float64 kernel. */
  readonly onnx: string
  readonly emit64?: (to: Emitter, x: Tensor, y: Tensor) => void
  readonly compute: (x: number, attributes: A) => number
  /** Gradient by x, given x, y and the gradient by y. */
  readonly derivative?: (x: Tensor, y: Tensor, upstream: Tensor, attributes: A) => Tensor
}

/** An operation on each element of one float tensor. */
export function unary<A extends Attributes = Attributes>(rule: Unary<A>): Operation<A> {
  const { derivative } = rule
  return {
    name: rule.name,
    infer([x, ...rest]) {
      if (x === undefined || rest.length > 0 || !isFloat(x.dtype))
        throw shapeError(rule.name, 'one float tensor', x === undefined ? [] : [x, ...rest])
      return [{ shape: x.shape, dtype: x.dtype }]
    },
    emit({ inputs, outputs }, to) {
      const x = inputs[0]!
      const y = outputs[0]!
      if (x.dtype === 'float64' && rule.emit64) rule.emit64(to, x, y)
      else to.node(rule.onnx, [x], {}, [y])
    },
    ...(derivative
      ? {
          gradient: ({ inputs, outputs, attributes }, [upstream]) =>
            upstream ? [derivative(inputs[0]!, outputs[0]!, upstream, attributes)] : [undefined],
        }
      : {}),
    locality: elementwiseLocality,
    part: () => 'same',
    evaluate([x], { attributes }) {
      return [{ ...x!, values: x!.values.map(value => rule.compute(value, attributes)) }]
    },
  }
}

interface Binary {
  readonly name: string
  readonly onnx: string
  readonly compute: (a: number, b: number) => number
  /** Gradients by a and b in the shape of the result; broadcasting is undone here. */
  readonly gradient?: (
    a: Tensor,
    b: Tensor,
    y: Tensor,
    upstream: Tensor,
    wanted: readonly boolean[],
  ) => readonly (Tensor | undefined)[]
  /** Comparisons answer bool; otherwise the dtype of the operands. */
  readonly result?: DType
  readonly accepts?: (dtype: DType) => boolean
  readonly emit?: (to: Emitter, a: Tensor, b: Tensor, y: Tensor) => void
}

/** An operation on pairs of elements, with NumPy's broadcasting. */
export function binary(rule: Binary): Operation {
  const accepts = rule.accepts ?? ((dtype: DType) => dtype !== 'bool')
  const { gradient } = rule
  return {
    name: rule.name,
    infer(inputs) {
      const [a, b] = inputs as readonly [TensorType, TensorType]
      if (inputs.length !== 2 || a.dtype !== b.dtype || !accepts(a.dtype))
        throw shapeError(rule.name, 'two tensors of one dtype that the operation takes', inputs)
      const shape = broadcastShapes(a.shape, b.shape)
      if (!shape) throw shapeError(rule.name, 'shapes that broadcast', inputs)
      return [{ shape, dtype: rule.result ?? a.dtype }]
    },
    emit({ inputs, outputs }, to) {
      if (rule.emit) rule.emit(to, inputs[0]!, inputs[1]!, outputs[0]!)
      else if (isScaling(rule.onnx, inputs)) emitScaling(to, rule.onnx, inputs, outputs[0]!)
      else to.node(rule.onnx, inputs, {}, outputs)
    },
    ...(gradient
      ? {
          gradient: (
            { inputs, outputs }: Application,
            [upstream]: readonly (Tensor | undefined)[],
            wanted: readonly boolean[],
          ) =>
            upstream
              ? gradient(inputs[0]!, inputs[1]!, outputs[0]!, upstream, wanted).map((tensor, input) =>
                  tensor ? unbroadcast(tensor, inputs[input]!.shape) : undefined,
                )
              : [undefined, undefined],
        }
      : {}),
    locality: elementwiseLocality,
    part: () => 'same',
    evaluate([a, b], { outputs }) {
      const y = zeros(outputs[0]!)
      eachIndex(y.shape, (flat, position) => {
        y.values[flat] = rule.compute(
          a!.values[broadcastIndex(a!.shape, position)]!,
          b!.values[broadcastIndex(b!.shape, position)]!,
        )
      })
      return [y]
    },
  }
}

/** A product or quotient by a number in float64. */
const isScaling = (onnx: string, [a, b]: readonly Tensor[]): boolean =>
  a!.dtype === 'float64' && (onnx === 'Mul' || onnx === 'Div') && [a, b].some(t => t!.node.leaf?.data?.length === 1)

/**
 * ONNX Runtime folds a number beside a MatMul into an attribute of float32, which would spoil float64. Two changes of
 * sign, exact, keep them apart.
 */
function emitScaling(to: Emitter, onnx: string, [a, b]: readonly (Tensor | string)[], y: Tensor | string): void {
  const negated = to.node(onnx, [to.node('Neg', [a!]), b!])
  to.node('Neg', [negated], {}, [y])
}

/**
 * Operands of a binary operation: numbers become constants, and an expansion that broadcasting would do anyway is
 * dropped, so that the expanded tensor is never written to memory.
 */
export function operands(a: Tensor | number, b: Tensor | number): { graph: Graph; pair: [Tensor, Tensor] } {
  const like = typeof a === 'number' ? b : a
  if (typeof like === 'number') throw new TypeError('one operand must be a tensor')
  const graph = like.graph
  let left = typeof a === 'number' ? graph.constant(a, [], like.dtype) : a
  let right = typeof b === 'number' ? graph.constant(b, [], like.dtype) : b
  const shape = broadcastShapes(left.shape, right.shape)
  if (shape && left.node.operation?.name === 'expand' && sameShape(right.shape, shape)) left = left.node.inputs[0]!
  else if (shape && right.node.operation?.name === 'expand' && sameShape(left.shape, shape))
    right = right.node.inputs[0]!
  return { graph, pair: [left, right] }
}
