import type { Tensor } from './graph.ts'
import type { DType, Shape } from './types.ts'

/** ONNX attribute values with their kind stated, since 1 may be an int or a float. */
export type OnnxAttribute =
  | { readonly int: number }
  | { readonly float: number }
  | { readonly text: string }
  | { readonly ints: readonly number[] }

/** What an operation writes its ONNX nodes to. Names are those of values in the ONNX graph. */
export interface Emitter {
  /** ONNX name of a tensor of our graph. */
  name(tensor: Tensor): string
  /** Adds a node. `outputs` may be names or tensors; without it a fresh name is made and returned. */
  node(
    opType: string,
    inputs: readonly (Tensor | string)[],
    attributes?: Readonly<Record<string, OnnxAttribute>>,
    outputs?: readonly (Tensor | string)[],
  ): string
  /** A constant int64 vector (axes, shapes, bounds). */
  ints(values: readonly number[]): string
  /** A constant of any dtype. */
  constant(dtype: DType, shape: Shape, values: readonly number[]): string
  /** A constant of unsigned 32-bit words, for generators of random bits. */
  words(shape: Shape, values: readonly number[]): string
  /** The value made under this key before, or by `make` now: for parts that several nodes share. */
  shared(key: string, make: () => string): string
  /** True when a later reader exists for this output of the node (a node may skip outputs that nobody reads). */
  isRead(tensor: Tensor): boolean
}

/** ONNX TensorProto element type. */
export const elementType: Readonly<Record<DType, number>> = { float32: 1, int32: 6, int64: 7, bool: 9, float64: 11 }
