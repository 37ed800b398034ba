import { WorkbenchError } from '../../src-shared/ipc/errors.ts'
import { corruptBam } from './bamHeader.ts'
import { type Block, blocksOf } from './blockGzip.ts'
import type { CheckedFile } from './checkedFile.ts'

/** A record longer than this is no honest one. */
const MAX_RECORD = 256 * 1024 * 1024

/** A place in a BGZF file as one number: file offset of the block x 65,536 + byte within it. Exact below 2^53: files below 128 GiB. */
export const virtualOffset = (block: Block, within: number): number =>
  within === block.bytes.length ? (block.offset + block.packedSize) * 65_536 : block.offset * 65_536 + within

/** Called with the raw bytes of a record after its length field, and the virtual offsets where it begins and ends. */
export type OnRecord = (bytes: Uint8Array, at: number, length: number, begin: number, end: number) => void

/**
 * Splits the blocks of a BAM into records, from the virtual offset of the first. A record within one block is passed as a view.
 * @returns the virtual offset of the end @throws WorkbenchError `corrupt`, `truncated`, `cancelled`
 */
export async function scanRecords(
  file: CheckedFile,
  firstRecord: number,
  onRecord: OnRecord,
  onBlock: (packedEnd: number) => void,
  signal?: AbortSignal,
): Promise<number> {
  let skip = firstRecord % 65_536
  let begin = firstRecord
  /** A record that began in an earlier block: its bytes so far, and how many it takes in all (4 until its length is known). */
  let held = new Uint8Array(0)
  let heldLength = 0
  let wanted = 0
  for await (const block of blocksOf(file, signal, Math.floor(firstRecord / 65_536))) {
    const { bytes } = block
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    let at = skip
    skip = 0
    while (at < bytes.length) {
      if (heldLength === 0 && bytes.length - at >= 4) {
        const length = recordLength(view.getInt32(at, true), file.path, begin)
        if (bytes.length - at >= 4 + length) {
          const end = virtualOffset(block, at + 4 + length)
          onRecord(bytes, at + 4, length, begin, end)
          at += 4 + length
          begin = end
          continue
        }
        wanted = 4 + length
        held = new Uint8Array(wanted)
      } else if (heldLength === 0) {
        wanted = 4
        held = new Uint8Array(4)
      }
      const part = bytes.subarray(at, at + wanted - heldLength)
      held.set(part, heldLength)
      heldLength += part.length
      at += part.length
      if (heldLength < wanted) break
      if (wanted === 4) {
        wanted = 4 + recordLength(new DataView(held.buffer).getInt32(0, true), file.path, begin)
        const whole = new Uint8Array(wanted)
        whole.set(held)
        held = whole
        continue
      }
      const end = virtualOffset(block, at)
      onRecord(held, 4, wanted - 4, begin, end)
      begin = end
      heldLength = 0
    }
    onBlock(block.offset + block.packedSize)
  }
  if (heldLength > 0) throw new WorkbenchError('truncated', `'${file.path}' ends within a record`, 'copy or download it again') // biome-ignore format: one line
  return file.size * 65_536
}

function recordLength(length: number, path: string, begin: number): number {
  // 32 bytes of fixed fields and a name of at least its NUL.
  if (length < 33 || length > MAX_RECORD) throw corruptBam(path, `a record of ${length} bytes at byte ${Math.floor(begin / 65_536)}`) // biome-ignore format: one line
  return length
}
