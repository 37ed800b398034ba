import type { Emitter } from './emitter.ts'
import type { Graph, Tensor } from './graph.ts'
import type { Span } from './locality.ts'
import type { NdArray } from './ndarray.ts'
import type { TensorType } from './types.ts'

export type Attribute = number | boolean | string | readonly number[] | undefined
export type Attributes = Readonly<Record<string, Attribute>>

/**
 * How far one output position looks along the sequence axis of one input.
 * - pointwise: out[i] reads in[i]
 * - window: out[i] reads in[i - left … i + right] in steps of `dilation`; positions outside are padding
 * - pool: out[i] reads in[size·i … size·i + size - 1]
 * - upsample: out[i] reads in[floor(i / factor)]
 * - shift: out[i] reads in[i + offset]; positions outside are padding
 * - stride: out[i] reads in[offset + step·i]
 * - global: every output reads every input
 */
export type Reach =
  | { readonly kind: 'pointwise' }
  | { readonly kind: 'window'; readonly left: number; readonly right: number; readonly dilation: number }
  | { readonly kind: 'pool'; readonly size: number }
  | { readonly kind: 'upsample'; readonly factor: number }
  | { readonly kind: 'shift'; readonly offset: number }
  | { readonly kind: 'stride'; readonly offset: number; readonly step: number }
  | { readonly kind: 'global' }

/** Where the sequence axis of an input lands in the output, and how far it reaches. `axis: undefined` with global only. */
export interface AxisReach {
  readonly axis: number | undefined
  readonly reach: Reach
}

export const globalReach: AxisReach = { axis: undefined, reach: { kind: 'global' } }

/** One application of an operation, as its rules see it. */
export interface Application<A extends Attributes = Attributes> {
  readonly inputs: readonly Tensor[]
  readonly outputs: readonly Tensor[]
  readonly attributes: A
}

/** A node applied to a part of its sequence axis, as its rule sees it: see part.ts. */
export interface PartApplication<A extends Attributes = Attributes> {
  readonly target: Graph
  /** The application to the whole. */
  readonly whole: Application<A>
  /** What the part reads, in the graph that it is built in, cut to exactly that. Undefined: the part reads nothing of it. */
  readonly inputs: readonly (Tensor | undefined)[]
  /** Where each of them lies in the input of the whole, before cutting at its ends. Undefined: it is the whole input. */
  readonly spans: readonly (Span | undefined)[]
  /** What is asked of each output. Undefined: all of it. */
  readonly output: Span | undefined
  /** Sequences side by side on axis 0, which the whole has once; and which inputs hold that many. */
  readonly batch: number
  readonly batched: readonly boolean[]
}

/**
 * All that is known about one operation, found by one name.
 * A new one is a file in ops/, a line in operations.ts and a test beside it.
 */
export interface Operation<A extends Attributes = Attributes> {
  readonly name: string
  /** Types of the outputs; throws a coded error that names the operation, what it expects and what it got. */
  infer(inputs: readonly TensorType[], attributes: A): readonly TensorType[]
  /** Writes the ONNX nodes (opset 17) that fill `outputs`. */
  emit(application: Application<A>, to: Emitter): void
  /**
   * Gradients by each input as graph tensors; `upstream` has one entry an output (undefined: nothing flows from it),
   * `wanted` says which inputs matter. Absent: no gradient flows through (indices, comparisons).
   */
  gradient?(
    application: Application<A>,
    upstream: readonly (Tensor | undefined)[],
    wanted: readonly boolean[],
  ): readonly (Tensor | undefined)[]
  /** Reach along `axis` of input number `input`. */
  locality(application: Application<A>, input: number, axis: number): AxisReach
  /**
   * Applies the operation to a part of the sequence axis, and to several sequences where the whole has one. `'same'`: as it is, with
   * the same attributes. Absent: it cannot, and is refused by name.
   */
  part?(part: PartApplication<A>): readonly Tensor[] | 'same'
  /** Plain loops in float64: the truth for tests, never for users. */
  evaluate(inputs: readonly NdArray[], application: Application<A>): readonly NdArray[]
}
