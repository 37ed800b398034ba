import type { Emitter } from './emitter.ts'
import type { Tensor } from './graph.ts'
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
  /** Plain loops in float64: the truth for tests, never for users. */
  evaluate(inputs: readonly NdArray[], application: Application<A>): readonly NdArray[]
}
