import type { RecordBatch } from '../src-main/domain/pileup/record.ts'
import { decodeRecords } from '../src-main/readers/bamRecords.ts'
import { type BamRecord, recordBytes } from '../src-main/readers/bamWriter.ts'
import { joined } from '../src-main/readers/blockGzipWriter.ts'

/** Records of contig 0 as a reader would hand them out: in file order, `size` to a batch; only those that overlap `range` when given. */
export function recordsToBatch(
  records: readonly BamRecord[],
  size: number,
  range: readonly [start: number, end: number] = [0, 2 ** 31 - 1],
): RecordBatch[] {
  const sorted = [...records].sort((a, b) => a.start - b.start)
  const query = { path: 'made', contigCount: 1, contig: 0, start: range[0], end: range[1], lastStart: -1, atChunkStart: false, finished: false } // biome-ignore format: one line
  const batches: RecordBatch[] = []
  for (let from = 0; from < sorted.length && !query.finished; from += size) {
    const bytes = new Uint8Array(joined(sorted.slice(from, from + size).map(recordBytes)))
    batches.push(decodeRecords(bytes, 0, bytes.length, query).batch)
  }
  return batches
}
