import type { Interval } from '../../src-shared/genome/interval.ts'
import type { PileupColumns, PileupLedger, PileupOptions } from '../../src-shared/genome/pileup.ts'
import { throwIfCancelled } from '../../src-shared/ipc/errors.ts'
import type { WorkContext } from '../../src-shared/job.ts'
import { ChunkBuilder, type ColumnSink } from '../domain/pileup/counters.ts'
import { PileupEngine } from '../domain/pileup/engine.ts'
import type { AlignmentFile } from '../readers/alignments.ts'

/** Lets the event loop look at signals and messages: counting a batch takes milliseconds and never waits by itself. */
export const breathe = (): Promise<void> => new Promise(resolve => setImmediate(resolve))

/**
 * Counts a region of an open file into a sink. `taken` is called whenever columns may have been emitted, and waited for: a slow
 * reader so slows the counting instead of filling memory.
 * @param region `contig` is a name of the file's header, exactly.
 * @returns the ledger, under the region's text `shown`
 */
export async function countRegion(
  file: AlignmentFile,
  region: Interval,
  options: PileupOptions,
  ctx: WorkContext,
  sink: ColumnSink,
  taken: () => void | Promise<void>,
  shown = `${region.contig}:${region.start + 1}-${region.end}`,
): Promise<PileupLedger> {
  const contigIndex = file.header.contigs.findIndex(c => c.name === region.contig)
  const engine = new PileupEngine({ contigIndex, region, options, sink })
  const length = file.header.contigs[contigIndex]?.length ?? 0
  const total = Math.max(0, Math.min(region.end, length) - region.start)
  for await (const batch of file.reads(region, ctx)) {
    for (let done = 0; done < batch.count; ) {
      throwIfCancelled(ctx.signal)
      done = engine.push(batch, done)
      await taken()
      await breathe()
    }
    const reached = (batch.starts[batch.count - 1] ?? region.start) - region.start
    ctx.report({ phase: 'pileup', done: Math.min(total, Math.max(0, reached)), total })
  }
  for (let whole = false; !whole; ) {
    throwIfCancelled(ctx.signal)
    whole = engine.finish()
    await taken()
    if (!whole) await breathe()
  }
  ctx.report({ phase: 'pileup', done: total, total })
  return engine.ledger(shown)
}

/** The same, as columns in chunks; `onColumns` is waited for. */
export async function runPileup(
  file: AlignmentFile,
  region: Interval,
  options: PileupOptions,
  ctx: WorkContext,
  onColumns: (columns: PileupColumns) => void | Promise<void>,
): Promise<PileupLedger> {
  let ready: PileupColumns[] = []
  const builder = new ChunkBuilder(region.contig, columns => ready.push(columns))
  const deliver = async () => {
    const chunks = ready
    ready = []
    for (const chunk of chunks) await onColumns(chunk)
  }
  const ledger = await countRegion(file, region, options, ctx, builder, deliver)
  builder.flush()
  await deliver()
  return ledger
}
