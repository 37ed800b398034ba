/** Element types. `float32` computes, `float64` judges (tests), the others index and mask. */
export type DType = 'float32' | 'float64' | 'int32' | 'int64' | 'bool'

/** Axis lengths, slowest first. A scalar has no axis. */
export type Shape = readonly number[]

export interface TensorType {
  readonly shape: Shape
  readonly dtype: DType
}

/** Values of a tensor in row-major order. Booleans are bytes 0 and 1. */
export type TensorData = Float32Array | Float64Array | Int32Array | BigInt64Array | Uint8Array

export const isFloat = (dtype: DType): dtype is 'float32' | 'float64' => dtype === 'float32' || dtype === 'float64'

export const sizeOf = (shape: Shape): number => shape.reduce((product, length) => product * length, 1)

export const sameShape = (a: Shape, b: Shape): boolean =>
  a.length === b.length && a.every((length, axis) => length === b[axis])

export const showShape = (shape: Shape): string => `[${shape.join(', ')}]`

export const showType = (type: TensorType): string => `${type.dtype} ${showShape(type.shape)}`

/** Row-major steps, in elements, of each axis. */
export function stridesOf(shape: Shape): number[] {
  const strides = new Array<number>(shape.length).fill(1)
  for (let axis = shape.length - 2; axis >= 0; axis--) strides[axis] = strides[axis + 1]! * shape[axis + 1]!
  return strides
}

/** Shape of an elementwise result under NumPy's rule, or undefined when the shapes do not agree. */
export function broadcastShapes(a: Shape, b: Shape): number[] | undefined {
  const rank = Math.max(a.length, b.length)
  const shape: number[] = []
  for (let axis = 0; axis < rank; axis++) {
    const x = a[axis - rank + a.length] ?? 1
    const y = b[axis - rank + b.length] ?? 1
    if (x !== y && x !== 1 && y !== 1) return undefined
    shape.push(x === 1 ? y : x)
  }
  return shape
}

const bytes: Readonly<Record<DType, number>> = { float32: 4, float64: 8, int32: 4, int64: 8, bool: 1 }

export const bytesOf = (type: TensorType): number => sizeOf(type.shape) * bytes[type.dtype]

/** Plain numbers as the typed array of a dtype. */
export function toData(dtype: DType, values: ArrayLike<number>): TensorData {
  switch (dtype) {
    case 'float32':
      return Float32Array.from(values)
    case 'float64':
      return Float64Array.from(values)
    case 'int32':
      return Int32Array.from(values)
    case 'bool':
      return Uint8Array.from(values)
    case 'int64': {
      const out = new BigInt64Array(values.length)
      for (let i = 0; i < values.length; i++) out[i] = BigInt(values[i]!)
      return out
    }
  }
}

/** Does the typed array hold this dtype? */
export function holds(dtype: DType, data: TensorData): boolean {
  switch (dtype) {
    case 'float32':
      return data instanceof Float32Array
    case 'float64':
      return data instanceof Float64Array
    case 'int32':
      return data instanceof Int32Array
    case 'int64':
      return data instanceof BigInt64Array
    case 'bool':
      return data instanceof Uint8Array
  }
}
