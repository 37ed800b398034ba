import type { Interval } from '../../src-shared/genome/interval.ts'
import { throwIfCancelled } from '../../src-shared/ipc/errors.ts'
import type { WorkContext } from '../../src-shared/job.ts'
import { FLAG } from '../domain/pileup/record.ts'
import type { AlignmentFile } from '../readers/alignments.ts'
import { breathe } from './pileupRun.ts'

/** Reads further apart than this do not belong to one stretch. */
const GAP_BP = 500
/** More than a screen of reads says no more about where they are. */
const MAX_BP = 20_000

/**
 * The first stretch of a file that has mapped reads, contigs in the order of the header: from the first read to where no read follows
 * within 500 bp, 20 kb at most. Null where no read is mapped. Half-open, under the file's own contig name.
 * @throws what `AlignmentFile.reads` throws
 */
export async function firstReads(file: AlignmentFile, context: WorkContext): Promise<Interval | null> {
  for (const contig of file.header.contigs) {
    let start = -1
    let end = 0
    // A read that hangs over the end of its contig is shown as far as the contig goes.
    const stretch = () => ({ contig: contig.name, start, end: Math.min(Math.max(end, start + 1), contig.length) })
    for await (const batch of file.reads({ contig: contig.name, start: 0, end: contig.length }, context)) {
      throwIfCancelled(context.signal)
      for (let k = 0; k < batch.count; k++) {
        if (batch.flags[k]! & FLAG.unmapped) continue
        const at = batch.starts[k]!
        if (start < 0) start = at
        else if (at > end + GAP_BP) return stretch()
        end = Math.max(end, batch.ends[k]!)
        if (end - start >= MAX_BP) {
          end = start + MAX_BP
          return stretch()
        }
      }
      // A whole contig of unmapped reads is gone through: a cancel must be heard.
      await breathe()
    }
    if (start >= 0) return stretch()
  }
  return null
}
