import { basename } from 'node:path'
import { findContig, joinContigs } from '../../src-shared/genome/contigs.ts'
import type { OpenedFile } from '../../src-shared/genome/files.ts'
import type { GeneHit } from '../../src-shared/genome/genes.ts'
import type { Interval } from '../../src-shared/genome/interval.ts'
import type { Contig } from '../../src-shared/genome/locus.ts'
import type { AppInfo, DeviceReport, Handlers } from '../../src-shared/ipc/contract.ts'
import { asWorkbenchError, throwIfCancelled, toWire, WorkbenchError } from '../../src-shared/ipc/errors.ts'
import type { WorkContext } from '../../src-shared/job.ts'
import type { Browse } from './browse.ts'
import { type CompressionParts, createCompressionHandlers } from './compressionServices.ts'
import type { Downloads } from './downloads.ts'
import type { Engines, SampleSource } from './engines.ts'
import type { FileEntry, FileRegistry } from './files.ts'
import type { EventHub } from './hub.ts'
import { indexOutlook, indexWork } from './indexWork.ts'
import { createOutlookHandlers } from './jobOutlooks.ts'
import type { Jobs } from './jobs.ts'
import { createLabHandlers } from './labHandlers.ts'
import type { LabServices } from './labServices.ts'
import { resolveLocus } from './locus.ts'
import { createModelHandlers } from './modelHandlers.ts'
import type { ModelServices } from './modelServices.ts'
import { meantModel } from './models/modelPaths.ts'
import type { JobRates } from './planner/jobRates.ts'
import { pacedJob } from './planner/pacedJob.ts'
import type { Planner } from './planner/planner.ts'
import { createPlannerHandlers } from './plannerHandlers.ts'
import type { Projects } from './projects.ts'
import type { RecentFiles } from './recent.ts'
import { exportReport, type PrintPdf } from './reportExport.ts'
import { meantSheet } from './riskCohorts.ts'
import { createRiskHandlers, type RiskServices } from './riskHandlers.ts'
import { createScanHandlers } from './scanHandlers.ts'
import type { ScanServices } from './scanServices.ts'
import type { ShadowIndexes } from './shadowIndex.ts'
import { createTuneHandlers } from './tuneHandlers.ts'

export interface HandlerParts {
  readonly info: AppInfo
  readonly files: FileRegistry
  readonly browse: Browse
  readonly recent: RecentFiles
  readonly projects: Projects
  readonly jobs: Jobs
  readonly downloads: Downloads
  readonly engines: Engines
  readonly hub: EventHub
  readonly shadows: ShadowIndexes
  readonly printPdf: PrintPdf | undefined
  readonly models: ModelServices
  readonly scans: ScanServices
  readonly risk: RiskServices
  readonly lab: LabServices
  readonly planner: Planner
  readonly compression: Pick<CompressionParts, 'dataDir' | 'recipesDir' | 'dataFolders' | 'launcher'>
  /** The pace of earlier jobs that are no network. */
  readonly rates: JobRates
  readonly devices: () => Promise<readonly DeviceReport[]>
  readonly now: () => number
}

const INDEX_NAME = /\.(bai|csi|crai|tbi|fai|gzi)$/i

