import { crc32, gunzipSync } from 'node:zlib'
import type { Contig } from '../../src-shared/genome/locus.ts'
import { WorkbenchError } from '../../src-shared/ipc/errors.ts'
import { type AlignmentHeader, describeHeader } from './alignments.ts'
import type { CheckedFile } from './checkedFile.ts'

export interface CramHeader extends AlignmentHeader {
  readonly version: string
  readonly majorVersion: 2 | 3
  /** `M5` of each @SQ line where given: MD5 of the contig's upper-case sequence (SAM spec 1.3.2). */
  readonly md5s: ReadonlyMap<string, string>
  /** File offset of the first container after the header's. */
  readonly firstContainer: number
}

/** A container's header (CRAM spec 3.0, section 7). Offsets and sizes in bytes. */
export interface ContainerHeader {
  readonly offset: number
  /** Where its blocks begin, and where they end. */
  readonly blocksAt: number
  readonly end: number
  /** -1 unplaced, -2 several contigs */
  readonly contig: number
  readonly records: number
  readonly blocks: number
}

/** A block's header and place. */
export interface BlockPlace {
  readonly method: number
  readonly contentType: number
  readonly dataAt: number
  readonly packedSize: number
  readonly unpackedSize: number
  /** past its checksum */
  readonly end: number
}

const MAX_HEADER = 256 * 1024 * 1024
const MAX_CONTAINER_HEADER = 64 * 1024

/** The containers that end a complete file, as the specifications print them; the second is CRAM 2.1's. */
const END_3 = Buffer.from('0f000000ffffffff0fe0454f4600000000010005bdd94f0001000606010001000100ee63014b', 'hex')
const END_2 = Buffer.from('0b000000ffffffff0fe0454f460000000001000001000606010001000100', 'hex')

/**
 * Reads a CRAM's definition, SAM header and end. Lengths are checked against the file before they are used.
 * @throws WorkbenchError `wrong-type`, `unsupported` (version), `truncated` (no end-of-file container), `corrupt`
 */
export async function readCramHeader(file: CheckedFile): Promise<CramHeader> {
  const { path } = file
  const head = await file.read(26, 0)
  if (Buffer.from(head.subarray(0, 4)).toString('latin1') !== 'CRAM')
    throw new WorkbenchError('wrong-type', `'${path}' is not a CRAM`, 'give a CRAM or BAM file')
  const [major = 0, minor = 0] = [head[4], head[5]]
  if (head.length < 26) throw truncated(path)
  if (major !== 3 && !(major === 2 && minor === 1))
    throw new WorkbenchError(
      'unsupported',
      `'${path}' is CRAM ${major}.${minor}`,
      'convert it to CRAM 3.0: samtools view -C',
    )
  const container = await readContainer(file, 26, major)
  const block = await readBlockPlace(file, container.blocksAt, major)
  if (block.contentType !== 0) throw corruptCram(path, 'no header block in its first container')
  const packed = await checkBlock(file, container.blocksAt, block, major)
  if (block.unpackedSize > MAX_HEADER) throw corruptCram(path, `a header of ${block.unpackedSize} bytes`)
  let content: Uint8Array
  if (block.method === 0) content = packed
  else if (block.method === 1)
    try {
      content = gunzipSync(packed, { maxOutputLength: MAX_HEADER })
    } catch (error) {
      throw corruptCram(path, 'a header that cannot be unpacked', error)
    }
  else throw new WorkbenchError('unsupported', `the header of '${path}' is packed by method ${block.method}`, 'rewrite it with samtools view -C') // biome-ignore format: one line
  const length = content.length < 4 ? -1 : new DataView(content.buffer, content.byteOffset).getInt32(0, true)
  if (length < 0 || length > content.length - 4) throw corruptCram(path, `a header text of ${length} bytes`)
  const text = new TextDecoder().decode(content.subarray(4, 4 + length)).replace(/\0+$/, '')
  const { contigs, md5s } = contigsOf(text, path)
  const end = major === 3 ? END_3 : END_2
  const tail = await file.read(end.length, Math.max(0, file.size - end.length))
  // The high bits of this byte lie beyond the 32-bit value that it ends: writers differ (htslib cram_io.c).
  if (tail.length > 8) tail[8]! &= 0x0f
  if (!end.equals(tail)) throw truncated(path)
  return {
    text,
    contigs,
    md5s,
    ...describeHeader(text),
    version: `${major}.${minor}`,
    majorVersion: major === 3 ? 3 : 2,
    firstContainer: container.end,
  }
}

function contigsOf(text: string, path: string): { contigs: Contig[]; md5s: Map<string, string> } {
  const contigs: Contig[] = []
  const md5s = new Map<string, string>()
  for (const line of text.split('\n')) {
    if (!line.startsWith('@SQ\t')) continue
    const fields = line.replace(/\r$/, '').split('\t')
    const value = (tag: string) => fields.find(f => f.startsWith(`${tag}:`))?.slice(3)
    const name = value('SN')
    const length = Number(value('LN'))
    if (name === undefined || !Number.isInteger(length) || length < 0)
      throw corruptCram(path, `a damaged @SQ line for contig ${contigs.length + 1}`)
    contigs.push({ name, length })
    const md5 = value('M5')
    if (md5 && /^[0-9a-f]{32}$/i.test(md5)) md5s.set(name, md5.toLowerCase())
  }
  return { contigs, md5s }
}

