import { throwIfCancelled, WorkbenchError } from '../../src-shared/ipc/errors.ts'
import { BLOCK_MAX, inflateBlock } from './blockGzip.ts'
import type { CheckedFile } from './checkedFile.ts'
import { byteOf, type FaiEntry, type GziIndex } from './faiIndex.ts'

/** Bytes of an uncompressed FASTA by range, whether it is packed or not. */
export type ByteRange = (start: number, end: number, signal?: AbortSignal) => Promise<Uint8Array>

const PIECE = 4 * 1024 * 1024

/**
 * Bases [start, end) of an entry as stored, read in pieces of about 4 MB. Every line end is checked to be where the index says.
 * @throws WorkbenchError `bad-index` when the bytes there are no sequence: the index is of another file
 */
export async function readBases(
  read: ByteRange,
  entry: FaiEntry,
  start: number,
  end: number,
  path: string,
  signal?: AbortSignal,
): Promise<string> {
  const parts: string[] = []
  const linesAPiece = Math.max(1, Math.floor(PIECE / entry.lineBytes))
  for (let from = start; from < end; ) {
    throwIfCancelled(signal)
    const line = Math.floor(from / entry.lineBases)
    // A single line may be as long as a chromosome: then the piece ends within it.
    const to =
      entry.lineBases > PIECE ? Math.min(end, from + PIECE, (line + 1) * entry.lineBases) : Math.min(end, (line + linesAPiece) * entry.lineBases) // biome-ignore format: one choice a line
    const first = byteOf(entry, from)
    const bytes = await read(first, byteOf(entry, to - 1) + 1, signal)
    parts.push(withoutLineEnds(bytes, entry, from, to, path))
    from = to
  }
  return parts.join('')
}

function withoutLineEnds(bytes: Uint8Array, entry: FaiEntry, from: number, to: number, path: string): string {
  const bases = Buffer.alloc(to - from)
  let column = from % entry.lineBases
  let done = 0
  for (let at = 0; at < bytes.length; ) {
    const count = Math.min(entry.lineBases - column, bases.length - done)
    bases.set(bytes.subarray(at, at + count), done)
    at += count
    done += count
    column = 0
    if (at >= bytes.length) break
    for (let i = entry.lineBases; i < entry.lineBytes; i++, at++)
      if (bytes[at] !== 10 && bytes[at] !== 13) throw notThisFile(path, entry)
  }
  if (done !== bases.length) throw notThisFile(path, entry)
  for (const base of bases) if (base <= 32 || base === 62 || base > 126) throw notThisFile(path, entry)
  return bases.toString('latin1')
}

export const plainRange =
  (file: CheckedFile): ByteRange =>
  (start, end) =>
    file.read(end - start, start)

/** Ranges of a bgzip file through its .gzi: only the blocks that the range touches are read. */
export function bgzipRange(file: CheckedFile, index: GziIndex): ByteRange {
  const { packed, unpacked } = index
  return async (start, end, signal) => {
    let block = lastAtOrBefore(unpacked, start)
    const out = new Uint8Array(end - start)
    let done = 0
    while (done < out.length) {
      throwIfCancelled(signal)
      const offset = packed[block]
      if (offset === undefined) throw gziMismatch(file.path)
      const next = packed[block + 1]
      const held = await file.read(next === undefined ? BLOCK_MAX : next - offset, offset)
      const { bytes, packedSize } = inflateBlock(held, 0, file.path, offset)
      if (
        next !== undefined &&
        (packedSize !== next - offset || bytes.length !== unpacked[block + 1]! - unpacked[block]!)
      )
        throw gziMismatch(file.path)
      const part = bytes.subarray(start + done - unpacked[block]!, end - unpacked[block]!)
      if (part.length === 0) throw gziMismatch(file.path)
      out.set(part, done)
      done += part.length
      block++
    }
    return out
  }
}

/** Index of the last entry that is not above `value`; entries ascend and the first is 0. */
function lastAtOrBefore(ascending: Float64Array, value: number): number {
  let low = 0
  let high = ascending.length
  while (high - low > 1) {
    const middle = (low + high) >> 1
    if (ascending[middle]! <= value) low = middle
    else high = middle
  }
  return low
}

const notThisFile = (path: string, entry: FaiEntry) =>
  new WorkbenchError('bad-index', `the index of '${path}' does not fit its contig '${entry.name.slice(0, 60)}'`, `rebuild it with 'diploscope index --force ${path}'`) // biome-ignore format: one line

const gziMismatch = (path: string) =>
  new WorkbenchError('bad-index', `'${path}.gzi' does not fit the file's blocks`, `rebuild it with 'diploscope index --force ${path}'`) // biome-ignore format: one line
