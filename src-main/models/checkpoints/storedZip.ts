import { WorkbenchError } from '../../../src-shared/ipc/errors.ts'
import type { ByteSource } from './byteSource.ts'
import { crc32 } from './crc32.ts'

// PKWARE APPNOTE 6.3: 4.3.16 end of central directory, 4.3.14 and 4.3.15 the ZIP64 forms, 4.3.12 entries, 4.3.7 local headers.
const END = 0x06054b50
const END64 = 0x06064b50
const END64_LOCATOR = 0x07064b50
const CENTRAL = 0x02014b50
const LOCAL = 0x04034b50
const END_BYTES = 22
const MAX_COMMENT = 65_535
/** Names and sizes only: a million members take less. */
const MAX_DIRECTORY_BYTES = 128 * 1024 * 1024

export interface ZipMember {
  readonly name: string
  readonly size: number
  readonly crc: number
  readonly headerAt: number
}

/**
 * The members of a ZIP whose data are stored as they are, as torch.save writes it. Nothing is ever unpacked, so nothing can grow:
 * a compressed or encrypted member is refused by name when it is read.
 */
export class StoredZip {
  private constructor(
    private readonly source: ByteSource,
    readonly members: ReadonlyMap<string, ZipMember & { readonly refused: string | undefined }>,
    private readonly dataEnd: number,
  ) {}

  /** @throws WorkbenchError `wrong-type` (no ZIP), `corrupt`, `truncated` */
  static async open(source: ByteSource): Promise<StoredZip> {
    const { at, bytes, count } = await findDirectory(source)
    const directory = await source.read(at, at + bytes)
    return new StoredZip(source, readDirectory(directory, count, at, source.name), at)
  }

  member(name: string): ZipMember {
    const m = this.members.get(name)
    if (!m) throw new WorkbenchError('corrupt', `${this.source.name} has no member '${name}'`, 'get the file again')
    if (m.refused) throw new WorkbenchError('unsupported', `${this.source.name}: member '${name}' is ${m.refused}`, 'save the checkpoint again with torch.save') // biome-ignore format: one thought
    return m
  }

  /** Where the member's bytes lie in the file. */
  async locate(name: string): Promise<number> {
    const m = this.member(name)
    const head = new Reader(await this.source.read(m.headerAt, m.headerAt + 30))
    if (head.u32(0) !== LOCAL) throw corrupt(this.source, `member '${name}' does not begin where the directory says`)
    const start = m.headerAt + 30 + head.u16(26) + head.u16(28)
    if (start + m.size > this.dataEnd)
      throw corrupt(this.source, `member '${name}' of ${m.size} bytes goes beyond the data`)
    return start
  }

  /** A whole member, its checksum verified. */
  async readAll(name: string): Promise<Uint8Array> {
    const m = this.member(name)
    const start = await this.locate(name)
    const bytes = await this.source.read(start, start + m.size)
    this.verify(m, crc32(bytes))
    return bytes
  }

  /** Writers may leave the checksum out (0). */
  verify(m: ZipMember, crc: number): void {
    if (m.crc !== 0 && m.crc !== crc) throw corrupt(this.source, `the checksum of member '${m.name}' is wrong`)
  }
}

const corrupt = (source: { readonly name: string }, what: string) =>
  new WorkbenchError('corrupt', `${source.name}: ${what}`, 'get the file again')

class Reader {
  private readonly view: DataView
  constructor(readonly bytes: Uint8Array) {
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }
  u16 = (at: number) => this.view.getUint16(at, true)
  u32 = (at: number) => this.view.getUint32(at, true)
  u64 = (at: number) => Number(this.view.getBigUint64(at, true))
}

