import type { Emitter } from '../emitter.ts'
import type { Tensor } from '../graph.ts'
import { normalAxis, shapeError } from '../graphErrors.ts'
import { eachIndex, flatIndex, zeros } from '../ndarray.ts'
import { type Application, globalReach, type Operation } from '../operation.ts'
import { type Shape, sizeOf } from '../types.ts'

export type ReduceAttributes = { readonly axes: readonly number[]; readonly keepAxes: boolean }

export interface ReduceOptions {
  /** Keep the reduced axes with length 1. Default false. */
  readonly keepAxes?: boolean
}

const reduced = (shape: Shape, { axes, keepAxes }: ReduceAttributes): number[] =>
  keepAxes ? shape.map((l, a) => (axes.includes(a) ? 1 : l)) : shape.filter((_, a) => !axes.includes(a))

/** The shape with the reduced axes kept as 1. */
export const keptShape = (shape: Shape, axes: readonly number[]): number[] =>
  shape.map((l, a) => (axes.includes(a) ? 1 : l))

/** Number of elements that each result combines. */
export const reducedCount = (shape: Shape, axes: readonly number[]): number => sizeOf(axes.map(axis => shape[axis]!))

interface Reduction {
  readonly name: string
  readonly onnx: string
  readonly start: number
  readonly combine: (sum: number, value: number) => number
  readonly finish?: (sum: number, count: number) => number
  readonly axesAsInput: boolean
  readonly gradient: (application: Application<ReduceAttributes>, upstream: Tensor) => Tensor
}

/** An operation that combines all elements along some axes. */
export function reduction(rule: Reduction): Operation<ReduceAttributes> {
  return {
    name: rule.name,
    infer(inputs, attributes) {
      const [x] = inputs
      if (inputs.length !== 1 || x === undefined || x.dtype === 'bool')
        throw shapeError(rule.name, 'one number tensor', inputs)
      return [{ shape: reduced(x.shape, attributes), dtype: x.dtype }]
    },
    emit({ inputs, outputs, attributes: { axes, keepAxes } }, to: Emitter) {
      const keepdims = { int: keepAxes ? 1 : 0 }
      if (rule.axesAsInput) to.node(rule.onnx, [inputs[0]!, to.ints(axes)], { keepdims }, outputs)
      else to.node(rule.onnx, inputs, { axes: { ints: axes }, keepdims }, outputs)
    },
    gradient(application, [upstream]) {
      return [upstream && rule.gradient(application, upstream)]
    },
    locality({ attributes: { axes, keepAxes } }, _input, axis) {
      if (axes.includes(axis)) return globalReach
      return { axis: keepAxes ? axis : axis - axes.filter(a => a < axis).length, reach: { kind: 'pointwise' } }
    },
    part: () => 'same',
    evaluate([x], { outputs, attributes: { axes } }) {
      const y = zeros(outputs[0]!)
      y.values.fill(rule.start)
      const kept = keptShape(x!.shape, axes)
      eachIndex(x!.shape, (flat, position) => {
        const target = flatIndex(
          kept,
          position.map((p, a) => (axes.includes(a) ? 0 : p)),
        )
        y.values[target] = rule.combine(y.values[target]!, x!.values[flat]!)
      })
      const { finish } = rule
      if (finish) y.values.forEach((value, i) => { y.values[i] = finish(value, reducedCount(x!.shape, axes)) }) // biome-ignore format: one pass
      return [y]
    },
  }
}

/** Axes of a reduction, from the front and in order; all axes when none are given. */
export function reductionAttributes(
  name: string,
  x: Tensor,
  axes: number | readonly number[] | undefined,
  options: ReduceOptions | undefined,
): ReduceAttributes {
  const rank = x.shape.length
  const list = axes === undefined ? x.shape.map((_, axis) => axis) : typeof axes === 'number' ? [axes] : axes
  const normal = [...new Set(list.map(axis => normalAxis(name, axis, rank)))].sort((a, b) => a - b)
  return { axes: normal, keepAxes: options?.keepAxes ?? false }
}
