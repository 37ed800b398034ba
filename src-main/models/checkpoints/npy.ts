import { WorkbenchError } from '../../../src-shared/ipc/errors.ts'
import { BYTES_OF, bytesOfData, type DType, elementCount, type Tensor, viewAs } from '../../../src-shared/tensor.ts'
import { tensorFromBytes } from './tensorSource.ts'

// NumPy format, numpy/lib/format.py: "\x93NUMPY", version, header length, a Python dict literal, then the data.
const MAGIC = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59]
const ALIGN = 64

const DESCR: Readonly<Record<string, DType>> = {
  '<f4': 'float32',
  '<f8': 'float64',
  '<f2': 'float16',
  '|i1': 'int8',
  '|u1': 'uint8',
  '<i2': 'int16',
  '<u2': 'uint16',
  '<i4': 'int32',
  '<u4': 'uint32',
  '<i8': 'int64',
  '<u8': 'uint64',
  '|b1': 'bool',
}
const NAMES = Object.fromEntries(Object.entries(DESCR).map(([name, dtype]) => [dtype, name])) as Partial<
  Record<DType, string>
>

/** Reads a `.npy` file; Fortran order is turned into row-major. @throws WorkbenchError `wrong-type`, `unsupported`, `truncated`, `corrupt` */
export function readNpy(bytes: Uint8Array, name = 'the array'): Tensor {
  if (!MAGIC.every((b, i) => bytes[i] === b)) throw new WorkbenchError('wrong-type', `${name} is not a .npy file`, 'write it with numpy.save') // biome-ignore format: one thought
  const truncated = () =>
    new WorkbenchError('truncated', `${name} has only ${bytes.byteLength} bytes`, 'get the file again')
  if (bytes.byteLength < 12) throw truncated()
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const wide = (bytes[6] as number) >= 2
  const start = wide ? 12 : 10
  const length = wide ? view.getUint32(8, true) : view.getUint16(8, true)
  if (start + length > bytes.byteLength) throw truncated()
  const header = new TextDecoder().decode(bytes.subarray(start, start + length))
  const descr = /'descr'\s*:\s*'([^']*)'/.exec(header)?.[1]
  const fortran = /'fortran_order'\s*:\s*(True|False)/.exec(header)?.[1]
  const dims = /'shape'\s*:\s*\(([\d\s,]*)\)/.exec(header)?.[1]
  if (descr === undefined || fortran === undefined || dims === undefined)
    throw new WorkbenchError(
      'corrupt',
      `${name} has a header that numpy does not write`,
      'write it again with numpy.save',
    )
  const dtype = Object.hasOwn(DESCR, descr) ? DESCR[descr] : undefined
  if (!dtype) throw new WorkbenchError('unsupported', `${name} holds '${descr.slice(0, 20)}' values`, `convert it to one of ${Object.keys(DESCR).join(' ')}`) // biome-ignore format: one thought
  const shape = dims
    .split(',')
    .filter(s => s.trim())
    .map(Number)
  const need = elementCount(shape) * BYTES_OF[dtype]
  const have = bytes.byteLength - start - length
  if (!Number.isSafeInteger(need) || have < need) throw truncated()
  if (have > need) throw new WorkbenchError('corrupt', `${name} has ${have - need} bytes behind its data`, 'write it again with numpy.save') // biome-ignore format: one thought
  const data = bytes.subarray(start + length)
  if (fortran === 'False' || shape.length < 2) return tensorFromBytes({ name, dtype, shape }, data)
  return fromColumnMajor(tensorFromBytes({ name, dtype, shape }, data))
}

function fromColumnMajor(t: Tensor): Tensor {
  const { shape, dtype } = t
  const count = elementCount(shape)
  const [from, to] = [
    t.data as Float32Array,
    viewAs(dtype, new ArrayBuffer(count * BYTES_OF[dtype]), 0, count) as Float32Array,
  ]
  const index = new Array<number>(shape.length).fill(0)
  for (let source = 0; source < count; source++) {
    to[shape.reduce((at, d, i) => at * d + (index[i] as number), 0)] = from[source] as number
    for (let axis = 0; axis < shape.length; axis++) {
      index[axis] = (index[axis] as number) + 1
      if ((index[axis] as number) < (shape[axis] as number)) break
      index[axis] = 0
    }
  }
  return { dtype, shape, data: to }
}

/** `.npy` version 1.0, row-major; the bytes that numpy.save writes. @throws WorkbenchError `unsupported` for bfloat16 */
export function writeNpy(t: Tensor): Uint8Array {
  const descr = NAMES[t.dtype]
  if (!descr) throw new WorkbenchError('unsupported', `.npy has no ${t.dtype}`, 'convert it to float32')
  const dims = t.shape.length === 1 ? `${t.shape[0]},` : t.shape.join(', ')
  const dict = `{'descr': '${descr}', 'fortran_order': False, 'shape': (${dims}), }`
  const padded = Math.ceil((10 + dict.length + 1) / ALIGN) * ALIGN - 10
  const data = bytesOfData(t.data)
  const out = new Uint8Array(10 + padded + data.byteLength).fill(0x20)
  out.set(MAGIC)
  out.set([1, 0, padded & 0xff, padded >> 8], 6)
  out.set(new TextEncoder().encode(dict), 10)
  out[10 + padded - 1] = 0x0a
  out.set(data, 10 + padded)
  return out
}