/** The contract's methods over the services: one line of routing each, the work is elsewhere. */
export function createHandlers(
  parts: HandlerParts,
): Handlers & { openPaths(paths: readonly string[]): Promise<readonly OpenedFile[]> } {
  // biome-ignore format: one line
  const { files, browse, recent, projects, jobs, downloads, engines, hub, shadows } = parts

  /** Opens what can be opened. What cannot is told as a notice, unless nothing could be: then the first reason is thrown. */
  const openPaths = async (paths: readonly string[]): Promise<readonly OpenedFile[]> => {
    const alone = paths.every(p => INDEX_NAME.test(p))
    const shown = alone ? paths : paths.filter(p => !INDEX_NAME.test(p)) // an index picked with its file is found beside it
    const wanted = [...new Set(await Promise.all(shown.map(async p => meantSheet(await meantModel(p)))))] // the files of a model folder are the model
    const opened: OpenedFile[] = []
    const failures: WorkbenchError[] = []
    for (const path of wanted) {
      try {
        const file = await files.open(path)
        opened.push(file)
        await recent.note(path)
      } catch (error) {
        failures.push(asWorkbenchError(error))
      }
    }
    if (opened.length === 0 && failures[0]) throw failures[0]
    for (const f of failures) {
      const { technical: _stack, ...problem } = toWire(f)
      hub.emit('notice', problem)
    }
    return opened
  }

  /** The other windows hear of it too; which project is shown is the caller's choice. */
  const told = (opened: readonly OpenedFile[]): readonly OpenedFile[] => {
    const shared = opened.filter(f => f.role !== 'project')
    if (shared.length > 0) hub.emit('files.opened', { files: shared })
    return opened
  }

  const reference = async (): Promise<FileEntry | undefined> => {
    const { document } = await projects.current()
    const all = files.entries().filter(e => e.role === 'reference')
    return all.find(e => e.id === document.view.referenceFileId) ?? all[0]
  }

  const sample = async (fileId: string): Promise<SampleSource & { entry: FileEntry }> => {
    const entry = await files.use(fileId)
    if (entry.role !== 'sample')
      throw new WorkbenchError('wrong-type', `'${basename(entry.path)}' holds no reads`, 'choose a BAM or CRAM')
    if (entry.problem) throw new WorkbenchError(entry.problem.code, entry.problem.message, entry.problem.remedy)
    const ref = entry.facts.kind === 'cram' ? await reference() : undefined
    if (ref) await files.use(ref.id)
    return { entry, path: entry.path, indexPath: entry.indexPath, referencePath: ref?.readPath }
  }

  /** Runs work on an open file; a difference on disk that the reader meets goes to the file's card too. Looks again at the end:
   *  an answer made from a file while it changed is no answer. */
  const reading = async <T>(fileId: string, work: () => Promise<T>): Promise<T> => {
    try {
      const value = await work()
      await files.use(fileId)
      return value
    } catch (error) {
      if (asWorkbenchError(error).code === 'changed') files.noteProblem(fileId, error)
      throw error
    }
  }

  /** The project's reference base; empty where there is no reference that can be read or it lacks the place. Another failure is told. */
  const baseOf = async (place: Interval, context: WorkContext): Promise<string> => {
    const ref = await reference()
    if (!ref || ref.problem) return ''
    await files.use(ref.id)
    try {
      return await engines.sequence(ref.readPath, place, context)
    } catch (error) {
      const { code } = asWorkbenchError(error)
      if (code === 'not-found' || code === 'region') return ''
      throw error
    }
  }

  const searchGenes = async (query: string, limit: number, context: WorkContext): Promise<readonly GeneHit[]> => {
    const hits: GeneHit[] = []
    for (const e of files.entries().filter(f => f.facts.kind === 'genes' && !f.problem)) {
      throwIfCancelled(context.signal)
      await files.use(e.id)
      try {
        const found = await engines.searchGenes(e.path, query, limit, context)
        hits.push(...found.map(h => ({ ...h, fileId: e.id })))
      } catch (error) {
        const { code } = asWorkbenchError(error)
        if (code === 'cancelled' || code === 'internal' || code === 'disconnected') throw error
        files.noteProblem(e.id, error) // its card says why it finds nothing; the other annotations still do
      }
    }
    return hits.slice(0, limit)
  }

  const contigsOfProject = async (): Promise<readonly Contig[]> => {
    const first = await reference()
    if (first && first.facts.contigs.length > 0) return first.facts.contigs
    const order = [...files.entries().filter(e => e.role === 'sample'), ...files.entries()]
    return joinContigs(order.map(e => e.facts.contigs).filter(c => c.length > 0))
  }

  const apoe = async (fileId: string, build: 'auto' | 'GRCh37' | 'GRCh38', context: WorkContext) => {
    const source = await sample(fileId)
    return { source, report: await reading(fileId, () => engines.apoe(source, build, context)) }
  }

  const openShipped = async (path: string): Promise<OpenedFile> => told(await openPaths([path]))[0]!

  const compression = createCompressionHandlers({ ...parts.compression, ...parts.models, jobs, downloads, rates: parts.rates, now: parts.now, threads: parts.info.threads, open: openShipped, referencePath: async () => { const found = await reference(); return found && !found.problem ? found.readPath : undefined } }) // biome-ignore format: one line
  const risk = createRiskHandlers({
    ...parts,
    version: parts.info.version,
    openFile: openShipped,
    reading: async (fileId, work) => {
      const source = await sample(fileId)
      return reading(fileId, () => work(source))
    },
    referencePath: async () => (await reference())?.readPath,
  })

  return {
    openPaths,
    ...createOutlookHandlers({
      predict: (asked, context) => parts.models.predictions.outlook(asked, context),
      scan: asked => parts.scans.scans.outlook(asked),
      attribution: asked => parts.scans.attributionOutlook(asked),
      field: asked => parts.scans.fields.outlook(asked),
      variants: (asked, { signal }) => parts.scans.variants.outlook(asked, signal),
      compression: asked => compression.outlook(asked),
      cohort: ({ again, ...subject }, context) => risk.cohorts.outlook(subject, again, context),
      index: async ({ fileId }) => indexOutlook(await files.use(fileId), parts.rates),
    }),
    ...createModelHandlers({ ...parts, version: parts.info.version, open: openShipped }),
    ...createScanHandlers(parts.scans),
    ...createLabHandlers(parts.lab),
    ...compression.handlers,
    ...createPlannerHandlers(parts),
    ...risk.handlers,
    ...createTuneHandlers({ ...parts, openFile: openShipped }),
    'app.info': async () => parts.info,
    'app.devices': () => parts.devices(),
    'files.browse': ({ folderId }) => browse.list(folderId),
    async 'files.open'({ entryIds }) {
      return told(await openPaths(await Promise.all(entryIds.map(e => browse.resolve(e)))))
    },
    'files.recent': async () => recent.list(),
    'files.openRecent': async ({ recentId }) => told(await openPaths([recent.path(recentId)])),
    async 'files.close'({ fileId }) {
      files.close(fileId)
      hub.emit('files.closed', { fileId })
      return null
    },
    'files.refresh': ({ fileId }) => files.refresh(fileId),
    async 'files.buildIndex'({ fileId }) {
      const entry = await files.use(fileId)
      const { path } = entry
      const running = jobs.list().find(j => j.kind === 'index' && j.resultId === undefined && indexing.get(path) === j.id && j.endedAt === undefined) // biome-ignore format: one line
      if (running) return running
      const paced = pacedJob({ rates: parts.rates, ...indexWork(entry), now: parts.now })
      const job = jobs.start({
        kind: 'index',
        title: `Index of ${basename(path)}`,
        estimate: paced.estimate,
        async run(outer) {
          const context = paced.watch(outer)
          let complete = false
          try {
            const { warnings } = await engines.buildIndex(path, context).catch(async error => {
              if (asWorkbenchError(error).code !== 'permission') throw error
              return engines.buildIndex(await shadows.make(path), context) // nothing may be written beside the file
            })
            for (const message of warnings)
              hub.emit('notice', { code: 'bad-index', message, remedy: 'look at the file before you rely on it' })
            await files.refresh(fileId).catch(() => undefined) // closed meanwhile: the index is there all the same
            complete = true
          } finally {
            await paced.end(complete)
          }
          return fileId
        },
      })
      indexing.set(path, job.id)
      return job
    },
    'project.current': () => projects.current(),
    'project.save': ({ document }) => projects.save(document),
    'project.new': () => projects.startNew(),
    'project.demo': () => projects.demo(),
    async 'project.open'({ fileId }) {
      const entry = await files.use(fileId)
      if (entry.role !== 'project')
        throw new WorkbenchError('wrong-type', `'${basename(entry.path)}' is not a project`, 'open a *.diploscope.json')
      return projects.openFile(entry.path)
    },
    async 'project.export'() {
      const { name, text } = await projects.exported()
      return downloads.add({ name, contentType: 'application/json', bytes: new TextEncoder().encode(text) })
    },
    async 'reference.sequence'({ fileId, interval }, context) {
      const { readPath } = await files.use(fileId)
      return { sequence: await reading(fileId, () => engines.sequence(readPath, interval, context)) }
    },
    'genes.search': ({ query, limit }, context) => searchGenes(query.trim(), limit, context),
    async 'genes.range'({ fileId, interval }, context) {
      const { path } = await files.use(fileId)
      return reading(fileId, () => engines.genesInRange(path, interval, context))
    },
    async 'locus.resolve'({ text }, context) {
      return resolveLocus(text, await contigsOfProject(), query => searchGenes(query, 20, context))
    },
    async 'reads.first'({ fileId }, context) {
      const source = await sample(fileId)
      return { interval: await reading(fileId, () => engines.firstReads(source, context)) }
    },
    async 'coverage.bins'({ fileId, interval, bins, options }, context) {
      const source = await sample(fileId)
      return reading(fileId, () => engines.depthBins(source, ownNames(source.entry, interval), bins, options, context))
    },
    async 'diplotype.range'({ fileId, interval, caller }, context) {
      const source = await sample(fileId)
      return reading(fileId, () => engines.diplotype(source, ownNames(source.entry, interval), caller, context))
    },
    async 'position.report'({ fileId, contig, position, options }, context) {
      const source = await sample(fileId)
      const at = ownNames(source.entry, { contig, start: position, end: position + 1 })
      const { detail, ledger } = await reading(fileId, () =>
        engines.column(source, at.contig, position, options, context),
      )
      const referenceBase = await baseOf({ contig, start: position, end: position + 1 }, context)
      return { fileId, options, detail, ledger, referenceBase }
    },
    'apoe.report': async ({ fileId, build }, context) => (await apoe(fileId, build, context)).report,
    async 'apoe.export'({ fileId, build, format }, context) {
      const { source, report } = await apoe(fileId, build, context)
      const createdAt = new Date(parts.now()).toISOString()
      const origin = { build, version: parts.info.version, createdAt }
      const document = (kind: 'html' | 'json') => engines.apoeDocument(source, report, kind, origin)
      const name = basename(source.path).replace(/\.(bam|cram|sam)$/i, '')
      return downloads.add(
        await exportReport({ name, format, document, printPdf: parts.printPdf, signal: context.signal }),
      )
    },
    'jobs.list': async () => jobs.list(),
    async 'jobs.cancel'({ jobId }) {
      jobs.cancel(jobId)
      return null
    },
    async 'jobs.markRead'({ jobId }) {
      jobs.markRead(jobId)
      return null
    },
  }
}

/** Path -> the job that indexes it: asking twice starts one. */
const indexing = new Map<string, string>()

/** The interval under the contig name that the file itself uses. */
function ownNames(entry: FileEntry, interval: Interval): Interval {
  const contig = findContig(interval.contig, entry.facts.contigs)
  return contig ? { ...interval, contig: contig.name } : interval
}
