import { basename } from 'node:path'
import type { ApoeReport } from '../../src-shared/genome/apoe.ts'
import type { Build } from '../../src-shared/genome/assemblies.ts'
import type { DiplotypeTrack } from '../../src-shared/genome/diplotypeTrack.ts'
import type { FileFacts } from '../../src-shared/genome/files.ts'
import type { GeneHit, GeneModels } from '../../src-shared/genome/genes.ts'
import type { Interval } from '../../src-shared/genome/interval.ts'
import type { ColumnDetail, PileupLedger, PileupOptions } from '../../src-shared/genome/pileup.ts'
import type { CoverageBins } from '../../src-shared/ipc/contract.ts'
import { type WireError, WorkbenchError } from '../../src-shared/ipc/errors.ts'
import type { WorkContext } from '../../src-shared/job.ts'
import type { IndexResult } from '../readers/indexBuilder.ts'
import type { GeneWorker } from '../workers/genesClient.ts'
import { alignmentSource, coverageBins } from './coverage.ts'
import { fingerprintAt } from './fingerprint.ts'
import { createReferences } from './references.ts'

/** What a report says of how it was made. `createdAt` is ISO 8601, UTC. */
export interface ReportOrigin {
  readonly build: Build | 'auto'
  readonly version: string
  readonly createdAt: string
}

/** A sample and what reading it needs. `referencePath` is the project's reference, if any: CRAM cannot be read without. */
export interface SampleSource {
  readonly path: string
  readonly indexPath: string | undefined
  readonly referencePath: string | undefined
}

/**
 * What the services call to have work done on files: readers, worker threads, analyses. Each is loaded when it is first used, so
 * that the program listens before it knows how to read a BAM.
 */
export interface Engines {
  probe(path: string): Promise<FileFacts>
  /** Bases of an interval, upper case. */
  sequence(path: string, interval: Interval, context: WorkContext): Promise<string>
  searchGenes(
    path: string,
    query: string,
    limit: number,
    context: WorkContext,
  ): Promise<readonly Omit<GeneHit, 'fileId'>[]>
  genesInRange(path: string, interval: Interval, context: WorkContext): Promise<GeneModels>
  /** Writes the index beside the file, also over one that is there. */
  buildIndex(path: string, context: WorkContext): Promise<IndexResult>
  depthBins(source: SampleSource, interval: Interval, bins: number, options: PileupOptions, context: WorkContext): Promise<CoverageBins> // biome-ignore format: one line
  /** See workers/firstReadsRun.ts. */
  firstReads(source: SampleSource, context: WorkContext): Promise<Interval | null>
  column(source: SampleSource, contig: string, position: number, options: PileupOptions, context: WorkContext): Promise<{ readonly detail: ColumnDetail; readonly ledger: PileupLedger }> // biome-ignore format: one line
  diplotype(source: SampleSource, interval: Interval, caller: 'robust' | 'top2', context: WorkContext): Promise<DiplotypeTrack> // biome-ignore format: one line
  apoe(source: SampleSource, build: Build | 'auto', context: WorkContext): Promise<ApoeReport>
  /** The report as text, with where it comes from. */
  apoeDocument(source: SampleSource, report: ApoeReport, format: 'html' | 'json', origin: ReportOrigin): Promise<string>
  /** Ends worker threads and child processes. */
  close(): Promise<void>
}

/** By this one version of a file is told from another. */
const stateOf = async (path: string): Promise<string> => JSON.stringify(await fingerprintAt(path))

/** The program's own readers and workers. `notice` is told what a user should know and no call is waiting for. */
export function createEngines(notice: (problem: WireError) => void = () => {}): Engines {
  const references = createReferences(async path => (await import('../readers/reference.ts')).openReference(path))
  let geneWorker: GeneWorker | undefined
  const genes = async () => {
    const { GeneWorker: Genes } = await import('../workers/genesClient.ts')
    geneWorker ??= new Genes((path, { count, firstLine, firstReason }) =>
      notice({
        code: 'bad-input',
        message: `${count === 1 ? 'A line' : `${count.toLocaleString('en-US')} lines`} of '${basename(path)}' left out, the first being line ${firstLine}: ${firstReason}`,
        remedy: 'check the file if a gene is missing',
      }),
    )
    return geneWorker
  }
  return {
    async probe(path) {
      const { probeFile } = await import('../readers/probe.ts')
      return probeFile(path)
    },
    sequence: (path, { contig, start, end }, { signal }) =>
      references.use(path, reference => reference.sequence(contig, start, end, { upperCase: true, signal })),
    async searchGenes(path, query, limit, { signal }) {
      return (await genes()).search(path, await stateOf(path), query, limit, signal)
    },
    async genesInRange(path, interval, { signal }) {
      return (await genes()).range(path, await stateOf(path), interval, signal)
    },
    async buildIndex(path, context) {
      const { buildIndexInThread } = await import('../workers/indexClient.ts')
      return buildIndexInThread({ path, request: { force: true } }, context)
    },
    depthBins: coverageBins,
    async firstReads(source, context) {
      const { firstReads } = await import('../workers/pileupClient.ts')
      return firstReads(alignmentSource(source), context)
    },
    async column(source, contig, position, options, context) {
      const { columnDetails, pileup } = await import('../workers/pileupClient.ts')
      const file = alignmentSource(source)
      const region = { contig, start: position, end: position + 1 }
      const [[detail], ledger] = await Promise.all([
        columnDetails({ ...file, positions: [{ contig, position }], options }, context),
        pileup({ ...file, region, options }, context),
      ])
      if (!detail) throw new WorkbenchError('internal', 'the worker gave no column', 'please report this')
      return { detail, ledger }
    },
    async diplotype(source, interval, caller, context) {
      const { diplotype } = await import('../workers/pileupClient.ts')
      return diplotype({ ...alignmentSource(source), interval, caller }, context)
    },
    async apoe(source, build, context) {
      const [{ APOE_DEFAULTS, apoeRequest }, { apoe }] = await Promise.all([
        import('./apoe.ts'),
        import('../workers/pileupClient.ts'),
      ])
      const request = apoeRequest(source.path, { ...APOE_DEFAULTS, build })
      return apoe({ ...alignmentSource(source), request }, context)
    },
    async apoeDocument(source, report, format, { build, version, createdAt }) {
      const { apoeDocument, apoeProvenance } = await import('./apoe.ts')
      const options = { build, rna: report.rna.asked, ...report.thresholds }
      return apoeDocument(report, await apoeProvenance(source, options, version, createdAt), format)
    },
    async close() {
      const { closePileupWorkers } = await import('../workers/pileupClient.ts')
      await Promise.all([closePileupWorkers(), geneWorker?.close(), references.close()])
    },
  }
}