/** @throws WorkbenchError `corrupt`, `truncated` */
export async function readContainer(file: CheckedFile, offset: number, major: number): Promise<ContainerHeader> {
  const bytes = await file.read(MAX_CONTAINER_HEADER, offset)
  const cursor = new Cursor(bytes, file.path, offset)
  const length = cursor.int32()
  const contig = cursor.itf8()
  cursor.itf8()
  cursor.itf8()
  const records = cursor.itf8()
  if (major === 3) cursor.ltf8()
  else cursor.itf8()
  cursor.ltf8()
  const blocks = cursor.itf8()
  const landmarks = cursor.itf8()
  if (landmarks < 0 || landmarks > MAX_CONTAINER_HEADER) throw corruptCram(file.path, `${landmarks} slices in the container at byte ${offset}`) // biome-ignore format: one line
  for (let i = 0; i < landmarks; i++) cursor.itf8()
  if (major === 3) cursor.crc(0)
  const blocksAt = offset + cursor.at
  if (length < 0 || blocks < 0 || records < 0) throw corruptCram(file.path, `impossible counts in the container at byte ${offset}`) // biome-ignore format: one line
  if (blocksAt + length > file.size) throw truncated(file.path)
  return { offset, blocksAt, end: blocksAt + length, contig, records, blocks }
}

/** @throws WorkbenchError `corrupt`, `truncated` */
export async function readBlockPlace(file: CheckedFile, offset: number, major: number): Promise<BlockPlace> {
  const cursor = new Cursor(await file.read(20, offset), file.path, offset)
  const method = cursor.byte()
  const contentType = cursor.byte()
  cursor.itf8()
  const packedSize = cursor.itf8()
  const unpackedSize = cursor.itf8()
  if (packedSize < 0 || unpackedSize < 0) throw corruptCram(file.path, `a block of impossible size at byte ${offset}`)
  const dataAt = offset + cursor.at
  const end = dataAt + packedSize + (major === 3 ? 4 : 0)
  if (end > file.size) throw truncated(file.path)
  return { method, contentType, dataAt, packedSize, unpackedSize, end }
}

/**
 * Checks what protects a block: its own checksum (CRAM 3), or in CRAM 2.1, which has none, that of gzip.
 * @returns its packed content @throws WorkbenchError `corrupt`
 */
export async function checkBlock(
  file: CheckedFile,
  offset: number,
  block: BlockPlace,
  major: number,
): Promise<Uint8Array> {
  const bytes = await file.read(block.end - offset, offset)
  const dataStart = block.dataAt - offset
  const packed = bytes.subarray(dataStart, dataStart + block.packedSize)
  if (major === 3) {
    const dataEnd = dataStart + block.packedSize
    if (crc32(bytes.subarray(0, dataEnd)) !== new DataView(bytes.buffer).getUint32(dataEnd, true))
      throw corruptCram(file.path, `a wrong checksum in the block at byte ${offset}`)
  } else if (block.method === 1) {
    let unpackedSize = -1
    try {
      unpackedSize = gunzipSync(packed, { maxOutputLength: block.unpackedSize + 1 }).length
    } catch (error) {
      throw corruptCram(file.path, `a block that cannot be unpacked at byte ${offset}`, error)
    }
    if (unpackedSize !== block.unpackedSize) throw corruptCram(file.path, `a block of a wrong size at byte ${offset}`)
  } else if (
    block.method === 0 ? block.packedSize !== block.unpackedSize : block.method === 4 && !ransFits(packed, block)
  )
    throw corruptCram(file.path, `a block of a wrong size at byte ${offset}`)
  return packed
}

/** A rANS 4x8 stream begins with its order and the sizes of its content, packed and unpacked (CRAM spec 13.1). */
function ransFits(packed: Uint8Array, block: BlockPlace): boolean {
  if (block.unpackedSize === 0) return true
  if (packed.length < 9 || packed[0]! > 1) return false
  const view = new DataView(packed.buffer, packed.byteOffset)
  return view.getUint32(1, true) === packed.length - 9 && view.getUint32(5, true) === block.unpackedSize
}

/** Reads CRAM's variable-length integers (CRAM spec 2.3). */
class Cursor {
  at = 0
  constructor(
    private readonly bytes: Uint8Array,
    private readonly path: string,
    private readonly offset: number,
  ) {}
  byte(): number {
    const value = this.bytes[this.at++]
    if (value === undefined) throw truncated(this.path)
    return value
  }
  int32(): number {
    return this.byte() | (this.byte() << 8) | (this.byte() << 16) | (this.byte() << 24)
  }
  itf8(): number {
    const first = this.byte()
    if (first < 0x80) return first
    if (first < 0xc0) return ((first & 0x3f) << 8) | this.byte()
    if (first < 0xe0) return ((first & 0x1f) << 16) | (this.byte() << 8) | this.byte()
    if (first < 0xf0) return ((first & 0x0f) << 24) | (this.byte() << 16) | (this.byte() << 8) | this.byte()
    const middle = ((first & 0x0f) << 28) | (this.byte() << 20) | (this.byte() << 12) | (this.byte() << 4)
    return middle | (this.byte() & 0x0f)
  }
  /** Passed over: a counter that nothing here needs. */
  ltf8(): void {
    const first = this.byte()
    for (let more = Math.clz32(~(first << 24)); more > 0; more--) this.byte()
  }
  /** Checks the checksum that follows the bytes from `start`. */
  crc(start: number): void {
    const computed = crc32(this.bytes.subarray(start, this.at))
    if (this.int32() >>> 0 !== computed) throw corruptCram(this.path, `a wrong checksum in the container at byte ${this.offset}`) // biome-ignore format: one line
  }
}

export const truncated = (path: string) =>
  new WorkbenchError(
    'truncated',
    `'${path}' lacks the container that ends a complete CRAM`,
    'copy or download it again',
  )

export const corruptCram = (path: string, what: string, cause?: unknown) =>
  new WorkbenchError('corrupt', `'${path}' has ${what}`, 'copy or download it again', undefined, { cause })
