import { WorkbenchError } from '../../src-shared/ipc/errors.ts'
import { newBatch, type RecordBatch, type RecordBatchBuilder } from '../domain/pileup/record.ts'

/** Longer than any record: a read of the largest sequence length that a BAM can name in practice. */
export const MAX_RECORD = 512 * 1024 * 1024
/** Fixed fields after the block size (SAM specification 4.2). */
const FIXED = 32
/** Past the last coordinate that an Int32Array can hold. */
const MAX_COORDINATE = 2 ** 31 - 1
/** Which operations consume the reference (M D N = X) and the read (M I S = X), as bit masks over operation codes. */
const CONSUMES_REFERENCE = 0b1_1000_1101
const CONSUMES_READ = 0b1_1001_0011

/** What is asked of a stretch of records, and what was learnt from those before it. */
export interface RecordQuery {
  readonly path: string
  readonly contigCount: number
  /** Contig index and 0-based half-open bases. */
  readonly contig: number
  readonly start: number
  readonly end: number
  /** Start of the record before; -1 before the first. Updated. */
  lastStart: number
  /** Set before each chunk of the index: its first record must lie on the contig. Cleared by that record. */
  atChunkStart: boolean
  /** Set once a record lies past the asked interval: nothing that follows can overlap it. */
  finished: boolean
}

/** Walks the sizes of the records in [from, stop) of `bytes`: how many are whole, and where the first that is not begins. */
function countWhole(bytes: Uint8Array, view: DataView, from: number, stop: number, path: string): [number, number] {
  let count = 0
  let at = from
  while (at < stop && at + 4 <= bytes.length) {
    const size = view.getInt32(at, true)
    if (size < FIXED || size > MAX_RECORD) throw inconsistent(path, `a record of ${size} bytes`)
    if (at + 4 + size > bytes.length) break
    at += 4 + size
    count++
  }
  return [count, at]
}

/**
 * Decodes the whole records that begin in [from, stop) of inflated BAM bytes and keeps those that overlap the query.
 * Every record passed over is checked: lengths, contig numbers, CIGAR against sequence, order. `next` is where the first record
 * that is not whole begins, or the first not looked at.
 * @throws WorkbenchError `corrupt`, `unsorted`
 */
export function decodeRecords(
  bytes: Uint8Array,
  from: number,
  stop: number,
  query: RecordQuery,
): { batch: RecordBatch; next: number } {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  const [whole, next] = countWhole(bytes, view, from, stop, query.path)
  const batch = newBatch(bytes, whole)
  let at = from
  for (let k = 0; k < whole && !query.finished; k++) {
    const size = view.getInt32(at, true)
    decodeRecord(bytes, view, at + 4, size, batch, query)
    at += 4 + size
  }
  return { batch, next }
}

