import type { Interval } from '../../../src-shared/genome/interval.ts'
import { type PileupOptions, READ_FATES, type ReadFate } from '../../../src-shared/genome/pileup.ts'
import { FATE } from './filter.ts'
import { keepsLeft } from './nameHash.ts'
import { resolveOverlap } from './overlap.ts'
import { storedQuality, visitColumns } from './readColumns.ts'
import { type RecordBatch, recordCigar } from './record.ts'
import { Roster } from './roster.ts'

/** A column of the region in which a kept read does not count, and why: its own quality, or the mate's base was preferred. */
export interface LostColumn {
  /** 0-based */
  readonly position: number
  readonly reason: 'base-quality' | 'overlap'
}

/** What became of one record. Positions are 0-based half-open. */
export interface ReadStory {
  readonly name: string
  readonly flags: number
  readonly start: number
  readonly end: number
  readonly cigar: string
  readonly mappingQuality: number
  readonly fate: ReadFate
  /** Columns of the region that the read stands in. */
  readonly columns: number
  readonly lost: readonly LostColumn[]
}

type Change = { readonly after: number; readonly from: number }

interface Watched {
  readonly batch: RecordBatch
  readonly i: number
  readonly fate: number
  /** Resolved qualities by index in the read; a gap left of `from` still saw the old one. */
  readonly changes: Map<number, Change>
}

/** Answers "why does this read not count?": the fate of every record of a name in a region, and the columns that each lost. */
export class ReadWatch {
  private readonly roster: Roster
  private readonly watched: Watched[] = []
  private readonly byId = new Map<number, Watched>()
  private changes = new Map<number, Change>()
  private readonly nameBytes: Uint8Array

  constructor(
    private readonly name: string,
    contigIndex: number,
    private readonly region: Interval,
    private readonly options: PileupOptions,
  ) {
    this.nameBytes = Uint8Array.from(name, c => c.charCodeAt(0))
    this.roster = new Roster(options, contigIndex, (left, right, leftId, hash, from) => {
      const waiting = this.byId.get(leftId)
      if (!waiting) return
      resolveOverlap(left, right, keepsLeft(hash), (mate, base, _before, after) => {
        ;(mate === 0 ? waiting.changes : this.changes).set(base.read, { after, from })
      })
    })
  }

  push(batch: RecordBatch): void {
    this.roster.beginBatch()
    for (let i = 0; i < batch.count; i++) {
      const idBefore = this.roster.lastId
      const fate = this.roster.admit(batch, i)
      if (!this.isWatched(batch, i)) continue
      const watched = { batch, i, fate, changes: this.changes }
      this.changes = new Map()
      this.watched.push(watched)
      if (this.roster.lastId !== idBefore) this.byId.set(this.roster.lastId, watched)
    }
  }

  private isWatched(batch: RecordBatch, i: number): boolean {
    const { nameBytes } = this
    if (batch.nameLengths[i] !== nameBytes.length) return false
    const at = batch.nameOffsets[i]!
    for (let k = 0; k < nameBytes.length; k++) if (batch.bytes[at + k] !== nameBytes[k]) return false
    return true
  }

  /** In file order. */
  stories(): ReadStory[] {
    return this.watched.map(({ batch, i, fate, changes }) => {
      const lost: LostColumn[] = []
      let columns = 0
      const { start, end } = this.region
      if (fate === FATE.kept)
        visitColumns(batch, i, start, end, (position, at) => {
          columns++
          const before = storedQuality(batch, i, at.read)
          const change = changes.get(at.read)
          const after = change && (at.standing === 'base' || position >= change.from) ? change.after : before
          if (after >= this.options.minBaseQuality) return
          lost.push({ position, reason: before >= this.options.minBaseQuality ? 'overlap' : 'base-quality' })
        })
      return {
        name: this.name,
        flags: batch.flags[i]!,
        start: batch.starts[i]!,
        end: batch.ends[i]!,
        cigar: recordCigar(batch, i),
        mappingQuality: batch.mappingQualities[i]!,
        fate: READ_FATES[fate]!,
        columns,
        lost,
      }
    })
  }
}
