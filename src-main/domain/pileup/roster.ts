import type { PileupOptions } from '../../../src-shared/genome/pileup.ts'
import { FATE, judgeRead } from './filter.ts'
import { x31 } from './nameHash.ts'
import type { Mate } from './overlap.ts'
import { FLAG, type RecordBatch } from './record.ts'

/** Called where a read meets its waiting mate. `from`: columns left of it were computed before, with the old qualities. */
export type MateMeeting = (left: Mate, right: Mate, leftId: number, nameHash: number, from: number) => void

const NONE = -1

/**
 * The reads that stand in the pileup buffer, as htslib 1.16 (`sam.c`, `bam_plp_push` and `overlap_push`) would hold them: decides
 * which read enters (filters, depth cap) and which mates meet. It keeps what the semantics need and no column.
 *
 * A read leaves when a column at or past its end is computed; before a read is pushed, all columns left of the start of the one pushed before have
 * been. A read that leaves takes its *name* from the waiting mates, even when another record of that name waits: so all buffered reads
 * are kept here under the hash of their name, and those that left are noticed when their name is looked up, or in a sweep.
 */
export class Roster {
  /** Start of the read pushed last: the engine's current column. -1 before the first. */
  private current = -1
  private pushed = false
  private count = 0
  private batchNumber = 0
  private sweptFor = -1
  private nextId = 0

  private buckets = new Int32Array(1024).fill(NONE)
  private bytes: Uint8Array[] = []
  private hashes = new Int32Array(1024)
  private next = new Int32Array(1024)
  private ends = new Int32Array(1024)
  private ids = new Int32Array(1024)
  private batches = new Int32Array(1024)
  private nameOffsets = new Int32Array(1024)
  private nameLengths = new Uint8Array(1024)
  /** 1 where the read waits for its mate; `since` is the current column when it began to. */
  private waiting = new Uint8Array(1024)
  /** How many wait. While none does, names need not be looked at: files whose reads all have one name stay fast. */
  private waitingCount = 0
  private since = new Int32Array(1024)
  /** Of waiting reads: start, cigar offset and count, sequence offset and length, quality offset. */
  private parts = new Int32Array(6 * 1024)

  private readonly cap: number

  constructor(
    private readonly options: PileupOptions,
    /** Index of the contig in the header: htslib treats a first read at base 0 of the first contig apart. */
    private readonly contig: number,
    private readonly onMeeting: MateMeeting,
  ) {
    this.cap = options.maxDepth === 0 ? 8000 : options.maxDepth
  }

  /** Number of the read admitted last, counted from 0; reported as `leftId` when it meets its mate. */
  get lastId(): number {
    return this.nextId - 1
  }

  /** To be called before the reads of a batch: lets go of what earlier batches hold. */
  beginBatch(): void {
    this.batchNumber++
    this.sweep()
  }

  /** Takes read `i`, in file order, and says its fate (an index into READ_FATES). Meetings are reported before it returns. */
  admit(batch: RecordBatch, i: number): number {
    const flags = batch.flags[i]!
    const { fate, entersEngine } = judgeRead(flags, batch.mappingQualities[i]!, this.options)
    if (!entersEngine) return fate
    const overlaps = !this.options.countOverlaps
    const nameAt = batch.nameOffsets[i]!
    const nameLength = batch.nameLengths[i]!
    const hash = x31(batch.bytes, nameAt, nameLength) | 0
    if (fate !== FATE.kept) {
      if (overlaps) this.forget(batch.bytes, nameAt, nameLength, hash)
      return fate
    }
    const start = batch.starts[i]!
    const end = batch.ends[i]!
    if (start === this.current && this.count >= this.cap && this.buffered() >= this.cap) {
      if (overlaps) this.forget(batch.bytes, nameAt, nameLength, hash)
      return FATE['depth-cap']
    }
    const before = this.current
    this.current = start
    // Without a reference base its end is its start: at the current column it is not buffered at all.
    const stays = end > start || (this.pushed ? start > before : this.contig > 0 || start > 0)
    this.pushed = true
    if (stays) {
      let mate = NONE
      let stores = false
      const pairs = overlaps && mayOverlap(batch, i, end)
      if (pairs) {
        mate = this.find(batch.bytes, nameAt, nameLength, hash, before)
        const mateStart = batch.mateStarts[i]!
        stores = mate === NONE && (mateStart >= start || (mateStart === -1 && (flags & FLAG.paired) !== 0))
      }
      const slot = this.add(batch, i, hash, end, stores, before)
      if (mate !== NONE) {
        this.stopWaiting(mate)
        this.onMeeting(this.mateAt(mate), mateOf(batch, i), this.ids[mate]!, hash >>> 0, before)
      } else if (stores) this.keepParts(slot, batch, i)
    }
    return end > start ? fate : FATE['no-reference-base']
  }

