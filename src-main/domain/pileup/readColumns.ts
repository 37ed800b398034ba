import { cigarUnit, type RecordBatch } from './record.ts'

/** How a read stands in one column. `base`: an aligned base; the others are gaps, whose `read` is the index of the next base of the read. */
export type Standing = 'base' | 'deletion' | 'skip'

export interface ReadInColumn {
  readonly standing: Standing
  /** Index in the read (pysam's `qpos`). May equal the read's length behind a trailing gap. */
  readonly read: number
  /** CIGAR unit that the column lies in, and whether the column is its last. */
  readonly unit: number
  readonly lastOfUnit: boolean
}

/**
 * Calls `visit` for every column of [from, to) that a read stands in, from left to right: the plain reading of a CIGAR, for
 * a few reads or one column. The counting loop of the engine has its own.
 */
export function visitColumns(
  batch: RecordBatch,
  i: number,
  from: number,
  to: number,
  visit: (position: number, at: ReadInColumn) => void,
): void {
  let position = batch.starts[i]!
  let read = 0
  for (let unit = 0; unit < batch.cigarCounts[i]! && position < to; unit++) {
    const word = cigarUnit(batch.bytes, batch.cigarOffsets[i]! + 4 * unit)
    const operation = word & 15
    const size = word >>> 4
    const aligned = operation === 0 || operation === 7 || operation === 8
    if (aligned || operation === 2 || operation === 3) {
      const standing: Standing = aligned ? 'base' : operation === 2 ? 'deletion' : 'skip'
      for (let p = Math.max(position, from); p < Math.min(position + size, to); p++)
        visit(p, { standing, read: aligned ? read + p - position : read, unit, lastOfUnit: p === position + size - 1 })
      position += size
      if (aligned) read += size
    } else if (operation === 1 || operation === 4) read += size
  }
}

/** Quality that a column's threshold is put to: 0 past the end of the read and for reads without a sequence. */
export const storedQuality = (batch: RecordBatch, i: number, read: number): number =>
  read < batch.sequenceLengths[i]! ? batch.bytes[batch.qualityOffsets[i]! + read]! : 0