async function findDirectory(source: ByteSource): Promise<{ at: number; bytes: number; count: number }> {
  const tailAt = Math.max(0, source.size - END_BYTES - MAX_COMMENT)
  const tail = new Reader(await source.read(tailAt, source.size))
  let end = tail.bytes.length - END_BYTES
  while (end >= 0 && !(tail.u32(end) === END && end + END_BYTES + tail.u16(end + 20) === tail.bytes.length)) end--
  if (end < 0) {
    const head = new Reader(await source.read(0, Math.min(4, source.size)))
    if (head.bytes.length === 4 && head.u32(0) === LOCAL)
      throw new WorkbenchError('truncated', `${source.name} begins as a ZIP and has no directory at its end`, 'get the file again') // biome-ignore format: one thought
    throw new WorkbenchError('wrong-type', `${source.name} is not a ZIP`, 'give a file written by torch.save of PyTorch 1.6 or later') // biome-ignore format: one thought
  }
  let [count, bytes, at] = [tail.u16(end + 10), tail.u32(end + 12), tail.u32(end + 16)]
  const locator = end - 20
  if (locator >= 0 && tail.u32(locator) === END64_LOCATOR) {
    const where = tail.u64(locator + 8)
    if (!(where >= 0 && where + 56 <= source.size)) throw corrupt(source, 'its ZIP64 directory lies outside the file')
    const end64 = new Reader(await source.read(where, where + 56))
    if (end64.u32(0) !== END64) throw corrupt(source, 'its ZIP64 directory is not where it says')
    ;[count, bytes, at] = [end64.u64(32), end64.u64(40), end64.u64(48)]
  }
  if (!(at + bytes <= source.size)) throw corrupt(source, `its directory of ${bytes} bytes lies outside the file`)
  if (bytes > MAX_DIRECTORY_BYTES) throw corrupt(source, `its directory claims ${bytes} bytes`)
  return { at, bytes, count }
}

function readDirectory(bytes: Uint8Array, count: number, dataEnd: number, file: string) {
  const r = new Reader(bytes)
  const members = new Map<string, ZipMember & { readonly refused: string | undefined }>()
  const decoder = new TextDecoder()
  let at = 0
  for (let i = 0; i < count; i++) {
    if (at + 46 > bytes.length || r.u32(at) !== CENTRAL)
      throw corrupt({ name: file }, `its directory ends after ${i} of ${count} members`)
    const [flags, method, crc] = [r.u16(at + 8), r.u16(at + 10), r.u32(at + 16)]
    let [packed, size, headerAt] = [r.u32(at + 20), r.u32(at + 24), r.u32(at + 42)]
    const [nameBytes, extraBytes, commentBytes] = [r.u16(at + 28), r.u16(at + 30), r.u16(at + 32)]
    const extraAt = at + 46 + nameBytes
    if (extraAt + extraBytes + commentBytes > bytes.length)
      throw corrupt({ name: file }, `its directory is cut at member ${i}`)
    const name = decoder.decode(bytes.subarray(at + 46, extraAt))
    for (let x = extraAt; x + 4 <= extraAt + extraBytes; x += 4 + r.u16(x + 2)) {
      if (r.u16(x) !== 1) continue // 4.5.3: the ZIP64 values stand in this order, each only where the short field is full
      let field = x + 4
      const fieldEnd = Math.min(field + r.u16(x + 2), extraAt + extraBytes)
      const wide = (short: number) => {
        if (short !== 0xffffffff || field + 8 > fieldEnd) return short
        field += 8
        return r.u64(field - 8)
      }
      size = wide(size)
      packed = wide(packed)
      headerAt = wide(headerAt)
    }
    const refused = method !== 0 ? `compressed (method ${method})` : flags & 1 ? 'encrypted' : undefined
    if (!refused && (packed !== size || !(headerAt + 30 + size <= dataEnd)))
      throw corrupt({ name: file }, `member '${name.slice(0, 80)}' claims ${size} bytes, more than the file has`)
    if (members.has(name)) throw corrupt({ name: file }, `two members are named '${name.slice(0, 80)}'`)
    members.set(name, { name, size, crc, headerAt, refused })
    at = extraAt + extraBytes + commentBytes
  }
  return members
}
