/**
 * Alignment records as columns: what every reader of alignments yields and what the pileup engine counts.
 * Fixed fields are typed arrays with one entry a record. Names, CIGARs, sequences, qualities and tags stay in `bytes`, in the
 * encoding of BAM (SAM specification 4.2), and are pointed at by offsets, so that a BAM reader copies nothing.
 */
export interface RecordBatch {
  readonly count: number
  /** The pool that all offsets below point into. Always a plain Uint8Array, never a Buffer (one hidden class keeps loops fast). */
  readonly bytes: Uint8Array
  /** Index into the header's contigs; -1 when unplaced. */
  readonly contigs: Int32Array
  /** 0-based first aligned base. */
  readonly starts: Int32Array
  /** 0-based, past the last reference base of the CIGAR; equal to the start when the CIGAR consumes no reference base. */
  readonly ends: Int32Array
  readonly flags: Uint16Array
  readonly mappingQualities: Uint8Array
  /** Contig index and 0-based start of the mate; -1 when unknown. */
  readonly mateContigs: Int32Array
  readonly mateStarts: Int32Array
  /** TLEN, signed. */
  readonly templateLengths: Int32Array
  /** Length without the terminating NUL. */
  readonly nameOffsets: Int32Array
  readonly nameLengths: Uint8Array
  /** Byte offset (not aligned) of little-endian 32-bit units, `length << 4 | operation`; operations are indexes into `MIDNSHP=X`. */
  readonly cigarOffsets: Int32Array
  readonly cigarCounts: Int32Array
  /** Two bases a byte, high nibble first, codes are indexes into `=ACMGRSVTWYHKDBN`. Length 0 when SEQ is `*`. */
  readonly sequenceOffsets: Int32Array
  readonly sequenceLengths: Int32Array
  /** One byte a base; all 255 when missing. */
  readonly qualityOffsets: Int32Array
  /** Optional fields in BAM encoding. */
  readonly tagOffsets: Int32Array
  readonly tagLengths: Int32Array
}

/** The same, to be filled. */
export type RecordBatchBuilder = { -readonly [K in keyof RecordBatch]: RecordBatch[K] }

/** Room for `capacity` records over `bytes`; the producer fills the columns and sets `count`. */
export function newBatch(bytes: Uint8Array, capacity: number): RecordBatchBuilder {
  const ints = () => new Int32Array(capacity)
  return {
    count: 0,
    bytes,
    contigs: ints(),
    starts: ints(),
    ends: ints(),
    flags: new Uint16Array(capacity),
    mappingQualities: new Uint8Array(capacity),
    mateContigs: ints(),
    mateStarts: ints(),
    templateLengths: ints(),
    nameOffsets: ints(),
    nameLengths: new Uint8Array(capacity),
    cigarOffsets: ints(),
    cigarCounts: ints(),
    sequenceOffsets: ints(),
    sequenceLengths: ints(),
    qualityOffsets: ints(),
    tagOffsets: ints(),
    tagLengths: ints(),
  }
}

export const CIGAR_LETTERS = 'MIDNSHP=X'
export const BASE_LETTERS = '=ACMGRSVTWYHKDBN'

/** SAM flag bits (SAM specification 1.4.2). */
export const FLAG = {
  paired: 0x1,
  properPair: 0x2,
  unmapped: 0x4,
  mateUnmapped: 0x8,
  reverse: 0x10,
  mateReverse: 0x20,
  first: 0x40,
  last: 0x80,
  secondary: 0x100,
  qcFail: 0x200,
  duplicate: 0x400,
  supplementary: 0x800,
} as const

/** One CIGAR unit, unsigned: `length << 4 | operation`. */
export function cigarUnit(bytes: Uint8Array, offset: number): number {
  return (bytes[offset]! | (bytes[offset + 1]! << 8) | (bytes[offset + 2]! << 16) | (bytes[offset + 3]! << 24)) >>> 0
}

export function recordName(batch: RecordBatch, i: number): string {
  const at = batch.nameOffsets[i]!
  return latin1(batch.bytes, at, batch.nameLengths[i]!)
}

/** CIGAR text; `*` when there is none. */
export function recordCigar(batch: RecordBatch, i: number): string {
  let text = ''
  for (let k = 0; k < batch.cigarCounts[i]!; k++) {
    const unit = cigarUnit(batch.bytes, batch.cigarOffsets[i]! + 4 * k)
    text += `${unit >>> 4}${CIGAR_LETTERS[unit & 15]}`
  }
  return text || '*'
}

/** Bases as stored (forward strand); `*` when there are none. */
export function recordSequence(batch: RecordBatch, i: number): string {
  const length = batch.sequenceLengths[i]!
  let text = ''
  for (let k = 0; k < length; k++) text += BASE_LETTERS[baseCode(batch.bytes, batch.sequenceOffsets[i]!, k)]
  return text || '*'
}

/** Base qualities, a view into the batch; all 255 when missing. */
export function recordQualities(batch: RecordBatch, i: number): Uint8Array {
  const at = batch.qualityOffsets[i]!
  return batch.bytes.subarray(at, at + batch.sequenceLengths[i]!)
}

/** 4-bit code of base `k` of a packed sequence: an index into BASE_LETTERS. */
export function baseCode(bytes: Uint8Array, sequenceOffset: number, k: number): number {
  const pair = bytes[sequenceOffset + (k >> 1)]!
  return k & 1 ? pair & 15 : pair >> 4
}

export function latin1(bytes: Uint8Array, at: number, length: number): string {
  let text = ''
  for (let k = at; k < at + length; k++) text += String.fromCharCode(bytes[k]!)
  return text
}
