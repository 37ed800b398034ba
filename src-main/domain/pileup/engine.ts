import type { Interval } from '../../../src-shared/genome/interval.ts'
import { type PileupLedger, type PileupOptions, READ_FATES } from '../../../src-shared/genome/pileup.ts'
import { type ColumnSink, Counters, cellOf, LANE, PAGE } from './counters.ts'
import { FATE } from './filter.ts'
import { keepsLeft } from './nameHash.ts'
import { type AlignedBase, type Mate, resolveOverlap } from './overlap.ts'
import { cigarUnit, type RecordBatch } from './record.ts'
import { Roster } from './roster.ts'

/** Counter lane of each 4-bit base code: A C G T by their bits, everything else N. */
const LANE_OF_CODE = Uint8Array.from({ length: 16 }, (_, code) =>
  code === 1 ? LANE.a : code === 2 ? LANE.c : code === 4 ? LANE.g : code === 8 ? LANE.t : LANE.n,
)

/** The same for the first and the second base of a byte. */
const LANE_OF_HIGH = Uint8Array.from({ length: 256 }, (_, pair) => LANE_OF_CODE[pair >> 4]!)
const LANE_OF_LOW = Uint8Array.from({ length: 256 }, (_, pair) => LANE_OF_CODE[pair & 15]!)

/**
 * The loop that everything waits for: two bases a turn, as they are packed, into the columns from `cell` on. It is kept apart and small, so that the
 * compiler gets to it early: a short run is over before a large function is compiled.
 */
function countPairs(
  bytes: Uint8Array,
  from: number,
  to: number,
  qualityAt: number,
  minQuality: number,
  lanes: Int32Array,
  firstCell: number,
): void {
  let quality = qualityAt
  let cell = firstCell
  for (let at = from; at < to; at++, quality += 2, cell += 16) {
    const pair = bytes[at]!
    if (bytes[quality]! >= minQuality) bump(lanes, cell + LANE_OF_HIGH[pair]!)
    if (bytes[quality + 1]! >= minQuality) bump(lanes, cell + 8 + LANE_OF_LOW[pair]!)
  }
}

function bump(lanes: Int32Array, at: number): void {
  lanes[at] = lanes[at]! + 1
}

export interface PileupRequest {
  /** The contig's index in the header, and the region asked for. */
  readonly contigIndex: number
  readonly region: Interval
  readonly options: PileupOptions
  readonly sink: ColumnSink
}

/** Columns that wait before they are emitted in one go, and about how many are emitted before the caller gets a turn. */
const EMIT_EVERY = 2048
const EMIT_BUDGET = 16_384

/**
 * The pileup of one region, streamed: batches of records go in, in file order; finished columns come out. Semantics are those
 * of pysam 0.20 on htslib 1.16 (`AlignmentFile.pileup(truncate=True)` without a reference, so without BAQ).
 *
 * A read is counted once, whole, with its qualities as stored; where it meets its mate, the counts that the resolution changes are corrected. So
 * nothing is copied per read, and a column costs nothing until it is emitted.
 *
 * One known difference: htslib 1.16 shows a D or N of length 0 as a gap in the next column; here it is no gap at all.
 */
export class PileupEngine {
  private readonly roster: Roster
  private readonly counters: Counters
  private readonly fates = new Float64Array(READ_FATES.length)
  private overlap = 0
  private final = 0
  private rescued = 0
  private readonly minQuality: number
  private readonly regionStart: number
  private readonly regionEnd: number

  constructor(request: PileupRequest) {
    const { region, options, contigIndex } = request
    this.minQuality = options.minBaseQuality
    this.regionStart = region.start
    this.regionEnd = region.end
    this.counters = new Counters(request.sink, region.start, region.end)
    this.roster = new Roster(options, contigIndex, (left, right, _id, hash, from) => this.meet(left, right, hash, from))
  }

