import type { ColumnDetail, PileupOptions } from '../../../src-shared/genome/pileup.ts'
import { insertionAfter } from './engine.ts'
import { FATE } from './filter.ts'
import { keepsLeft } from './nameHash.ts'
import { resolveOverlap } from './overlap.ts'
import { type ReadInColumn, storedQuality, visitColumns } from './readColumns.ts'
import { BASE_LETTERS, baseCode, cigarUnit, type RecordBatch, recordName } from './record.ts'
import { Roster } from './roster.ts'

/** One read of the column, while it may still change. */
interface Entry {
  readonly name: string
  readonly base: string
  readonly quality: number
  resolved: number
  readonly mappingQuality: number
  readonly flags: number
  readonly insertion: string
  readonly fate: number
  /** -1 where the read has no base here. */
  readonly readPosition: number
  readonly readLength: number
  readonly gap: boolean
  /** Without a sequence the pileup takes quality 0. */
  readonly hasSequence: boolean
}

/**
 * Every read over one position, kept and removed, as the pileup of just that position sees them (pysam:
 * `pileup(contig, position, position + 1, truncate=True)`). Give it the records that overlap the position, in file order.
 */
export class ColumnDetailCollector {
  private readonly roster: Roster
  private readonly entries: Entry[] = []
  private readonly byId = new Map<number, Entry>()
  /** Quality changes of the read that is being admitted, by index in the read. */
  private readonly changes = new Map<number, number>()

  constructor(
    private readonly contig: string,
    contigIndex: number,
    private readonly position: number,
    private readonly options: PileupOptions,
  ) {
    this.roster = new Roster(options, contigIndex, (left, right, leftId, hash, from) => {
      const waiting = this.byId.get(leftId)
      resolveOverlap(left, right, keepsLeft(hash), (mate, base, _before, after) => {
        if (mate === 1) this.changes.set(base.read, after)
        // A gap was read before this meeting when its column lies left of what was computed.
        else if (waiting?.readPosition === base.read && (!waiting.gap || position >= from)) waiting.resolved = after
      })
    })
  }

  push(batch: RecordBatch): void {
    this.roster.beginBatch()
    for (let i = 0; i < batch.count; i++) {
      const idBefore = this.roster.lastId
      this.changes.clear()
      const fate = this.roster.admit(batch, i)
      let at: ReadInColumn | undefined
      const place = (_position: number, found: ReadInColumn) => {
        at = found
      }
      // An unmapped record's CIGAR means nothing.
      if (fate !== FATE.unmapped) visitColumns(batch, i, this.position, this.position + 1, place)
      const entry = this.entryOf(batch, i, fate, at)
      this.entries.push(entry)
      if (this.roster.lastId !== idBefore) this.byId.set(this.roster.lastId, entry)
    }
  }

  private entryOf(batch: RecordBatch, i: number, fate: number, at: ReadInColumn | undefined): Entry {
    const hasSequence = batch.sequenceLengths[i]! > 0
    const quality = !at ? 0 : hasSequence ? storedQuality(batch, i, at.read) : 255
    return {
      name: recordName(batch, i),
      base: at ? letterAt(batch, i, at) : 'N',
      quality,
      resolved: (at && this.changes.get(at.read)) ?? quality,
      mappingQuality: batch.mappingQualities[i]!,
      flags: batch.flags[i]!,
      insertion: at ? insertionText(batch, i, at) : '',
      fate,
      readPosition: at?.read ?? -1,
      readLength: batch.sequenceLengths[i]!,
      gap: at !== undefined && at.standing !== 'base',
      hasSequence,
    }
  }

  result(): ColumnDetail {
    const { entries } = this
    const passes = (e: Entry) => (e.hasSequence ? e.resolved : 0) >= this.options.minBaseQuality
    return {
      contig: this.contig,
      position: this.position,
      names: entries.map(e => e.name),
      bases: entries.map(e => e.base).join(''),
      qualities: Uint8Array.from(entries, e => e.quality),
      resolvedQualities: Uint8Array.from(entries, e => e.resolved),
      mappingQualities: Uint8Array.from(entries, e => e.mappingQuality),
      flags: Uint16Array.from(entries, e => e.flags),
      insertions: entries.map(e => e.insertion),
      fates: Uint8Array.from(entries, e => e.fate),
      counted: Uint8Array.from(entries, e => (e.fate === FATE.kept && passes(e) ? 1 : 0)),
      readPositions: Int32Array.from(entries, e => e.readPosition),
      readLengths: Int32Array.from(entries, e => e.readLength),
    }
  }
}

function letterAt(batch: RecordBatch, i: number, at: ReadInColumn): string {
  if (at.standing === 'deletion') return '*'
  if (at.standing === 'skip') return '>'
  if (batch.sequenceLengths[i] === 0) return 'N'
  const letter = BASE_LETTERS[baseCode(batch.bytes, batch.sequenceOffsets[i]!, at.read)]!
  return 'ACGT'.includes(letter) ? letter : 'N'
}

/** The bases inserted after this column; N where the read has no sequence. */
function insertionText(batch: RecordBatch, i: number, at: ReadInColumn): string {
  const cigarAt = batch.cigarOffsets[i]!
  const operations = batch.cigarCounts[i]!
  if (!at.lastOfUnit || !insertionAfter(batch.bytes, cigarAt, operations, at.unit)) return ''
  let read = at.standing === 'base' ? at.read + 1 : at.read
  let text = ''
  for (let k = at.unit + 1; k < operations; k++) {
    const word = cigarUnit(batch.bytes, cigarAt + 4 * k)
    if ((word & 15) === 6) continue
    if ((word & 15) !== 1) break
    for (let n = 0; n < word >>> 4; n++, read++)
      text +=
        read < batch.sequenceLengths[i]! ? BASE_LETTERS[baseCode(batch.bytes, batch.sequenceOffsets[i]!, read)] : 'N'
  }
  return text
}
