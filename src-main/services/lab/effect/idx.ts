import { WorkbenchError } from '../../../../src-shared/ipc/errors.ts'

/** Unsigned bytes with their shape, row-major. */
export interface IdxBytes {
  readonly shape: readonly number[]
  readonly data: Uint8Array
}

const UNSIGNED_BYTE = 0x08

/**
 * An IDX file of unsigned bytes (LeCun, Cortes and Burges: two zero bytes, the type, the number of axes, their sizes big-endian, the values).
 * @throws WorkbenchError `wrong-type` for other files, `truncated` and `corrupt` where the length is not what the header says
 */
export function parseIdx(bytes: Uint8Array, path: string): IdxBytes {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const again = 'copy or install it again'
  if (bytes.length < 4) throw new WorkbenchError('truncated', `'${path}' has ${bytes.length} bytes, an IDX file at least 8`, again) // biome-ignore format: one thought
  if (view.getUint16(0) !== 0 || bytes[2] !== UNSIGNED_BYTE || bytes[3] === 0 || bytes[3]! > 4)
    throw new WorkbenchError('wrong-type', `'${path}' begins with ${[...bytes.subarray(0, 4)].map(b => b.toString(16).padStart(2, '0')).join(' ')}, which is no IDX file of bytes`, 'give the files of MNIST as published, unpacked or as .gz') // biome-ignore format: one thought
  const axes = bytes[3]!
  const start = 4 + 4 * axes
  if (bytes.length < start) throw new WorkbenchError('truncated', `'${path}' ends within its header`, again)
  const shape = Array.from({ length: axes }, (_, i) => view.getUint32(4 + 4 * i))
  const expected = start + shape.reduce((n, size) => n * size, 1)
  if (bytes.length !== expected)
    throw new WorkbenchError(bytes.length < expected ? 'truncated' : 'corrupt', `'${path}' has ${bytes.length} bytes, its header says ${expected}`, again) // biome-ignore format: one thought
  return { shape, data: bytes.subarray(start) }
}
