import type { Contig } from '../../src-shared/genome/locus.ts'
import { WorkbenchError } from '../../src-shared/ipc/errors.ts'
import { joined, packBlockGzip } from './blockGzipWriter.ts'

/** One alignment to be written. Positions are 0-based; -1 where there is none. */
export interface BamRecord {
  readonly name: string
  readonly flag: number
  /** Index into the header's contigs, -1 for none. */
  readonly contig: number
  readonly start: number
  readonly mappingQuality: number
  /** As in SAM: `98M2D52M`, or `*`. */
  readonly cigar: string
  /** As stored, on the forward strand of the reference; `*` for none. */
  readonly sequence: string
  /** Phred, one a base; absent: not stored. */
  readonly qualities?: ArrayLike<number>
  readonly mateContig?: number
  readonly mateStart?: number
  readonly templateLength?: number
  /** Text tags (type Z), such as `{ RG: 'r1' }`. */
  readonly tags?: Readonly<Record<string, string>>
}

export interface BamContent {
  readonly contigs: readonly Contig[]
  /** Header lines after @HD and @SQ: read groups, programs, comments. */
  readonly headerLines?: readonly string[]
  /** Written in coordinate order; records of equal start keep their order, those without a contig come last. */
  readonly records: readonly BamRecord[]
}

const CIGAR_OPERATIONS = 'MIDNSHP=X'
const BASE_CODES = '=ACMGRSVTWYHKDBN'
const CONSUMES_REFERENCE = new Set(['M', 'D', 'N', '=', 'X'])
const CONSUMES_READ = new Set(['M', 'I', 'S', '=', 'X'])

/**
 * A BAM file (SAM spec 4.2), sorted by coordinate. The same content gives the same bytes with the same zlib.
 * @throws WorkbenchError `bad-input` when a CIGAR is none, or does not fit its sequence or the qualities.
 */
export function writeBam(content: BamContent): Uint8Array {
  const place = (r: BamRecord) => (r.contig < 0 ? Number.POSITIVE_INFINITY : r.contig)
  const records = [...content.records].sort((a, b) => (place(a) === place(b) ? a.start - b.start : place(a) - place(b)))
  return packBlockGzip(joined([headerBytes(content), ...records.map(recordBytes)])).bytes
}

/** The header as text: @HD, one @SQ a contig, then the given lines. */
export function bamHeaderText({ contigs, headerLines = [] }: Pick<BamContent, 'contigs' | 'headerLines'>): string {
  const lines = ['@HD\tVN:1.6\tSO:coordinate', ...contigs.map(c => `@SQ\tSN:${c.name}\tLN:${c.length}`), ...headerLines]
  return `${lines.join('\n')}\n`
}

function headerBytes(content: BamContent): Uint8Array {
  const encode = (text: string) => new TextEncoder().encode(text)
  const text = encode(bamHeaderText(content))
  const parts = [encode('BAM\u0001'), int32(text.length), text, int32(content.contigs.length)]
  for (const { name, length } of content.contigs) {
    const named = encode(`${name}\0`)
    parts.push(int32(named.length), named, int32(length))
  }
  return joined(parts)
}

const int32 = (value: number) => new Uint8Array(Int32Array.of(value).buffer)

interface Operation {
  readonly letter: string
  readonly length: number
}

function parseCigar(record: BamRecord): Operation[] {
  if (record.cigar === '*') return []
  const found = [...record.cigar.matchAll(/(\d+)([MIDNSHP=X])/g)]
  if (found.map(m => m[0]).join('') !== record.cigar) throw bad(record, `CIGAR '${record.cigar}' is none`)
  return found.map(m => ({ letter: m[2]!, length: Number(m[1]) }))
}

const bad = (record: BamRecord, what: string) =>
  new WorkbenchError('bad-input', `read '${record.name}': ${what}`, 'correct the record')

/** One record as it stands in the unpacked file, its block size first. */
export function recordBytes(record: BamRecord): Uint8Array {
  const operations = parseCigar(record)
  const sequence = record.sequence === '*' ? '' : record.sequence
  const sum = (letters: Set<string>) => operations.reduce((n, o) => n + (letters.has(o.letter) ? o.length : 0), 0)
  const readLength = sum(CONSUMES_READ)
  if (sequence !== '' && operations.length > 0 && readLength !== sequence.length)
    throw bad(record, `CIGAR '${record.cigar}' takes ${readLength} bases, the sequence has ${sequence.length}`)
  if (record.qualities && record.qualities.length !== sequence.length)
    throw bad(record, `${record.qualities.length} qualities for ${sequence.length} bases`)
  const name = new TextEncoder().encode(`${record.name}\0`)
  if (name.length > 255 || name.length < 2) throw bad(record, `a name of ${name.length - 1} bytes; 1 to 254 fit`)
  const tags = Object.entries(record.tags ?? {}).map(([tag, value]) => new TextEncoder().encode(`${tag}Z${value}\0`))
  const packedLength = (sequence.length + 1) >> 1
  const size =
    32 + name.length + 4 * operations.length + packedLength + sequence.length + tags.reduce((n, t) => n + t.length, 0)
  const bytes = new Uint8Array(4 + size)
  const view = new DataView(bytes.buffer)
  view.setInt32(0, size, true)
  view.setInt32(4, record.contig, true)
  view.setInt32(8, record.start, true)
  bytes[12] = name.length
  bytes[13] = record.mappingQuality
  // Of a read that covers no base the bin is that of a read of one base (SAM spec 4.2.1).
  view.setUint16(14, binOf(record.start, record.start + Math.max(1, sum(CONSUMES_REFERENCE))), true)
  view.setUint16(16, operations.length, true)
  view.setUint16(18, record.flag, true)
  view.setInt32(20, sequence.length, true)
  view.setInt32(24, record.mateContig ?? -1, true)
  view.setInt32(28, record.mateStart ?? -1, true)
  view.setInt32(32, record.templateLength ?? 0, true)
  bytes.set(name, 36)
  let at = 36 + name.length
  for (const { letter, length } of operations) {
    view.setUint32(at, ((length << 4) | CIGAR_OPERATIONS.indexOf(letter)) >>> 0, true)
    at += 4
  }
  for (let i = 0; i < sequence.length; i++) {
    const code = BASE_CODES.indexOf(sequence[i]!.toUpperCase())
    bytes[at + (i >> 1)]! |= (code < 0 ? 15 : code) << (i & 1 ? 0 : 4)
  }
  at += packedLength
  for (let i = 0; i < sequence.length; i++) bytes[at + i] = record.qualities?.[i] ?? 255
  at += sequence.length
  for (const tag of tags) {
    bytes.set(tag, at)
    at += tag.length
  }
  return bytes
}

/** Smallest bin of the BAI scheme that holds [start, end) (SAM spec 5.3, reg2bin). */
export function binOf(start: number, end: number): number {
  const last = end - 1
  for (let shift = 14, first = 4681; shift < 29; shift += 3, first = (first - 1) >> 3)
    if (start >> shift === last >> shift) return first + (start >> shift)
  return 0
}
