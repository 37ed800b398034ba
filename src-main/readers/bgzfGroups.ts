import { gunzip } from 'node:zlib'
import { throwIfCancelled, WorkbenchError } from '../../src-shared/ipc/errors.ts'
import { BLOCK_MAX, blockSize } from './blockGzip.ts'
import type { CheckedFile } from './checkedFile.ts'

/**
 * Several consecutive BGZF blocks, inflated into one buffer. Block `k` begins at file offset `offsets[k]` and at
 * `starts[k]` of `bytes`; both have one entry more, for the place where the next block would begin.
 */
export interface BlockGroup {
  readonly bytes: Uint8Array
  readonly blocks: number
  readonly offsets: Float64Array
  readonly starts: Int32Array
}

/** Packed bytes of the first read and of later ones: a single site needs a few blocks, a chromosome wants long strides. */
const FIRST_READ = 96 * 1024
const LARGEST_READ = 384 * 1024
/** Groups that inflate on the thread pool while the caller works on the one before. */
const AHEAD = 3

/**
 * The blocks from file offset `from` (the begin of a block) up to the block that begins at `last`, which is included, in
 * groups that are inflated on the thread pool while the caller counts. zlib reads a group as one gzip file of many members
 * and checks the CRC32 and the length of each.
 * @throws WorkbenchError `corrupt`, `truncated`, `changed`, `cancelled`
 */
export async function* blockGroups(
  file: CheckedFile,
  from: number,
  last: number,
  signal?: AbortSignal,
): AsyncGenerator<BlockGroup, void> {
  const limit = Math.min(file.size, last + BLOCK_MAX)
  const waiting: Promise<BlockGroup>[] = []
  let at = from
  let size = FIRST_READ
  try {
    while (true) {
      while (waiting.length < AHEAD && at < limit && at <= last) {
        throwIfCancelled(signal)
        const packed = await file.read(Math.max(Math.min(size, limit - at), Math.min(BLOCK_MAX, file.size - at)), at)
        size = Math.min(size * 2, LARGEST_READ)
        const layout = findBlocks(packed, file.path, at, last, at + packed.length >= file.size)
        at += layout.packed
        const inflating = inflateGroup(packed, layout, file.path)
        inflating.catch(() => undefined) // reported when it is awaited; a caller that stops early never awaits it
        waiting.push(inflating)
      }
      const next = waiting.shift()
      if (!next) return
      const group = await next
      throwIfCancelled(signal)
      yield group
    }
  } finally {
    await Promise.allSettled(waiting)
  }
}

interface Layout {
  readonly packed: number
  readonly blocks: number
  readonly offsets: Float64Array
  readonly starts: Int32Array
}

/** Finds the whole blocks of `packed`, which begins at file offset `base`, up to the one that begins at `last`. */
function findBlocks(packed: Uint8Array, path: string, base: number, last: number, atEnd: boolean): Layout {
  const offsets: number[] = []
  const starts: number[] = []
  let at = 0
  let unpacked = 0
  while (at < packed.length && base + at <= last) {
    const size = blockSize(packed, at)
    if (size === undefined) {
      if (packed.length - at >= BLOCK_MAX || atEnd)
        throw packed.length - at < 18 ? cutShort(path, base + at) : damaged(path, base + at, 'no block header')
      break
    }
    if (at + size > packed.length) {
      if (atEnd) throw cutShort(path, base + at)
      break
    }
    if (size < 26) throw damaged(path, base + at, 'an impossible block length')
    const tail = at + size - 4
    const length =
      (packed[tail]! | (packed[tail + 1]! << 8) | (packed[tail + 2]! << 16) | (packed[tail + 3]! << 24)) >>> 0
    if (length > BLOCK_MAX) throw damaged(path, base + at, `a block of ${length} bytes`)
    offsets.push(base + at)
    starts.push(unpacked)
    unpacked += length
    at += size
  }
  if (offsets.length === 0) throw damaged(path, base, 'no block header')
  offsets.push(base + at)
  starts.push(unpacked)
  return {
    packed: at,
    blocks: offsets.length - 1,
    offsets: Float64Array.from(offsets),
    starts: Int32Array.from(starts),
  }
}

function inflateGroup(packed: Uint8Array, layout: Layout, path: string): Promise<BlockGroup> {
  const expected = layout.starts[layout.blocks]!
  const first = layout.offsets[0]!
  return new Promise((resolve, reject) => {
    // One output buffer a little larger than needed: zlib then finishes the whole group in one pass on the thread pool.
    const options = { chunkSize: expected + 64, maxOutputLength: expected + 64 }
    gunzip(packed.subarray(0, layout.packed), options, (error, content) => {
      if (error) return reject(damaged(path, first, 'a damaged or wrongly checksummed block', error))
      if (content.length !== expected)
        return reject(damaged(path, first, `${content.length} bytes instead of ${expected}`))
      const bytes = new Uint8Array(content.buffer, content.byteOffset, content.length)
      resolve({ bytes, blocks: layout.blocks, offsets: layout.offsets, starts: layout.starts })
    })
  })
}

const cutShort = (path: string, offset: number) =>
  new WorkbenchError('truncated', `'${path}' ends within a compressed block at byte ${offset}`, 'copy or download it again') // biome-ignore format: one line

const damaged = (path: string, offset: number, what: string, cause?: unknown) =>
  new WorkbenchError('corrupt', `'${path}' has ${what} at byte ${offset} or soon after`, 'copy or download it again', undefined, { cause }) // biome-ignore format: one line