function decodeRecord(
  bytes: Uint8Array,
  view: DataView,
  at: number,
  size: number,
  batch: RecordBatchBuilder,
  query: RecordQuery,
): void {
  // biome-ignore format: one line
  const { path } = query
  const contig = view.getInt32(at, true)
  const start = view.getInt32(at + 4, true)
  const nameLength = bytes[at + 8]!
  const operations = view.getUint16(at + 12, true)
  const flag = view.getUint16(at + 14, true)
  const sequenceLength = view.getInt32(at + 16, true)
  const mateContig = view.getInt32(at + 20, true)
  if (contig < -1 || contig >= query.contigCount || mateContig < -1 || mateContig >= query.contigCount)
    throw inconsistent(path, `a record on contig number ${contig < -1 || contig >= query.contigCount ? contig : mateContig} of ${query.contigCount}`) // biome-ignore format: one line
  if (start < -1) throw inconsistent(path, `a record at position ${start}`)
  const nameAt = at + FIXED
  const cigarAt = nameAt + nameLength
  const sequenceAt = cigarAt + 4 * operations
  const qualityAt = sequenceAt + ((sequenceLength + 1) >> 1)
  const tagAt = qualityAt + sequenceLength
  if (sequenceLength < 0 || tagAt > at + size)
    throw inconsistent(path, `a record whose parts do not fit its ${size} bytes`)
  if (nameLength === 0 || bytes[cigarAt - 1] !== 0) throw inconsistent(path, 'a record without a name')

  const first = query.atChunkStart
  query.atChunkStart = false
  if (contig !== query.contig) {
    if (first)
      throw new WorkbenchError('bad-index', `the index of '${path}' points to a record of another contig`, `make it again with 'diploscope index ${path} --force'`) // biome-ignore format: one line
    // In a sorted file nothing on this contig follows: later contigs, then the unplaced (-1).
    if (contig >= 0 && contig < query.contig) throw unsorted(path)
    query.finished = true
    return
  }
  if (start < query.lastStart) throw unsorted(path)
  query.lastStart = start
  if (start >= query.end) {
    query.finished = true
    return
  }

  let cigarOffset = cigarAt
  let cigarCount = operations
  if (operations > 0 && view.getUint32(cigarAt, true) === ((sequenceLength << 4) | 4) >>> 0) {
    const long = longCigar(bytes, view, tagAt, at + size, path)
    if (long && long.count >= operations) {
      cigarOffset = long.offset
      cigarCount = long.count
    }
  }
  let reference = 0
  let read = 0
  for (let k = 0, o = cigarOffset; k < cigarCount; k++, o += 4) {
    const unit = view.getUint32(o, true)
    const operation = unit & 15
    if (operation > 8) throw inconsistent(path, `CIGAR operation ${operation}`)
    const length = unit >>> 4
    if ((CONSUMES_REFERENCE >> operation) & 1) reference += length
    if ((CONSUMES_READ >> operation) & 1) read += length
  }
  const mapped = (flag & 4) === 0
  if (mapped && cigarCount > 0 && sequenceLength > 0 && read !== sequenceLength)
    throw inconsistent(path, `a record whose CIGAR spans ${read} bases and whose sequence has ${sequenceLength}`)
  const end = start + reference
  if (end > MAX_COORDINATE) throw inconsistent(path, `a record that ends at ${end}`)
  // As htslib has it: unmapped, or without a reference base, is one base long for this test.
  if ((mapped && reference > 0 ? end : start + 1) <= query.start) return

  const i = batch.count++
  batch.contigs[i] = contig
  batch.starts[i] = start
  batch.ends[i] = end
  batch.flags[i] = flag
  batch.mappingQualities[i] = bytes[at + 9]!
  batch.mateContigs[i] = mateContig
  batch.mateStarts[i] = view.getInt32(at + 24, true)
  batch.templateLengths[i] = view.getInt32(at + 28, true)
  batch.nameOffsets[i] = nameAt
  batch.nameLengths[i] = nameLength - 1
  batch.cigarOffsets[i] = cigarOffset
  batch.cigarCounts[i] = cigarCount
  batch.sequenceOffsets[i] = sequenceAt
  batch.sequenceLengths[i] = sequenceLength
  batch.qualityOffsets[i] = qualityAt
  batch.tagOffsets[i] = tagAt
  batch.tagLengths[i] = at + size - tagAt
}

/** Bytes of a fixed-size tag value by its type letter. */
const TAG_SIZES: Readonly<Record<string, number>> = { A: 1, c: 1, C: 1, s: 2, S: 2, i: 4, I: 4, f: 4, d: 8 }

/**
 * The CIGAR of more than 65,535 operations, which lies in tag CG as an array of 32-bit units while the record's own CIGAR says
 * `<sequence length>S<reference length>N` (SAM specification 4.2.2).
 */
function longCigar(
  bytes: Uint8Array,
  view: DataView,
  from: number,
  to: number,
  path: string,
): { offset: number; count: number } | undefined {
  // biome-ignore format: one line
  const broken = () => inconsistent(path, 'a record with damaged tags')
  let at = from
  while (at + 3 <= to) {
    const isCg = bytes[at] === 67 && bytes[at + 1] === 71
    const type = String.fromCharCode(bytes[at + 2]!)
    at += 3
    if (type === 'Z' || type === 'H') {
      while (at < to && bytes[at] !== 0) at++
      at++
    } else if (type === 'B') {
      if (at + 5 > to) throw broken()
      const element = String.fromCharCode(bytes[at]!)
      const count = view.getUint32(at + 1, true)
      const size = TAG_SIZES[element]
      if (size === undefined || at + 5 + count * size > to) throw broken()
      if (isCg && element === 'I') return { offset: at + 5, count }
      at += 5 + count * size
    } else {
      const size = TAG_SIZES[type]
      if (size === undefined) throw broken()
      at += size
    }
    if (at > to) throw broken()
  }
  return undefined
}

export const inconsistent = (path: string, what: string) =>
  new WorkbenchError('corrupt', `'${path}' has ${what}`, 'make the file again, and its index if that came from elsewhere') // biome-ignore format: one line

const unsorted = (path: string) =>
  new WorkbenchError('unsorted', `'${path}' is not sorted by position`, 'sort it with "samtools sort" and index it again') // biome-ignore format: one line
