import { availableParallelism, homedir } from 'node:os'
import { join } from 'node:path'
import type { OpenedFile } from '../../src-shared/genome/files.ts'
import type { AppInfo, Handlers, ShellCommand } from '../../src-shared/ipc/contract.ts'
import { toWire } from '../../src-shared/ipc/errors.ts'
import { serve } from '../../src-shared/ipc/server.ts'
import type { Wire } from '../../src-shared/ipc/wire.ts'
import type { ProcessLauncher } from '../compute/launcher.ts'
import { MODELS } from '../models/kinds.ts'
import { modelRegistry } from '../models/registry.ts'
import { createBrowse } from './browse.ts'
import { createComputeService } from './computeService.ts'
import type { ContentSource } from './content.ts'
import { prepareDataDir } from './dataDir.ts'
import { createDownloads } from './downloads.ts'
import { createEngines, type Engines } from './engines.ts'
import { createFileRegistry } from './files.ts'
import { createHandlers } from './handlers.ts'
import { createHub } from './hub.ts'
import { createJobs } from './jobs.ts'
import { labDataFolders } from './lab/lab.ts'
import { createProgramLab } from './lab/programLab.ts'
import { createLabServices } from './labServices.ts'
import { createModelServices } from './modelServices.ts'
import { estimateInThread } from './planner/estimateThread.ts'
import { createJobPlanning } from './planner/jobPlanning.ts'
import { createJobRates } from './planner/jobRates.ts'
import { createPlanner, type Estimator } from './planner/planner.ts'
import { createProjects, PROJECT_SUFFIX, type StartWith } from './projects.ts'
import { createRecent } from './recent.ts'
import type { PrintPdf } from './reportExport.ts'
import { createRiskServices } from './riskHandlers.ts'
import { createScanServices } from './scanServices.ts'
import { createShadowIndexes } from './shadowIndex.ts'
import { createUploads } from './uploads.ts'

export interface ServicesOptions {
  /** Closed to other users; made when absent. */
  readonly dataDir: string
  /** Where the demo data of the program lie. */
  readonly demoDir?: string
  /** Where the models of the program lie, each in its folder. */
  readonly modelsDir?: string
  /** Where the recipes of the program lie. */
  readonly recipesDir?: string
  readonly host: AppInfo['host']
  readonly dialogs: AppInfo['dialogs']
  readonly version: string
  /** Versions of what runs underneath, for "About". */
  readonly versions?: Readonly<Record<string, string>>
  readonly threads?: number
  /** What is open at start: a project file, more files. */
  readonly start?: StartWith
  /** Where browsing begins, and the other folders below which it may go. Default: working folder, home. */
  readonly startFolder?: string
  readonly roots?: readonly string[]
  readonly printPdf?: PrintPdf
  /** How the compute process is started; default: a child of this Node. */
  readonly computeLauncher?: ProcessLauncher
  /** Milliseconds since the epoch. */
  readonly now?: () => number
  readonly engines?: Engines
  /** Faults that we did not foresee, for the log: they name no person and no data. */
  readonly fault?: (error: unknown, where: string) => void
  readonly uploadLimitBytes?: number
  readonly freeBytes?: (folder: string) => Promise<number>
  /** Memory that jobs may take; default: what the machine has free. */
  readonly availableBytes?: () => number
  /** Default: in a thread for each question. */
  readonly estimator?: Estimator
}

/** Everything behind the contract, for any host. */
export interface Services {
  readonly handlers: Handlers
  /** Serves a window over a wire until it closes. */
  connect(wire: Wire): void
  /** For the one function behind app:// and http (content.ts). */
  readonly content: ContentSource
  /** Opens files by path (dialog, drop, operating system) and tells every window, also of what cannot be opened. */
  openPaths(paths: readonly string[]): Promise<readonly OpenedFile[]>
  command(command: ShellCommand): void
  /** Cancels jobs, writes what is unsaved, ends workers. At most about four seconds. */
  close(): Promise<void>
}

const JOBS_STOP_MS = 2000
/** The model that the demo is about. */
const DEMO_MODEL = 'demo-tracks'

