import type { CramRecord } from '@gmod/cram'
import { BASE_LETTERS, FLAG, newBatch, type RecordBatch } from '../domain/pileup/record.ts'

/** What decoding a slice's records needs beside them. */
export interface SliceContext {
  /** Bases of a reference of the slice, upper case, for a 0-based range inside what was asked for; 'N' beyond the contig. */
  readonly bases: (contig: number, start: number, end: number) => string
  /** The read base for each reference base (A C G T N) and substitution code (CRAM spec 10.6.2). */
  readonly substitutions: readonly (readonly string[])[]
  /** Number of the slice's first record in the file, and the file's name: htslib names nameless reads by both. */
  readonly recordCounter: number
  readonly fileName: string
}

const OPERATION = { match: 0, insertion: 1, deletion: 2, skip: 3, softClip: 4, hardClip: 5, padding: 6 } as const
/** Read features that do not name a stretch of the read: qualities alone. */
const QUALITY_ONLY = 'Qq'
const MATE_DOWNSTREAM = 4
const DETACHED = 2
const NO_SEQUENCE = 8
const QUALITIES_STORED = 1

const CODE = new Uint8Array(256).fill(15)
for (const [i, letter] of [...BASE_LETTERS].entries()) {
  CODE[letter.charCodeAt(0)] = i
  CODE[letter.toLowerCase().charCodeAt(0)] = i
}

/** A record as BAM would hold it, before it is packed into columns. Positions 0-based. */
interface Decoded {
  name: string
  flags: number
  contig: number
  start: number
  end: number
  mapq: number
  cigar: number[]
  bases: Uint8Array
  qualities: Uint8Array
  mateContig: number
  mateStart: number
  templateLength: number
}

/** The last reference base of a record, 1-based as CRAM counts; its start where it has none. */
const lastBase = (r: CramRecord): number =>
  r.flags & FLAG.unmapped ? r.alignmentStart : r.alignmentStart + (r.lengthOnRef ?? 0) - 1

/**
 * The records of a slice as columns, those for which `wanted` holds. Mates within the slice, template lengths and made-up names are as htslib 1.16
 * makes them (cram_decode.c: cram_decode_slice_xref, cram_to_bam), so that a CRAM counts as the BAM it was made from. Optional fields are not kept.
 */
export function batchOf(
  records: readonly CramRecord[],
  wanted: (r: CramRecord) => boolean,
  context: SliceContext,
): RecordBatch {
  const mates = matesOf(records)
  const kept: Decoded[] = []
  for (const [i, record] of records.entries()) if (wanted(record)) kept.push(decode(records, i, mates, context))
  return pack(kept)
}

/** Per record: index of its mate in the slice or -1, and the template length that follows from the chain. */
interface Mates {
  readonly next: Int32Array
  readonly templateLengths: Float64Array
}

function matesOf(records: readonly CramRecord[]): Mates {
  const first = records[0]?.uniqueId ?? 0
  const next = new Int32Array(records.length).fill(-1)
  const templateLengths = new Float64Array(records.length).fill(Number.NaN)
  for (const [i, r] of records.entries()) {
    const following = (r.mate?.uniqueId ?? -1) - first
    if (r.cramFlags & MATE_DOWNSTREAM && !(r.cramFlags & DETACHED) && following > i && following < records.length)
      next[i] = following
  }
  for (let i = 0; i < records.length; i++) {
    if (next[i]! < 0 || !Number.isNaN(templateLengths[i]!)) continue
    const chain = [i]
    for (let k = next[i]!; k >= 0 && k > chain.at(-1)!; k = next[k]!) chain.push(k)
    next[chain.at(-1)!] = i
    const members = chain.map(k => records[k]!)
    const left = Math.min(...members.map(r => r.alignmentStart))
    const right = Math.max(...members.map(lastBase))
    const atLeft = members.filter(r => r.alignmentStart === left).length
    const together = members.every(r => r.sequenceId === members[0]!.sequenceId)
    for (const k of chain) {
      const r = records[k]!
      const leftmost = r.alignmentStart === left && (atLeft === 1 || (r.flags & FLAG.first) !== 0)
      const length = right - left + 1
      templateLengths[k] = together ? (leftmost ? length : -length) : 0
    }
  }
  return { next, templateLengths }
}