  /**
   * Counts the reads of a batch from number `from` on and says how far it came: short of `batch.count` when so many columns were emitted that they
   * should be taken away first. Then it is to be called again with that number.
   */
  push(batch: RecordBatch, from = 0): number {
    const { roster, counters, fates } = this
    if (from === 0) roster.beginBatch()
    else if (!counters.flush(this.final, EMIT_BUDGET)) return from
    for (let i = from; i < batch.count; i++) {
      const fate = roster.admit(batch, i)
      fates[fate] = fates[fate]! + 1
      if (fate !== FATE.kept) continue
      const start = batch.starts[i]!
      counters.cover(start, batch.ends[i]!)
      this.count(batch, i)
      // No later read stands in a column left of this start, and no later meeting of mates changes one.
      this.final = start
      if (start - counters.pending >= EMIT_EVERY && !counters.flush(start, EMIT_BUDGET)) return i + 1
    }
    return batch.count
  }

  /** Emits what is left; false when it should be called again, after the columns were taken away. */
  finish(): boolean {
    return this.counters.finish(EMIT_BUDGET)
  }

  /** What each filter removed. Complete after `finish`. `region` is the text shown. */
  ledger(region: string): PileupLedger {
    const removed = Object.fromEntries(READ_FATES.slice(1).map(fate => [fate, this.fates[FATE[fate]]!]))
    const { segments, depth } = this.counters.totals
    return {
      region,
      reads: {
        fetched: this.fates.reduce((sum, n) => sum + n, 0),
        kept: this.fates[FATE.kept]!,
        removed: removed as PileupLedger['reads']['removed'],
      },
      columns: {
        segments,
        baseQuality: segments - depth - this.overlap,
        overlap: this.overlap,
        rescued: this.rescued,
        depth,
      },
    }
  }

  /** Walks the CIGAR once and counts every column of the region with the qualities as stored. */
  private count(batch: RecordBatch, i: number): void {
    const { counters, minQuality, regionStart, regionEnd } = this
    const { bytes } = batch
    const cigarAt = batch.cigarOffsets[i]!
    const operations = batch.cigarCounts[i]!
    const length = batch.sequenceLengths[i]!
    const qualityAt = batch.qualityOffsets[i]!
    let position = batch.starts[i]!
    let read = 0
    for (let k = 0; k < operations && position < regionEnd; k++) {
      const unit = cigarUnit(bytes, cigarAt + 4 * k)
      const operation = unit & 15
      const size = unit >>> 4
      if (operation === 0 || operation === 7 || operation === 8) {
        const from = Math.max(position, regionStart)
        const to = Math.min(position + size, regionEnd)
        if (from < to) {
          if (length > 0) this.countBases(bytes, batch.sequenceOffsets[i]!, qualityAt, read + from - position, from, to)
          else if (minQuality <= 0) for (let p = from; p < to; p++) counters.add(p, LANE.n, 1)
        }
        position += size
        read += size
        if (size > 0 && k + 1 < operations && insertionAfter(bytes, cigarAt, operations, k)) {
          const quality = read - 1 < length ? bytes[qualityAt + read - 1]! : 0
          if (quality >= minQuality) counters.add(position - 1, LANE.ins, 1)
        }
      } else if (operation === 2 || operation === 3) {
        const quality = read < length ? bytes[qualityAt + read]! : 0
        if (quality >= minQuality) {
          counters.addGap(position, position + size, operation === 2 ? LANE.del : LANE.refskip, 1)
          if (size > 0 && k + 1 < operations && insertionAfter(bytes, cigarAt, operations, k))
            counters.add(position + size - 1, LANE.ins, 1)
        }
        position += size
      } else if (operation === 1 || operation === 4) read += size
    }
  }

