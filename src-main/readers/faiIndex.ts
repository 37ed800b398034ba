import { WorkbenchError } from '../../src-shared/ipc/errors.ts'

/** One line of a .fai (samtools faidx(5)). Offsets and widths are bytes of the uncompressed file. */
export interface FaiEntry {
  readonly name: string
  /** bases */
  readonly length: number
  /** of the first base */
  readonly offset: number
  readonly lineBases: number
  /** with the line's end */
  readonly lineBytes: number
}

/** Where each BGZF block begins, packed and unpacked; the first entry is (0, 0). */
export interface GziIndex {
  readonly packed: Float64Array
  readonly unpacked: Float64Array
}

const REBUILD = (path: string) => `rebuild it with 'diploscope index --force ${path.replace(/\.(fai|gzi)$/, '')}'`

export const formatFai = (entries: readonly FaiEntry[]): string =>
  entries.map(e => `${e.name}\t${e.length}\t${e.offset}\t${e.lineBases}\t${e.lineBytes}\n`).join('')

/**
 * Parses a .fai. `uncompressedSize` (bytes), where known, bounds what the entries may point to.
 * @throws WorkbenchError `bad-index` naming the first line that cannot be right
 */
export function parseFai(text: string, path: string, uncompressedSize = Number.MAX_SAFE_INTEGER): FaiEntry[] {
  const entries: FaiEntry[] = []
  const names = new Set<string>()
  const bad = (line: number, what: string) => new WorkbenchError('bad-index', `line ${line} of '${path}' ${what}`, REBUILD(path)) // biome-ignore format: one line
  const lines = text.split('\n')
  for (const [i, line] of lines.entries()) {
    if (line === '' && i === lines.length - 1) break
    const fields = line.replace(/\r$/, '').split('\t')
    if (fields.length === 6) throw bad(i + 1, 'has six columns: it indexes a FASTQ')
    const [name, ...rest] = fields
    const numbers = rest.map(field => (/^\d{1,15}$/.test(field) ? Number(field) : Number.NaN))
    const [length, offset, lineBases, lineBytes] = numbers
    if (fields.length !== 5 || numbers.some(Number.isNaN))
      throw bad(i + 1, `is not 'name length offset linebases linewidth'`)
    const entry = { name: name!, length: length!, offset: offset!, lineBases: lineBases!, lineBytes: lineBytes! }
    if (names.has(entry.name)) throw bad(i + 1, `names '${entry.name.slice(0, 60)}' a second time`)
    if (entry.length > 0 && (entry.lineBases === 0 || entry.lineBytes < entry.lineBases))
      throw bad(i + 1, 'has impossible line widths')
    if (entry.length > 0 && byteOf(entry, entry.length - 1) >= uncompressedSize)
      throw bad(i + 1, `points beyond the end of the file: the index belongs to another one`)
    names.add(entry.name)
    entries.push(entry)
  }
  if (entries.length === 0) throw new WorkbenchError('bad-index', `'${path}' is empty`, REBUILD(path))
  return entries
}

/** Byte of the uncompressed file that holds a base (0-based). */
export const byteOf = (e: FaiEntry, base: number): number =>
  e.offset + Math.floor(base / e.lineBases) * e.lineBytes + (base % e.lineBases)

/** The bytes of a .gzi: a count, then for every block but the first its packed and unpacked start, 64 bits each (bgzip(1)). */
export function formatGzi(index: GziIndex): Uint8Array {
  const count = index.packed.length - 1
  const bytes = new Uint8Array(8 + 16 * count)
  const view = new DataView(bytes.buffer)
  view.setBigUint64(0, BigInt(count), true)
  for (let i = 1; i <= count; i++) {
    view.setBigUint64(16 * i - 8, BigInt(index.packed[i] ?? 0), true)
    view.setBigUint64(16 * i, BigInt(index.unpacked[i] ?? 0), true)
  }
  return bytes
}

/** @throws WorkbenchError `bad-index`: a count that is not the file's, starts that do not ascend or leave the file of `packedSize` bytes */
export function parseGzi(bytes: Uint8Array, path: string, packedSize: number): GziIndex {
  const bad = (what: string) => new WorkbenchError('bad-index', `'${path}' ${what}`, REBUILD(path))
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const count = (bytes.length - 8) / 16
  if (bytes.length < 8 || !Number.isInteger(count) || view.getBigUint64(0, true) !== BigInt(count))
    throw bad(`is not a .gzi index: ${bytes.length} bytes do not fit its count`)
  const packed = new Float64Array(count + 1)
  const unpacked = new Float64Array(count + 1)
  for (let i = 1; i <= count; i++) {
    packed[i] = Number(view.getBigUint64(16 * i - 8, true))
    unpacked[i] = Number(view.getBigUint64(16 * i, true))
    if (packed[i]! <= packed[i - 1]! || unpacked[i]! < unpacked[i - 1]!) throw bad(`has block ${i} out of order`)
    if (packed[i]! > packedSize) throw bad('points beyond the end of the file: it belongs to another one')
  }
  return { packed, unpacked }
}
