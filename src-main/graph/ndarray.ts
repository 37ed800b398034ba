import { type DType, type Shape, sizeOf, stridesOf, type TensorData, type TensorType } from './types.ts'

/** Numbers with a shape, in float64 whatever the dtype: what the reference interpreter computes with. */
export interface NdArray extends TensorType {
  readonly values: Float64Array
}

/** Takes the values as they are when they are float64 already, without a copy. */
export const ndarray = (shape: Shape, dtype: DType, values: ArrayLike<number>): NdArray => ({
  shape,
  dtype,
  values: values instanceof Float64Array ? values : Float64Array.from(values),
})

/** All elements 0. */
export const zeros = (type: TensorType): NdArray => ({
  shape: type.shape,
  dtype: type.dtype,
  values: new Float64Array(sizeOf(type.shape)),
})

/** From the values of a run; int64 loses what is beyond 2^53. */
export function fromData(type: TensorType, data: TensorData): NdArray {
  const values = new Float64Array(data.length)
  for (let i = 0; i < data.length; i++) values[i] = Number(data[i])
  return { shape: type.shape, dtype: type.dtype, values }
}

/** Calls `visit(flat, position)` for each element in row-major order. `position` is reused between calls. */
export function eachIndex(shape: Shape, visit: (flat: number, position: readonly number[]) => void): void {
  const position = new Array<number>(shape.length).fill(0)
  const total = sizeOf(shape)
  for (let flat = 0; flat < total; flat++) {
    visit(flat, position)
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      position[axis]!++
      if (position[axis]! < shape[axis]!) break
      position[axis] = 0
    }
  }
}

/** Flat index of a position. */
export function flatIndex(shape: Shape, position: readonly number[]): number {
  let flat = 0
  for (let axis = 0; axis < shape.length; axis++) flat = flat * shape[axis]! + position[axis]!
  return flat
}

/** The flat index, in a tensor of `shape`, that broadcasts to `position` of the result. */
export function broadcastIndex(shape: Shape, position: readonly number[]): number {
  const strides = stridesOf(shape)
  let flat = 0
  for (let axis = 0; axis < shape.length; axis++)
    if (shape[axis] !== 1) flat += strides[axis]! * position[position.length - shape.length + axis]!
  return flat
}