function decode(records: readonly CramRecord[], i: number, mates: Mates, context: SliceContext): Decoded {
  const r = records[i]!
  const unmapped = (r.flags & FLAG.unmapped) !== 0
  const start = r.alignmentStart - 1
  const { cigar, bases } = unmapped ? { cigar: [], bases: unmappedBases(r) } : alignment(r, context)
  const span = cigar.reduce((sum, unit) => ((0b1_1000_1101 >> (unit & 15)) & 1 ? sum + (unit >>> 4) : sum), 0)
  const mate = mates.next[i]!
  const other = records[mate]
  let flags = r.flags
  let mateContig = -1
  let mateStart = -1
  let templateLength = 0
  if (other) {
    flags |= FLAG.paired
    if (other.flags & FLAG.unmapped) flags |= FLAG.mateUnmapped
    if (other.flags & FLAG.reverse) flags |= FLAG.mateReverse
    mateContig = other.sequenceId
    mateStart = other.alignmentStart - 1
    const length = mates.templateLengths[i]!
    templateLength = unmapped || other.flags & FLAG.unmapped || Number.isNaN(length) ? 0 : length
  } else if (r.cramFlags & DETACHED) {
    if (r.flags & FLAG.mateReverse) flags |= FLAG.paired
    mateContig = flags & FLAG.paired ? (r.mate?.sequenceId ?? -1) : -1
    mateStart = (r.mate?.alignmentStart ?? 0) - 1
    templateLength = r.templateSize ?? 0
  }
  return {
    name: nameOf(records, i, mate, context),
    flags,
    contig: r.sequenceId,
    start,
    end: start + span,
    mapq: r.mappingQuality ?? 0,
    cigar,
    bases,
    qualities: qualitiesOf(r, bases.length),
    mateContig,
    mateStart,
    templateLength,
  }
}

function nameOf(records: readonly CramRecord[], i: number, mate: number, context: SliceContext): string {
  const stored = (r: CramRecord | undefined) => (r && r._syntheticReadName === undefined ? r.readName : undefined)
  const own = stored(records[i]) || stored(records[mate])
  if (own) return own
  const number = mate >= 0 && mate < i ? mate : i
  return `${context.fileName}:${context.recordCounter + number + 1}`
}

function unmappedBases(r: CramRecord): Uint8Array {
  if (r.cramFlags & NO_SEQUENCE || !r.readBases) return new Uint8Array(0)
  return Uint8Array.from(Buffer.from(r.readBases, 'latin1'))
}

