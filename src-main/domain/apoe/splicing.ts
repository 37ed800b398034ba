import { cigarUnit, type RecordBatch } from '../pileup/record.ts'

/** Index of N (reference skip) in `MIDNSHP=X`. */
const REFERENCE_SKIP = 3

/** Records with a reference skip in their CIGAR, by which RNA is told from DNA. */
export function splicedReads(batch: RecordBatch): number {
  let spliced = 0
  for (let i = 0; i < batch.count; i++)
    for (let unit = 0; unit < batch.cigarCounts[i]!; unit++)
      if ((cigarUnit(batch.bytes, batch.cigarOffsets[i]! + 4 * unit) & 15) === REFERENCE_SKIP) {
        spliced++
        break
      }
  return spliced
}
