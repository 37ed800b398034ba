import { WorkbenchError } from '../../../src-shared/ipc/errors.ts'
import { BYTES_OF, type DType, elementCount, type Tensor, type TensorData, viewAs } from '../../../src-shared/tensor.ts'

/** A tensor of a checkpoint that has not been read yet. */
export interface TensorEntry {
  readonly name: string
  readonly dtype: DType
  readonly shape: readonly number[]
  /** Two entries with the same text are the same bytes of the file. */
  readonly storedAt?: string
}

/** Named tensors of a file, read one at a time. */
export interface TensorSource {
  /** For messages. */
  readonly name: string
  readonly entries: ReadonlyMap<string, TensorEntry>
  read(name: string): Promise<Tensor>
}

/** A value of the given type over bytes of a file, copied when they do not start at a multiple of the element size. */
export function tensorFromBytes(entry: TensorEntry, bytes: Uint8Array): Tensor {
  const count = elementCount(entry.shape)
  // A copy by constructor: slice() of a Node Buffer is a view.
  const aligned = bytes.byteOffset % BYTES_OF[entry.dtype] === 0 ? bytes : new Uint8Array(bytes)
  return {
    dtype: entry.dtype,
    shape: entry.shape,
    data: viewAs(entry.dtype, aligned.buffer as ArrayBuffer, aligned.byteOffset, count),
  }
}

/** Float32 values of a float tensor of any width; the values of F16 and BF16 are exact in float32. */
export function toFloat32(t: Tensor, name: string): Float32Array {
  switch (t.dtype) {
    case 'float32':
      return t.data as Float32Array
    case 'float64':
      return Float32Array.from(t.data as Float64Array)
    case 'float16':
      return Float32Array.from(t.data as Uint16Array, halfToNumber)
    case 'bfloat16':
      return bfloat16ToFloat32(t.data as Uint16Array)
    default:
      throw new WorkbenchError(
        'wrong-type',
        `tensor '${name}' is ${t.dtype}, not a float`,
        'use a checkpoint that holds its weights as floats',
      )
  }
}

function bfloat16ToFloat32(bits: Uint16Array): Float32Array {
  const wide = new Uint32Array(bits.length)
  for (let i = 0; i < bits.length; i++) wide[i] = (bits[i] as number) << 16
  return new Float32Array(wide.buffer)
}

/** IEEE 754 binary16: 1 sign, 5 exponent (bias 15), 10 fraction bits. */
export function halfToNumber(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1
  const exponent = (bits >> 10) & 0x1f
  const fraction = bits & 0x3ff
  if (exponent === 0) return sign * fraction * 2 ** -24
  if (exponent === 31) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15)
}

/** Bit-for-bit equality, dtype and shape included: what makes a second name an alias. */
export function sameTensor(a: Tensor, b: Tensor): boolean {
  if (a.dtype !== b.dtype || a.shape.length !== b.shape.length || a.shape.some((d, i) => d !== b.shape[i])) return false
  const [x, y] = [bytesOf(a.data), bytesOf(b.data)]
  for (let i = 0; i < x.length; i++) if (x[i] !== y[i]) return false
  return true
}

const bytesOf = (d: TensorData) => new Uint8Array(d.buffer, d.byteOffset, d.byteLength)
