import type { Contig } from '../../src-shared/genome/locus.ts'
import { WorkbenchError } from '../../src-shared/ipc/errors.ts'
import { type Block, blocksOf } from './blockGzip.ts'
import type { CheckedFile } from './checkedFile.ts'

export interface BamHeader {
  /** SAM header text. */
  readonly text: string
  readonly contigs: readonly Contig[]
  /** Virtual offset of the first record: file offset of its block x 65,536 + offset in the block. */
  readonly firstRecord: number
}

/** A record or header text longer than this is no honest one. */
const MAX_RECORD = 256 * 1024 * 1024
/** BAM's "virtual offset" as a number is exact below 2^53: files below 128 GiB. */
const MAX_FILE = 2 ** 37

export const virtualOffset = (block: Block, within: number): number =>
  within === block.bytes.length ? (block.offset + block.packedSize) * 65_536 : block.offset * 65_536 + within

/** Reads BAM's binary header (SAM spec 4.2), never more than it needs. @throws WorkbenchError `wrong-type`, `corrupt`, `truncated` */
export async function readBamHeader(file: CheckedFile, signal?: AbortSignal): Promise<BamHeader> {
  if (file.size > MAX_FILE)
    throw new WorkbenchError(
      'unsupported',
      `'${file.path}' is larger than 128 GiB`,
      'split it by contig, e.g. with samtools view',
    )
  const blocks = blocksOf(file, signal, 0, 256 * 1024)
  let block: Block | undefined
  let at = 0
  const take = async (length: number): Promise<Uint8Array> => {
    if (length > MAX_RECORD) throw corruptBam(file.path, `a header part of ${length} bytes`)
    const parts: Uint8Array[] = []
    for (let missing = length; missing > 0; ) {
      if (!block || at === block.bytes.length) {
        const next = await blocks.next()
        if (next.done) throw new WorkbenchError('truncated', `'${file.path}' ends within its header`, 'copy or download it again') // biome-ignore format: one line
        block = next.value
        at = 0
        continue
      }
      const part = block.bytes.subarray(at, at + missing)
      parts.push(part)
      at += part.length
      missing -= part.length
    }
    return parts.length === 1 ? parts[0]! : Uint8Array.from(Buffer.concat(parts))
  }
  const int = async () => {
    const bytes = await take(4)
    return new DataView(bytes.buffer, bytes.byteOffset).getInt32(0, true)
  }
  const length = async (what: string) => {
    const value = await int()
    if (value < 0) throw corruptBam(file.path, `${what} of ${value}`)
    return value
  }
  try {
    const magic = await take(4)
    if (magic[0] !== 66 || magic[1] !== 65 || magic[2] !== 77 || magic[3] !== 1)
      throw new WorkbenchError('wrong-type', `'${file.path}' is compressed like a BAM but holds something else`, 'give a BAM file') // biome-ignore format: one line
    const text = Buffer.from(await take(await length('a header length'))).toString('utf8').replace(/\0+$/, '') // biome-ignore format: one line
    const count = await length('a contig count')
    const contigs: Contig[] = []
    for (let i = 0; i < count; i++) {
      const nameBytes = await take(await length('a name length'))
      const name = Buffer.from(nameBytes)
        .toString('latin1')
        .replace(/\0[\s\S]*$/, '')
      contigs.push({ name, length: await length(`a length of contig '${name.slice(0, 60)}'`) })
    }
    return { text, contigs, firstRecord: block ? virtualOffset(block, at) : 0 }
  } finally {
    await blocks.return()
  }
}

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

export const corruptBam = (path: string, what: string): WorkbenchError =>
  new WorkbenchError('corrupt', `'${path}' has ${what}`, 'copy or download it again')
