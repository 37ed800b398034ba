import { findContig } from '../../src-shared/genome/contigs.ts'
import type { Interval } from '../../src-shared/genome/interval.ts'
import { someNames } from '../../src-shared/genome/locus.ts'
import type { PileupColumns } from '../../src-shared/genome/pileup.ts'
import { throwIfCancelled, WorkbenchError } from '../../src-shared/ipc/errors.ts'
import type { WorkContext } from '../../src-shared/job.ts'
import { ColumnDetailCollector } from '../domain/pileup/columnDetail.ts'
import { DepthBinner } from '../domain/pileup/depthBins.ts'
import { ReadWatch } from '../domain/pileup/readStory.ts'
import type { RecordBatch } from '../domain/pileup/record.ts'
import { cohortFigures } from '../domain/statistics/cohortFigures.ts'
import type { AlignmentFile } from '../readers/alignments.ts'
import { runApoe } from './apoeRun.ts'
import { diplotypeTrack } from './diplotypeRun.ts'
import { firstReads } from './firstReadsRun.ts'
import { OpenFiles } from './openFiles.ts'
import type { CallName, PileupCalls, PileupRegion } from './pileupProtocol.ts'
import { breathe, runPileup } from './pileupRun.ts'
import { riskReadings } from './riskReadingRun.ts'
import { runSampleDiplotype } from './sampleDiplotypeRun.ts'

/** Past every coordinate that BAM and CSI can hold. */
const NO_END = 2 ** 31 - 1

type Handlers = {
  readonly [C in CallName]: (
    args: PileupCalls[C]['args'],
    ctx: WorkContext,
    onColumns: (columns: PileupColumns) => void | Promise<void>,
  ) => Promise<PileupCalls[C]['result']>
}

/** The calls of the pileup worker, over files that stay open between them. */
export function pileupHandlers(files = new OpenFiles()): Handlers {
  const reading = riskReadings()
  return {
    pileup: (args, ctx, onColumns) =>
      files.use(args, file => runPileup(file, resolve(file, args.region).interval, args.options, ctx, onColumns)),

    columnDetails: (args, ctx) =>
      files.use(args, async file => {
        const details = []
        for (const { contig, position } of args.positions) {
          const region = resolve(file, { contig, start: position, end: position + 1 })
          const collector = new ColumnDetailCollector(region.interval.contig, region.index, position, args.options)
          await feed(file, region.interval, ctx, collector)
          details.push(collector.result())
        }
        return details
      }),

    depthBins: (args, ctx) =>
      files.use(args, async file => {
        const { interval } = resolve(file, args.interval)
        const binner = new DepthBinner(interval, args.bins)
        await runPileup(file, interval, args.options, ctx, columns => binner.add(columns))
        return binner.result()
      }),

    readStories: (args, ctx) =>
      files.use(args, async file => {
        const { interval, index } = resolve(file, args.region)
        const watch = new ReadWatch(args.name, index, interval, args.options)
        await feed(file, interval, ctx, watch)
        return watch.stories()
      }),

    firstReads: (args, ctx) => files.use(args, file => firstReads(file, ctx)),

    diplotype: (args, ctx) =>
      files.use(args, file => diplotypeTrack(file, resolve(file, args.interval).interval, args.caller, ctx)),

    apoe: (args, ctx) => files.use(args, file => runApoe(file, args.request, ctx)),

    cohortFigures: async ({ people, threshold }) => cohortFigures(people, threshold),

    riskReading: (args, ctx) => files.use(args, file => reading(file, args.request, args.view, ctx)),

    sampleDiplotype: (args, ctx) => files.use(args, file => runSampleDiplotype(file, args.request, ctx)),
  }
}

async function feed(
  file: AlignmentFile,
  interval: Interval,
  ctx: WorkContext,
  sink: { push(batch: RecordBatch): void },
): Promise<void> {
  for await (const batch of file.reads(interval, ctx)) {
    throwIfCancelled(ctx.signal)
    sink.push(batch)
    await breathe()
  }
}

/** The region under the file's own contig name. @throws WorkbenchError `not-found`, `region` */
function resolve(file: AlignmentFile, region: PileupRegion): { interval: Interval; index: number } {
  const { contigs } = file.header
  const contig = findContig(region.contig, contigs)
  if (!contig)
    throw new WorkbenchError('not-found', `contig '${region.contig}' is not in '${file.path}'; it has ${someNames(contigs)}`, 'give one of its contigs') // biome-ignore format: one line
  const end = Math.min(region.end ?? NO_END, NO_END)
  if (!Number.isInteger(region.start) || !Number.isInteger(end) || region.start < 0 || end <= region.start)
    throw new WorkbenchError('region', `${contig.name}:${region.start + 1}-${end} holds no base`, 'positions begin at 1, the first not after the last') // biome-ignore format: one line
  return { interval: { contig: contig.name, start: region.start, end }, index: contigs.indexOf(contig) }
}
