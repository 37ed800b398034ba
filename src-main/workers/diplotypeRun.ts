import type { DiplotypeCalls, TokenCounts } from '../../src-shared/genome/diplotype.ts'
import type { DiplotypeTrack } from '../../src-shared/genome/diplotypeTrack.ts'
import type { Interval } from '../../src-shared/genome/interval.ts'
import { PILEUP_DEFAULTS, type PileupOptions } from '../../src-shared/genome/pileup.ts'
import { throwIfCancelled, WorkbenchError } from '../../src-shared/ipc/errors.ts'
import type { WorkContext } from '../../src-shared/job.ts'
import { callDiplotypes, DIPLOTYPE_DEFAULTS, type DiplotypeOptions } from '../domain/diplotype/call.ts'
import { InsertionLetters } from '../domain/diplotype/insertions.ts'
import { diplotypeText } from '../domain/diplotype/text.ts'
import { tokenCounter } from '../domain/diplotype/tokenCounts.ts'
import type { AlignmentFile } from '../readers/alignments.ts'
import { breathe, runPileup } from './pileupRun.ts'

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
    ctx.report({ phase: 'diplotype', done: start - region.start, total: region.end - region.start })
    // Writing to a file on stdout never waits, and where no read lies nothing is read: without this a signal would not be heard.
    await breathe()
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

/** More than any window shows letter by letter, and 45 MB of answer. */
const MAX_TRACK_BP = 5_000_000

/**
 * The diplotype of an interval as one answer: what a track draws.
 * @throws WorkbenchError `region` when the interval is longer than 5 Mb
 */
export async function diplotypeTrack(
  file: AlignmentFile,
  interval: Interval,
  caller: DiplotypeOptions['caller'],
  ctx: WorkContext,
): Promise<DiplotypeTrack> {
  const length = interval.end - interval.start
  if (length > MAX_TRACK_BP)
    throw new WorkbenchError('region', `${length.toLocaleString('en-US')} bp are too many for one diplotype`, 'zoom in to 5 Mb or less, or use "diploscope diplotype"') // biome-ignore format: one line
  const parts: string[] = []
  const depth = new Int32Array(length)
  const quality = new Uint8Array(length)
  let covered = 0
  let heterozygous = 0
  const request = { region: interval, pileup: PILEUP_DEFAULTS, calling: { ...DIPLOTYPE_DEFAULTS, caller } }
  await runDiplotype(file, request, ctx, calls => {
    parts.push(diplotypeText(calls))
    depth.set(calls.depth, calls.start - interval.start)
    quality.set(calls.quality, calls.start - interval.start)
    covered += calls.covered
    heterozygous += calls.heterozygous
  })
  const heterozygousShare = covered > 0 ? heterozygous / covered : 0
  return { interval, caller, characters: parts.join(''), depth, quality, heterozygousShare }
}
