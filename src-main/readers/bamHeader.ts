import type { Contig } from '../../src-shared/genome/locus.ts'
import { WorkbenchError } from '../../src-shared/ipc/errors.ts'
import { type AlignmentHeader, describeHeader } from './alignments.ts'
import { type Block, blockSize, blocksOf, isGzip } from './blockGzip.ts'
import type { CheckedFile } from './checkedFile.ts'

export interface BamHeader extends AlignmentHeader {
  /** Where the first record begins: file offset of its block, and the byte within the unpacked block. */
  readonly firstRecord: { readonly block: number; readonly within: number }
}

/** No real header comes near: a larger claim is a wild length field. */
const MAX_TEXT = 512 * 1024 * 1024
const MAX_NAME = 65_536
/** Most headers lie in the first block or two; each block is unpacked only when its bytes are asked for. */
const PIECE = 128 * 1024
/** Bytes that tell a BGZF block from any other gzip member (SAM specification 4.1). */
const BLOCK_HEAD = 18

/**
 * Reads the header of a BAM file (SAM specification 4.2), never more than it needs. Lengths are believed only as far as bytes arrive for them.
 * @throws WorkbenchError `wrong-type`, `corrupt`, `truncated`, `changed`, `cancelled`
 */
export async function readBamHeader(file: CheckedFile, signal?: AbortSignal): Promise<BamHeader> {
  const { path } = file
  await ensureBlocks(file)
  const blocks = blocksOf(file, signal, 0, PIECE)
  let block: Block | undefined
  let at = 0
  /** Moves to the next block that holds a byte; false at the end of the file. */
  const filled = async (): Promise<boolean> => {
    while (!block || at === block.bytes.length) {
      const next = await blocks.next()
      if (next.done) return false
      block = next.value
      at = 0
    }
    return true
  }
  const take = async (length: number): Promise<Uint8Array> => {
    const parts: Uint8Array[] = []
    for (let missing = length; missing > 0; ) {
      if (!(await filled()) || !block)
        throw new WorkbenchError('truncated', `'${path}' ends within its header`, 'copy or download it again')
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
  try {
    // A complete file of blocks that are all empty: nothing is missing, there just is no BAM in it.
    if (!(await filled())) throw new WorkbenchError('wrong-type', `'${path}' holds no BAM header`, 'give a BAM or CRAM file') // biome-ignore format: one line
    const magic = await take(4)
    if (magic[0] !== 66 || magic[1] !== 65 || magic[2] !== 77 || magic[3] !== 1)
      // "BAM\1"
      throw new WorkbenchError('wrong-type', `'${path}' is compressed like a BAM file but holds something else`, 'give a BAM or CRAM file') // biome-ignore format: one line
    const textLength = await int()
    if (textLength < 0 || textLength > MAX_TEXT) throw corruptBam(path, `a header text of ${textLength} bytes`)
    const text = new TextDecoder().decode(await take(textLength)).replace(/\0+$/, '')
    const count = await int()
    if (count < 0) throw corruptBam(path, `a header of ${count} contigs`)
    const contigs: Contig[] = []
    const decoder = new TextDecoder()
    for (let i = 0; i < count; i++) {
      const nameLength = await int()
      if (nameLength < 1 || nameLength > MAX_NAME) throw corruptBam(path, `a contig name of ${nameLength} bytes`)
      const name = await take(nameLength)
      const length = await int()
      if (length < 0 || name[nameLength - 1] !== 0) throw corruptBam(path, `a damaged entry for contig ${i + 1}`)
      contigs.push({ name: decoder.decode(name.subarray(0, nameLength - 1)), length })
    }
    return { text, contigs, ...describeHeader(text), firstRecord: placeIn(block, at) }
  } finally {
    await blocks.return()
  }
}

/** A block that is used up to its end is left: what follows begins in the next. */
const placeIn = (block: Block | undefined, at: number) =>
  !block
    ? { block: 0, within: 0 }
    : at === block.bytes.length
      ? { block: block.offset + block.packedSize, within: 0 }
      : { block: block.offset, within: at }

/** @throws WorkbenchError `wrong-type` when the file does not begin like BGZF, `truncated` when it ends before that can be told */
async function ensureBlocks(file: CheckedFile): Promise<void> {
  const { path } = file
  const head = await file.read(BLOCK_HEAD, 0)
  if (!isGzip(head)) throw new WorkbenchError('wrong-type', `'${path}' is not a BAM file`, 'give a BAM or CRAM file')
  if (head.length < BLOCK_HEAD)
    throw new WorkbenchError('truncated', `'${path}' ends within its first block`, 'copy or download it again')
  // Other programs may put fields of their own before BGZF's.
  if (blockSize(head) === undefined && blockSize(await file.read(4096, 0)) === undefined)
    throw new WorkbenchError('wrong-type', `'${path}' is compressed, but not in blocks as a BAM file is`, 'give a BAM or CRAM file') // biome-ignore format: one line
}

export const corruptBam = (path: string, what: string): WorkbenchError =>
  new WorkbenchError('corrupt', `'${path}' has ${what}`, 'copy or download it again')