  /** Reads in the buffer at this moment, those that end exactly at the current column included. */
  private buffered(): number {
    if (this.sweptFor !== this.current) this.sweep()
    return this.count
  }

  /** The waiting read of this name, after all reads of the name that have left were noticed; -1 when none waits. */
  private find(bytes: Uint8Array, at: number, length: number, hash: number, column: number): number {
    if (this.waitingCount === 0) return NONE
    const { next, hashes, ends, waiting } = this
    let found = NONE
    let leftLatest = -2 // left of every column, the "none yet" of -1 included
    for (let s = this.buckets[hash & (this.buckets.length - 1)]!; s !== NONE; s = next[s]!) {
      if (hashes[s] !== hash || !this.hasName(s, bytes, at, length)) continue
      if (ends[s]! < column) leftLatest = Math.max(leftLatest, ends[s]!)
      if (waiting[s]) found = s
    }
    if (found !== NONE && leftLatest >= this.since[found]!) {
      this.stopWaiting(found)
      return NONE
    }
    return found
  }

  private forget(bytes: Uint8Array, at: number, length: number, hash: number): void {
    const slot = this.find(bytes, at, length, hash, this.current)
    if (slot !== NONE) this.stopWaiting(slot)
  }

  private stopWaiting(slot: number): void {
    this.waiting[slot] = 0
    this.waitingCount--
  }

  private hasName(slot: number, bytes: Uint8Array, at: number, length: number): boolean {
    if (this.nameLengths[slot] !== length) return false
    const own = this.bytes[slot]!
    const ownAt = this.nameOffsets[slot]!
    for (let k = 0; k < length; k++) if (own[ownAt + k] !== bytes[at + k]) return false
    return true
  }

  private add(batch: RecordBatch, i: number, hash: number, end: number, stores: boolean, before: number): number {
    if (this.count === this.hashes.length) this.grow()
    const s = this.count++
    const bucket = hash & (this.buckets.length - 1)
    this.bytes[s] = batch.bytes
    this.hashes[s] = hash
    this.next[s] = this.buckets[bucket]!
    this.buckets[bucket] = s
    this.ends[s] = end
    this.ids[s] = this.nextId++
    this.batches[s] = this.batchNumber
    this.nameOffsets[s] = batch.nameOffsets[i]!
    this.nameLengths[s] = batch.nameLengths[i]!
    this.waiting[s] = stores ? 1 : 0
    if (stores) this.waitingCount++
    this.since[s] = before
    return s
  }

  private keepParts(slot: number, batch: RecordBatch, i: number): void {
    const p = 6 * slot
    this.parts[p] = batch.starts[i]!
    this.parts[p + 1] = batch.cigarOffsets[i]!
    this.parts[p + 2] = batch.cigarCounts[i]!
    this.parts[p + 3] = batch.sequenceOffsets[i]!
    this.parts[p + 4] = batch.sequenceLengths[i]!
    this.parts[p + 5] = batch.qualityOffsets[i]!
  }

  private mateAt(slot: number): Mate {
    const p = 6 * slot
    return {
      bytes: this.bytes[slot]!,
      start: this.parts[p]!,
      cigarOffset: this.parts[p + 1]!,
      cigarCount: this.parts[p + 2]!,
      sequenceOffset: this.parts[p + 3]!,
      sequenceLength: this.parts[p + 4]!,
      qualityOffset: this.parts[p + 5]!,
    }
  }

  /** Drops the reads that have left, and copies what is still needed of reads of old batches, so that these can be freed. */
  private sweep(): void {
    const column = this.current
    this.sweptFor = column
    // Names that leave are taken from the waiting mates first, while all of them are still here.
    for (let s = 0; s < this.count && this.waitingCount > 0; s++) if (this.ends[s]! < column) this.leave(s)
    let kept = 0
    for (let s = 0; s < this.count; s++) {
      if (this.ends[s]! < column) continue
      if (this.batches[s]! < this.batchNumber - 2) this.detach(s)
      if (kept !== s) this.move(s, kept)
      kept++
    }
    for (let s = kept; s < this.count; s++) this.bytes.pop()
    this.count = kept
    this.buckets.fill(NONE)
    const mask = this.buckets.length - 1
    for (let s = 0; s < kept; s++) {
      const bucket = this.hashes[s]! & mask
      this.next[s] = this.buckets[bucket]!
      this.buckets[bucket] = s
    }
  }