/** Starts the services. The session is restored meanwhile: `project.current` waits for it. */
export async function createServices(options: ServicesOptions): Promise<Services> {
  const { dataDir, now = Date.now, fault = () => {} } = options
  await prepareDataDir(dataDir)
  const hub = createHub()
  const engines = options.engines ?? createEngines(problem => hub.emit('notice', problem))
  const downloads = createDownloads(now)
  const threads = options.threads ?? availableParallelism()
  const compute = createComputeService({
    threads,
    ...(options.computeLauncher ? { launcher: options.computeLauncher } : {}),
  })
  const browse = createBrowse({ start: options.startFolder ?? process.cwd(), roots: options.roots ?? [homedir()] })
  const uploads = createUploads({
    dataDir,
    now,
    register: browse.register,
    ...(options.uploadLimitBytes === undefined ? {} : { maxBytes: options.uploadLimitBytes }),
    ...(options.freeBytes ? { freeBytes: options.freeBytes } : {}),
  })
  const [jobs, recent] = await Promise.all([
    createJobs({
      path: join(dataDir, 'jobs.json'),
      now,
      tell: job => hub.emit('job.changed', job),
      fault: error => fault(error, 'jobs'),
    }),
    createRecent({ path: join(dataDir, 'recent.json'), now, fault: error => fault(error, 'recent files') }),
  ])
  const shadows = createShadowIndexes(dataDir)
  const files = createFileRegistry({
    probe: engines.probe,
    shadows,
    changed: file => hub.emit('files.changed', file),
    listChanged: () => projects.touch(),
  })
  const projects = createProjects({
    dataDir,
    demoDir: options.demoDir,
    demoModel: options.modelsDir && join(options.modelsDir, DEMO_MODEL),
    files,
    now,
    notice: problem => hub.emit('notice', problem),
    replaced: state => hub.emit('project.replaced', state),
    start: options.start ?? {},
    opened: path => void recent.note(path),
  })
  const planner = createPlanner({
    dataDir,
    registry: modelRegistry(MODELS),
    estimator: options.estimator ?? estimateInThread,
    threads,
    version: options.version,
    now,
    ...(options.computeLauncher ? { launcher: options.computeLauncher } : {}),
    ...(options.availableBytes ? { available: options.availableBytes } : {}),
  })
  const rates = createJobRates({
    dataDir,
    threads,
    version: options.version,
    fault: error => fault(error, 'job rates'),
  })
  const models = createModelServices({
    files,
    engines,
    jobs,
    compute: compute.engine,
    dataDir,
    modelsDir: options.modelsDir,
    tell: change => hub.emit('prediction.changed', change),
    now,
    fault: error => fault(error, 'prediction cache'),
    plan: createJobPlanning(planner, compute.engine, { computing: () => jobs.list().some(j => j.state === 'running') }),
  })
  const scans = createScanServices({
    files,
    engines,
    jobs,
    downloads,
    models,
    dataDir,
    version: options.version,
    emit: hub.emit,
    now,
    fault: error => fault(error, 'scans'),
    rates,
  })
  const risk = createRiskServices({ models, dataDir, ownCompute: compute.own })
  const lab = createLabServices({
    lab: createProgramLab({
      dataDir,
      registry: models.registry,
      planner,
      recipesDir: options.recipesDir,
      threads,
      version: options.version,
      now,
      fault: error => fault(error, 'lab'),
      ...(options.computeLauncher ? { launcher: options.computeLauncher } : {}),
    }),
    jobs,
    downloads,
    emit: hub.emit,
  })
  const info: AppInfo = {
    version: options.version,
    host: options.host,
    versions: options.versions ?? {},
    dialogs: options.dialogs,
    threads,
  }
  const { openPaths, ...handlers } = createHandlers({
    info,
    files,
    browse,
    recent,
    projects,
    jobs,
    downloads,
    engines,
    hub,
    shadows,
    printPdf: options.printPdf,
    models,
    scans,
    risk,
    lab,
    planner,
    rates,
    compression: { dataDir, recipesDir: options.recipesDir, dataFolders: labDataFolders(), ...(options.computeLauncher ? { launcher: options.computeLauncher } : {}) }, // biome-ignore format: one line
    devices: compute.devices,
    now,
  })
  void projects
    .current()
    .then(() => uploads.tidy(files.entries().map(e => e.path)))
    .catch(error => fault(error, 'uploads'))

  return {
    handlers,
    connect(wire) {
      const served = serve(wire, handlers, { now, onFault: fault })
      const leave = hub.add(served.emit)
      wire.onClose(leave)
    },
    content: {
      data: (id, part) => files.data(id, part),
      download: async (id, keep) => (keep ? downloads.peek(id) : downloads.take(id)),
      upload: uploads.take,
      noteProblem: (id, error) => files.noteProblem(id, error),
    },
    async openPaths(paths) {
      await projects.current()
      try {
        const [project] = paths.filter(p => p.endsWith(PROJECT_SUFFIX))
        if (project) await projects.openFile(project)
        const opened = project && paths.length === 1 ? [] : await openPaths(paths.filter(p => p !== project))
        if (opened.length > 0) hub.emit('files.opened', { files: opened })
        return opened
      } catch (error) {
        const { technical: _stack, ...problem } = toWire(error)
        hub.emit('notice', problem)
        return []
      }
    },
    command: command => hub.emit('shell.command', { command }),
    async close() {
      await jobs.stop(JOBS_STOP_MS)
      await projects.close()
      await scans.close()
      await risk.close()
      await models.close()
      await engines.close()
      await compute.close()
    },
  }
}
