import type { Interval } from '../../src-shared/genome/interval.ts'
import { formatLocus } from '../../src-shared/genome/locus.ts'
import type { PileupColumns, PileupLedger, PileupOptions } from '../../src-shared/genome/pileup.ts'
import { throwIfCancelled } from '../../src-shared/ipc/errors.ts'
import type { WorkContext } from '../../src-shared/job.ts'
import { PileupEngine } from '../domain/pileup/engine.ts'
import type { AlignmentFile } from '../readers/alignments.ts'

/** Lets the event loop look at signals and messages: counting a batch takes milliseconds and never waits by itself. */
export const breathe = (): Promise<void> => new Promise(resolve => setImmediate(resolve))

/**
 * Counts a region of an open file and hands out finished columns; waits for `onColumns` where that returns a promise, so
 * that a slow reader slows the counting instead of filling memory.
 * @param region `contig` is a name of the file's header, exactly.
 */
export async function runPileup(
  file: AlignmentFile,
  region: Interval,
  options: PileupOptions,
  ctx: WorkContext,
  onColumns: (columns: PileupColumns) => void | Promise<void>,
  shownRegion = formatLocus(region).replaceAll(',', ''),
): Promise<PileupLedger> {
  let ready: PileupColumns[] = []
  const engine = new PileupEngine({
    contigIndex: file.header.contigs.findIndex(c => c.name === region.contig),
    region,
    options,
    emit: columns => ready.push(columns),
  })
  const deliver = async () => {
    const chunks = ready
    ready = []
    for (const chunk of chunks) await onColumns(chunk)
  }
  const length = file.header.contigs.find(c => c.name === region.contig)?.length ?? 0
  const total = Math.max(0, Math.min(region.end, length) - region.start)
  for await (const batch of file.reads(region, ctx)) {
    throwIfCancelled(ctx.signal)
    engine.push(batch)
    await deliver()
    const reached = (batch.starts[batch.count - 1] ?? region.start) - region.start
    ctx.report({ phase: 'pileup', done: Math.min(total, Math.max(0, reached)), total })
    await breathe()
  }
  throwIfCancelled(ctx.signal)
  engine.finish()
  await deliver()
  ctx.report({ phase: 'pileup', done: total, total })
  return engine.ledger(shownRegion)
}
