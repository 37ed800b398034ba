import type { PileupColumns } from '../../../src-shared/genome/pileup.ts'
import { COLUMN_FIELDS } from './counters.ts'

/** First line of the pileup table. */
export const TABLE_HEADER = 'contig\tpos\tsegments\tdepth\tA\tC\tG\tT\tN\tdel\trefskip\tins\n'

/** A number takes at most 10 digits, with its separator 11. */
const FIELD_BYTES = 11

/** The rows of the pileup table as UTF-8 text: `contig`, 1-based `pos`, then the counts. Numbers are written as digits straight into the buffer. */
export function tableRows(columns: PileupColumns): Uint8Array {
  const name = new TextEncoder().encode(columns.contig)
  const rows = columns.positions.length
  const buffer = new Uint8Array(rows * (name.length + 1 + FIELD_BYTES * COLUMN_FIELDS.length))
  const fields = COLUMN_FIELDS.map(field => columns[field])
  const last = fields.length - 1
  let at = 0
  for (let i = 0; i < rows; i++) {
    for (let k = 0; k < name.length; k++) buffer[at++] = name[k]!
    for (let f = 0; f <= last; f++) {
      buffer[at++] = 9
      const value = f === 0 ? fields[0]![i]! + 1 : fields[f]![i]!
      if (value < 10) buffer[at++] = 48 + value
      else at = writeDigits(buffer, at, value)
    }
    buffer[at++] = 10
  }
  return buffer.subarray(0, at)
}

function writeDigits(buffer: Uint8Array, at: number, value: number): number {
  let digits = 2
  for (let limit = 100; digits < 10 && value >= limit; limit *= 10) digits++
  let left = value
  for (let k = at + digits - 1; k >= at; k--) {
    const tenth = (left / 10) | 0
    buffer[k] = 48 + left - 10 * tenth
    left = tenth
  }
  return at + digits
}