/** CIGAR units (`length << 4 | operation`) and bases (letters) of a mapped record, from its differences to the reference. */
function alignment(r: CramRecord, context: SliceContext): { cigar: number[]; bases: Uint8Array } {
  const cigar: number[] = []
  const push = (operation: number, length: number) => {
    if (!(length >= 0)) throw new RangeError(`a CIGAR operation of ${length} bases`)
    if (length === 0) return
    const last = cigar.length - 1
    if (last >= 0 && (cigar[last]! & 15) === operation) cigar[last] = (((cigar[last]! >>> 4) + length) << 4) | operation
    else cigar.push((length << 4) | operation)
  }
  const bases = new Uint8Array(r.readLength)
  let read = 0
  let reference = r.alignmentStart - 1
  const text = (data: string, operation: number) => {
    if (read + data.length > bases.length) throw new RangeError('a read feature beyond the read')
    for (let k = 0; k < data.length; k++) bases[read + k] = data.charCodeAt(k)
    read += data.length
    push(operation, data.length)
  }
  const match = (length: number) => {
    if (length <= 0) return
    if (read + length > bases.length) throw new RangeError('a read feature beyond the read')
    if (!(r.cramFlags & NO_SEQUENCE)) {
      const stretch = context.bases(r.sequenceId, reference, reference + length)
      for (let k = 0; k < length; k++) bases[read + k] = stretch.charCodeAt(k)
    }
    read += length
    reference += length
    push(OPERATION.match, length)
  }
  for (const f of r.readFeatures ?? []) {
    if (QUALITY_ONLY.includes(f.code)) continue
    match(f.pos - 1 - read)
    switch (f.code) {
      case 'X': {
        const base = context.bases(r.sequenceId, reference, reference + 1)
        text(
          context.substitutions['ACGT'.indexOf(base) < 0 ? 4 : 'ACGT'.indexOf(base)]?.[f.data] ?? 'N',
          OPERATION.match,
        )
        reference++
        break
      }
      case 'B':
        text(f.data[0], OPERATION.match)
        reference++
        break
      case 'b':
        text(f.data, OPERATION.match)
        reference += f.data.length
        break
      case 'I':
      case 'i':
        text(f.data, OPERATION.insertion)
        break
      case 'S':
        text(f.data, OPERATION.softClip)
        break
      case 'D':
        push(OPERATION.deletion, f.data)
        reference += f.data
        break
      case 'N':
        push(OPERATION.skip, f.data)
        reference += f.data
        break
      case 'H':
        push(OPERATION.hardClip, f.data)
        break
      case 'P':
        push(OPERATION.padding, f.data)
        break
    }
  }
  match(r.readLength - read)
  return { cigar, bases: r.cramFlags & NO_SEQUENCE ? new Uint8Array(0) : bases }
}

/** Stored for every base, or for some by read features; 255 where there is none. */
function qualitiesOf(r: CramRecord, length: number): Uint8Array {
  if (r.cramFlags & QUALITIES_STORED && r.qualityScores && r.qualityScores.length >= length)
    return r.qualityScores.subarray(0, length)
  const qualities = new Uint8Array(length).fill(255)
  for (const f of r.readFeatures ?? []) {
    if (f.code === 'B') qualities[f.pos - 1] = f.data[1]
    else if (f.code === 'Q') qualities[f.pos - 1] = f.data
    else if (f.code === 'q') for (const [k, quality] of f.data.entries()) qualities[f.pos - 1 + k] = quality
  }
  return qualities
}

function pack(records: readonly Decoded[]): RecordBatch {
  let size = 0
  for (const r of records) size += r.name.length + 4 * r.cigar.length + ((r.bases.length + 1) >> 1) + r.bases.length
  const bytes = new Uint8Array(size)
  const batch = newBatch(bytes, records.length)
  batch.count = records.length
  let at = 0
  for (const [i, r] of records.entries()) {
    batch.contigs[i] = r.contig
    batch.starts[i] = r.start
    batch.ends[i] = r.end
    batch.flags[i] = r.flags
    batch.mappingQualities[i] = r.mapq
    batch.mateContigs[i] = r.mateContig
    batch.mateStarts[i] = r.mateStart
    batch.templateLengths[i] = r.templateLength
    batch.nameOffsets[i] = at
    batch.nameLengths[i] = r.name.length
    for (let k = 0; k < r.name.length; k++) bytes[at++] = r.name.charCodeAt(k)
    batch.cigarOffsets[i] = at
    batch.cigarCounts[i] = r.cigar.length
    for (const unit of r.cigar) {
      bytes[at] = unit
      bytes[at + 1] = unit >>> 8
      bytes[at + 2] = unit >>> 16
      bytes[at + 3] = unit >>> 24
      at += 4
    }
    batch.sequenceOffsets[i] = at
    batch.sequenceLengths[i] = r.bases.length
    for (let k = 0; k < r.bases.length; k++) bytes[at + (k >> 1)]! |= CODE[r.bases[k]!]! << (k & 1 ? 0 : 4)
    at += (r.bases.length + 1) >> 1
    batch.qualityOffsets[i] = at
    bytes.set(r.qualities, at)
    at += r.bases.length
    batch.tagOffsets[i] = at
  }
  return batch
}
