import type { DiplotypeCalls, TokenCounts } from '../../src-shared/genome/diplotype.ts'
import type { Interval } from '../../src-shared/genome/interval.ts'
import type { PileupOptions } from '../../src-shared/genome/pileup.ts'
import { throwIfCancelled } from '../../src-shared/ipc/errors.ts'
import type { WorkContext } from '../../src-shared/job.ts'
import { callDiplotypes, type DiplotypeOptions } from '../domain/diplotype/call.ts'
import { InsertionLetters } from '../domain/diplotype/insertions.ts'
import { tokenCounter } from '../domain/diplotype/tokenCounts.ts'
import type { AlignmentFile } from '../readers/alignments.ts'
import { runPileup } from './pileupRun.ts'

/** Positions that are counted before they are called and handed on: 2.9 MB of counts. */
const BLOCK_BP = 65_536

export interface DiplotypeRequest {
  /** `contig` is a name of the file's header, exactly; 0-based half-open. */
  readonly region: Interval
  readonly pileup: PileupOptions
  readonly calling: DiplotypeOptions
  /** Letters [start, end) of the region's contig, for positions that nothing covers; absent: these are N. */
  readonly reference?: (start: number, end: number) => Promise<string>
}

/**
 * Diplotypes of a region, in blocks from left to right that together hold every position once. Waits for `onCalls`, so that a slow reader
 * does not fill memory; memory does not grow with the region.
 */
export function runDiplotype(
  file: AlignmentFile,
  request: DiplotypeRequest,
  ctx: WorkContext,
  onCalls: (calls: DiplotypeCalls) => void | Promise<void>,
): Promise<void> {
  const { region, pileup, calling, reference } = request
  return countTokens(file, region, pileup, ctx, async counts => {
    const letters = reference && (await reference(counts.start, counts.end))
    await onCalls(callDiplotypes(counts, calling, letters))
  })
}

/** Counts of the 11 tokens over a region, in blocks of at most `blockBp` positions from left to right, uncovered ones included. */
export async function countTokens(
  file: AlignmentFile,
  region: Interval,
  options: PileupOptions,
  ctx: WorkContext,
  onBlock: (counts: TokenCounts) => Promise<void>,
  blockBp = BLOCK_BP,
): Promise<void> {
  const contigIndex = file.header.contigs.findIndex(c => c.name === region.contig)
  const insertions = new InsertionLetters(contigIndex, region, options)
  let start = region.start
  const nextBlock = () => tokenCounter({ contig: region.contig, start, end: Math.min(region.end, start + blockBp) })
  let block = nextBlock()
  const finishBlock = async () => {
    await onBlock(block.counts)
    start = block.counts.end
    throwIfCancelled(ctx.signal)
    if (start < region.end) block = nextBlock()
  }
  await runPileup(watched(file, insertions), region, options, ctx, async columns => {
    const inserted = insertions.take(columns)
    const last = columns.positions.at(-1) ?? -1
    block.add(columns, inserted)
    // A chunk is added to each block that it reaches; what lies outside a block is left out.
    while (last >= block.counts.end) {
      await finishBlock()
      block.add(columns, inserted)
    }
  })
  while (start < region.end) await finishBlock()
}

/** The same file, whose batches the insertion counter sees before the engine: the engine may emit columns of a batch at once. */
const watched = (file: AlignmentFile, insertions: InsertionLetters): AlignmentFile => ({
  path: file.path,
  format: file.format,
  header: file.header,
  close: () => file.close(),
  async *reads(interval, ctx) {
    for await (const batch of file.reads(interval, ctx)) {
      insertions.push(batch)
      yield batch
    }
  },
})
