import { crc32, deflateRawSync, inflateRawSync } from 'node:zlib'
import { throwIfCancelled, WorkbenchError } from '../../src-shared/ipc/errors.ts'
import type { CheckedFile } from './checkedFile.ts'

/** Largest block of BGZF, packed and unpacked (SAM spec 4.1). */
export const BLOCK_MAX = 65_536
/** The empty block that ends a complete BGZF file (SAM spec 4.1.2). */
export const END_OF_FILE = Uint8Array.from([
  0x1f, 0x8b, 8, 4, 0, 0, 0, 0, 0, 0xff, 6, 0, 0x42, 0x43, 2, 0, 0x1b, 0, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0,
]) // biome-ignore format: the bytes of the specification

/** One block of a BGZF file: where it begins in the file, how many bytes it takes there, and what it holds. */
export interface Block {
  readonly offset: number
  readonly packedSize: number
  readonly bytes: Uint8Array
}

/** Packed size of the BGZF block that begins at `at`, or undefined when no such header is there. Needs 18 bytes, or more with foreign extra fields. */
export function blockSize(bytes: Uint8Array, at = 0): number | undefined {
  if (bytes.length - at < 18) return undefined
  if (bytes[at] !== 0x1f || bytes[at + 1] !== 0x8b || bytes[at + 2] !== 8 || !(bytes[at + 3]! & 4)) return undefined
  const extraEnd = at + 12 + bytes[at + 10]! + bytes[at + 11]! * 256
  for (let field = at + 12; field + 6 <= Math.min(extraEnd, bytes.length); ) {
    const length = bytes[field + 2]! + bytes[field + 3]! * 256
    if (bytes[field] === 66 && bytes[field + 1] === 67 && length === 2)
      return bytes[field + 4]! + bytes[field + 5]! * 256 + 1
    field += 4 + length
  }
  return undefined
}

export const isGzip = (bytes: Uint8Array): boolean => bytes[0] === 0x1f && bytes[1] === 0x8b && bytes[2] === 8

/**
 * The content of the BGZF block at `at` of `bytes`; `offset` is its place in the file, for messages.
 * @throws WorkbenchError `corrupt` (header, deflate stream, length or CRC), `truncated` (the bytes end within the block)
 */
export function inflateBlock(bytes: Uint8Array, at: number, path: string, offset: number): Block {
  const left = bytes.length - at
  const size = blockSize(bytes, at)
  if (size === undefined) throw left < 18 ? truncated(path, offset) : corrupt(path, offset, 'no block header')
  if (size > left) throw truncated(path, offset)
  const dataStart = at + 12 + bytes[at + 10]! + bytes[at + 11]! * 256
  const dataEnd = at + size - 8
  if (dataEnd < dataStart) throw corrupt(path, offset, 'an impossible block length')
  const view = new DataView(bytes.buffer, bytes.byteOffset + dataEnd, 8)
  const unpackedSize = view.getUint32(4, true)
  if (unpackedSize > BLOCK_MAX) throw corrupt(path, offset, `a block of ${unpackedSize} bytes`)
  let content: Uint8Array
  try {
    content = inflateRawSync(bytes.subarray(dataStart, dataEnd), { maxOutputLength: BLOCK_MAX })
  } catch (error) {
    throw corrupt(path, offset, 'a damaged deflate stream', error)
  }
  if (content.length !== unpackedSize) throw corrupt(path, offset, `${content.length} bytes instead of ${unpackedSize}`)
  if (crc32(content) !== view.getUint32(0, true)) throw corrupt(path, offset, 'a wrong checksum')
  return { offset, packedSize: size, bytes: content }
}

/**
 * Every block of a BGZF file in order, from `start` (the file offset of a block), read in pieces of 4 MB or as given.
 * Empty blocks come too. A file that ends between two blocks ends quietly: `endsProperly` tells whether it is complete.
 * @throws WorkbenchError `corrupt`, `truncated`, `changed`, `cancelled`
 */
export async function* blocksOf(
  file: CheckedFile,
  signal?: AbortSignal,
  start = 0,
  piece = 4 * 1024 * 1024,
): AsyncGenerator<Block, void> {
  let position = start
  let held = new Uint8Array(0)
  let at = 0
  while (true) {
    throwIfCancelled(signal)
    if (held.length - at < BLOCK_MAX && position < file.size) {
      const more = await file.read(piece, position)
      const joined = new Uint8Array(held.length - at + more.length)
      joined.set(held.subarray(at))
      joined.set(more, held.length - at)
      held = joined
      at = 0
      position += more.length
    }
    if (at === held.length) return
    const block = inflateBlock(held, at, file.path, position - held.length + at)
    at += block.packedSize
    yield block
  }
}

/** Whether the file ends with BGZF's end-of-file block: without it the file was cut short, or made by a very old program. */
export async function endsProperly(file: CheckedFile): Promise<boolean> {
  if (file.size < END_OF_FILE.length) return false
  const tail = await file.read(END_OF_FILE.length, file.size - END_OF_FILE.length)
  return tail.every((byte, i) => byte === END_OF_FILE[i])
}

/** BGZF of some bytes in blocks of `blockBytes` (at most 65,280, as bgzip has it), with the end-of-file block. */
export function bgzip(bytes: Uint8Array | string, blockBytes = 65_280): Uint8Array {
  const content = typeof bytes === 'string' ? new TextEncoder().encode(bytes) : bytes
  const parts: Uint8Array[] = []
  for (let at = 0; at < content.length; at += blockBytes) {
    const piece = content.subarray(at, at + blockBytes)
    const data = deflateRawSync(piece, { level: 9 })
    const block = new Uint8Array(18 + data.length + 8)
    block.set(END_OF_FILE.subarray(0, 16))
    const view = new DataView(block.buffer)
    view.setUint16(16, block.length - 1, true)
    block.set(data, 18)
    view.setUint32(18 + data.length, crc32(piece), true)
    view.setUint32(22 + data.length, piece.length, true)
    parts.push(block)
  }
  return Buffer.concat([...parts, END_OF_FILE])
}

const truncated = (path: string, offset: number) =>
  new WorkbenchError('truncated', `'${path}' ends within a compressed block at byte ${offset}`, 'copy or download it again') // biome-ignore format: one line

const corrupt = (path: string, offset: number, what: string, cause?: unknown) =>
  new WorkbenchError('corrupt', `'${path}' has ${what} at byte ${offset}`, 'copy or download it again', undefined, { cause }) // biome-ignore format: one line