  /** Letters of columns [from, to), base `read` of the sequence standing at `from`. */
  private countBases(
    bytes: Uint8Array,
    sequenceAt: number,
    qualityAt: number,
    read: number,
    from: number,
    to: number,
  ): void {
    const { minQuality } = this
    let p = from
    let quality = qualityAt + read
    let pairAt = sequenceAt + (read >> 1)
    let low = (read & 1) === 1
    while (p < to) {
      const lanes = this.counters.lanesAt(p)
      let cell = cellOf(p)
      const stop = Math.min(to, (p & ~(PAGE - 1)) + PAGE)
      if (low) {
        if (bytes[quality]! >= minQuality) bump(lanes, cell + LANE_OF_LOW[bytes[pairAt]!]!)
        quality++
        pairAt++
        cell += 8
        p++
      }
      const pairs = (stop - p) >> 1
      countPairs(bytes, pairAt, pairAt + pairs, quality, minQuality, lanes, cell)
      pairAt += pairs
      quality += 2 * pairs
      cell += 16 * pairs
      p += 2 * pairs
      low = p < stop
      if (low) {
        if (bytes[quality]! >= minQuality) bump(lanes, cell + LANE_OF_HIGH[bytes[pairAt]!]!)
        quality++
        p++
      }
    }
  }

  /** Two mates meet: corrects the counts where the resolution lets a base pass that did not, or the other way. `from`: columns left of it keep the old quality. */
  private meet(left: Mate, right: Mate, nameHash: number, from: number): void {
    const { minQuality } = this
    // The right mate's columns are counted after this returns, with stored qualities: the corrections add up all the same.
    resolveOverlap(left, right, keepsLeft(nameHash), (mate, base, before, after) => {
      const passed = before >= minQuality
      const passes = after >= minQuality
      if (passed !== passes) this.correct(mate === 0 ? left : right, base, passes ? 1 : -1, from)
    })
  }

  /** One base's pass is gained (by = 1) or lost (-1): in its own column, and in those of a gap just before it, whose quality it lends. */
  private correct(mate: Mate, base: AlignedBase, by: 1 | -1, from: number): void {
    const { counters } = this
    const { bytes, cigarOffset, cigarCount } = mate
    const pair = bytes[mate.sequenceOffset + (base.read >> 1)]!
    let columns = counters.add(base.reference, LANE_OF_CODE[base.read & 1 ? pair & 15 : pair >> 4]!, by)
    const size = cigarUnit(bytes, cigarOffset + 4 * base.unit) >>> 4
    if (base.within === size - 1 && insertionAfter(bytes, cigarOffset, cigarCount, base.unit))
      counters.add(base.reference, LANE.ins, by)
    if (base.within === 0) {
      let end = base.reference
      for (let k = base.unit - 1; k >= 0 && end > from; k--) {
        const unit = cigarUnit(bytes, cigarOffset + 4 * k)
        const operation = unit & 15
        if (operation === 2 || operation === 3) {
          const start = end - (unit >>> 4)
          columns += counters.addGap(Math.max(start, from), end, operation === 2 ? LANE.del : LANE.refskip, by)
          end = start
        } else if (operation !== 5 && operation !== 6 && unit >>> 4 > 0) break
      }
    }
    if (by === 1) this.rescued += columns
    else this.overlap += columns
  }
}

/**
 * Whether an insertion follows CIGAR unit `k`: the next unit is I, or it is P and an I comes before any of M D N = X
 * (htslib 1.16 `resolve_cigar2`).
 */
export function insertionAfter(bytes: Uint8Array, cigarAt: number, operations: number, k: number): boolean {
  if (k + 1 >= operations) return false
  const next = cigarUnit(bytes, cigarAt + 4 * (k + 1))
  if ((next & 15) === 1) return next >>> 4 > 0
  if ((next & 15) !== 6) return false
  for (let m = k + 2; m < operations; m++) {
    const unit = cigarUnit(bytes, cigarAt + 4 * m)
    const operation = unit & 15
    if (operation === 1 && unit >>> 4 > 0) return true
    if (operation === 0 || operation === 2 || operation === 3 || operation === 7 || operation === 8) return false
  }
  return false
}