  private leave(gone: number): void {
    const hash = this.hashes[gone]!
    for (let s = this.buckets[hash & (this.buckets.length - 1)]!; s !== NONE; s = this.next[s]!) {
      if (!this.waiting[s] || this.hashes[s] !== hash || this.ends[gone]! < this.since[s]!) continue
      if (this.hasName(s, this.bytes[gone]!, this.nameOffsets[gone]!, this.nameLengths[gone]!)) this.stopWaiting(s)
    }
  }

  private move(from: number, to: number): void {
    this.bytes[to] = this.bytes[from]!
    for (const column of [this.hashes, this.ends, this.ids, this.batches, this.nameOffsets, this.nameLengths, this.waiting, this.since]) column[to] = column[from]! // biome-ignore format: one line
    if (this.waiting[from]) this.parts.copyWithin(6 * to, 6 * from, 6 * from + 6)
  }

  /** Copies the name, and of a waiting read what its mate will need, out of the batch. */
  private detach(s: number): void {
    const bytes = this.bytes[s]!
    const nameAt = this.nameOffsets[s]!
    const name = bytes.subarray(nameAt, nameAt + this.nameLengths[s]!)
    this.batches[s] = 2 ** 31 - 1
    this.nameOffsets[s] = 0
    if (!this.waiting[s]) {
      this.bytes[s] = name.slice()
      return
    }
    const { cigarOffset, cigarCount, sequenceOffset, sequenceLength, qualityOffset } = this.mateAt(s)
    const cigarAt = name.length
    const sequenceAt = cigarAt + 4 * cigarCount
    const packed = (sequenceLength + 1) >> 1
    const own = new Uint8Array(sequenceAt + packed + sequenceLength)
    own.set(name)
    own.set(bytes.subarray(cigarOffset, cigarOffset + 4 * cigarCount), cigarAt)
    own.set(bytes.subarray(sequenceOffset, sequenceOffset + packed), sequenceAt)
    own.set(bytes.subarray(qualityOffset, qualityOffset + sequenceLength), sequenceAt + packed)
    this.bytes[s] = own
    this.parts[6 * s + 1] = cigarAt
    this.parts[6 * s + 3] = sequenceAt
    this.parts[6 * s + 5] = sequenceAt + packed
  }

  private grow(): void {
    const size = 2 * this.hashes.length
    const larger = (old: Int32Array, per = 1) => {
      const array = new Int32Array(per * size)
      array.set(old)
      return array
    }
    const largerBytes = (old: Uint8Array) => {
      const array = new Uint8Array(size)
      array.set(old)
      return array
    }
    this.hashes = larger(this.hashes)
    this.next = larger(this.next)
    this.ends = larger(this.ends)
    this.ids = larger(this.ids)
    this.batches = larger(this.batches)
    this.nameOffsets = larger(this.nameOffsets)
    this.since = larger(this.since)
    this.parts = larger(this.parts, 6)
    this.nameLengths = largerBytes(this.nameLengths)
    this.waiting = largerBytes(this.waiting)
    this.buckets = new Int32Array(size).fill(NONE)
    for (let s = 0; s < this.count; s++) {
      const bucket = this.hashes[s]! & (size - 1)
      this.next[s] = this.buckets[bucket]!
      this.buckets[bucket] = s
    }
  }
}

/** Whether htslib would look for an overlap of this read with its mate at all. */
function mayOverlap(batch: RecordBatch, i: number, end: number): boolean {
  if ((batch.flags[i]! & (FLAG.properPair | FLAG.mateUnmapped)) !== FLAG.properPair) return false
  const mateContig = batch.mateContigs[i]!
  if (mateContig >= 0 && mateContig !== batch.contigs[i]) return false
  return !(Math.abs(batch.templateLengths[i]!) >= 2 * batch.sequenceLengths[i]! && batch.mateStarts[i]! >= end)
}

const mateOf = (batch: RecordBatch, i: number): Mate => ({
  bytes: batch.bytes,
  start: batch.starts[i]!,
  cigarOffset: batch.cigarOffsets[i]!,
  cigarCount: batch.cigarCounts[i]!,
  sequenceOffset: batch.sequenceOffsets[i]!,
  sequenceLength: batch.sequenceLengths[i]!,
  qualityOffset: batch.qualityOffsets[i]!,
})
