import type { PileupColumns, PileupOptions } from '../../../src-shared/genome/pileup.ts'
import { insertionAfter } from '../pileup/engine.ts'
import { FATE } from '../pileup/filter.ts'
import { keepsLeft } from '../pileup/nameHash.ts'
import { type Mate, resolveOverlap } from '../pileup/overlap.ts'
import { baseCode, cigarUnit, type RecordBatch } from '../pileup/record.ts'
import { Roster } from '../pileup/roster.ts'
import type { InsertionsByLetter } from './tokenCounts.ts'

/** Slot of each 4-bit base code: A C G T by their bits, everything else N. */
const SLOT_OF_CODE = Uint8Array.from({ length: 16 }, (_, code) =>
  code === 1 ? 0 : code === 2 ? 1 : code === 4 ? 2 : code === 8 ? 3 : 4,
)
const NO_LETTER = 4
const INSERTION = 1

/**
 * Counts insertions by the base before them, with the pileup engine's own filters and overlap resolution: what the pileup's `ins` column does
 * not tell. Insertions after a deletion have no letter and are not counted here. Push each batch here before the engine, which
 * may emit columns of it at once; `take` then gives the numbers of those columns and forgets them.
 */
export class InsertionLetters {
  private readonly roster: Roster
  /** 0-based position -> counts of A C G T N. */
  private readonly pending = new Map<number, Int32Array>()

  constructor(
    contigIndex: number,
    private readonly region: { readonly start: number; readonly end: number },
    private readonly options: PileupOptions,
  ) {
    this.roster = new Roster(options, contigIndex, (left, right, _id, hash) => this.meet(left, right, hash))
  }

  push(batch: RecordBatch): void {
    this.roster.beginBatch()
    for (let i = 0; i < batch.count; i++)
      if (
        this.roster.admit(batch, i) === FATE.kept &&
        hasInsertion(batch.bytes, batch.cigarOffsets[i]!, batch.cigarCounts[i]!)
      )
        // biome-ignore format: one line
        this.count(batch, i)
  }

  /** Insertions at the columns of a chunk of the pileup; each column can be taken once. */
  take(columns: PileupColumns): InsertionsByLetter {
    const n = columns.positions.length
    const out = Array.from({ length: 5 }, () => new Int32Array(n))
    if (this.pending.size > 0)
      for (let i = 0; i < n; i++) {
        if (columns.ins[i] === 0) continue
        const counts = this.pending.get(columns.positions[i]!)
        if (!counts) continue
        for (let slot = 0; slot < 5; slot++) out[slot]![i] = counts[slot]!
        this.pending.delete(columns.positions[i]!)
      }
    const [a, c, g, t, rest] = out as [Int32Array, Int32Array, Int32Array, Int32Array, Int32Array]
    return { a, c, g, t, n: rest }
  }

  private count(batch: RecordBatch, i: number): void {
    const { bytes } = batch
    const cigarAt = batch.cigarOffsets[i]!
    const units = batch.cigarCounts[i]!
    const length = batch.sequenceLengths[i]!
    let position = batch.starts[i]!
    let read = 0
    for (let unit = 0; unit < units; unit++) {
      const word = cigarUnit(bytes, cigarAt + 4 * unit)
      const operation = word & 15
      const size = word >>> 4
      if (operation === 0 || operation === 7 || operation === 8) {
        position += size
        read += size
        if (size === 0 || !insertionAfter(bytes, cigarAt, units, unit)) continue
        const known = read - 1 < length
        const quality = known ? bytes[batch.qualityOffsets[i]! + read - 1]! : 0
        if (quality >= this.options.minBaseQuality)
          this.add(position - 1, known ? SLOT_OF_CODE[baseCode(bytes, batch.sequenceOffsets[i]!, read - 1)]! : NO_LETTER, 1) // biome-ignore format: one line
      } else if (operation === 2 || operation === 3) position += size
      else if (operation === 1 || operation === 4) read += size
    }
  }

  /** Mates meet: an insertion is gained or lost where its base's quality crosses the threshold. The right mate is counted after this, with stored qualities. */
  private meet(left: Mate, right: Mate, nameHash: number): void {
    const mates = [left, right] as const
    if (!mates.some(m => hasInsertion(m.bytes, m.cigarOffset, m.cigarCount))) return
    const { minBaseQuality } = this.options
    resolveOverlap(left, right, keepsLeft(nameHash), (which, base, before, after) => {
      const passes = after >= minBaseQuality
      if (before >= minBaseQuality === passes) return
      const mate = mates[which]
      const size = cigarUnit(mate.bytes, mate.cigarOffset + 4 * base.unit) >>> 4
      if (base.within !== size - 1 || !insertionAfter(mate.bytes, mate.cigarOffset, mate.cigarCount, base.unit)) return
      this.add(base.reference, SLOT_OF_CODE[baseCode(mate.bytes, mate.sequenceOffset, base.read)]!, passes ? 1 : -1)
    })
  }

  private add(position: number, slot: number, by: number): void {
    if (position < this.region.start || position >= this.region.end) return
    let counts = this.pending.get(position)
    if (!counts) {
      counts = new Int32Array(5)
      this.pending.set(position, counts)
    }
    counts[slot] = counts[slot]! + by
  }
}

function hasInsertion(bytes: Uint8Array, cigarAt: number, units: number): boolean {
  for (let unit = 1; unit < units; unit++) if ((cigarUnit(bytes, cigarAt + 4 * unit) & 15) === INSERTION) return true
  return false
}
