import { QueryClient, useQuery } from '@tanstack/react-query'
import type { OpenedFile } from '../../src-shared/genome/files.ts'
import type { Interval } from '../../src-shared/genome/interval.ts'
import type { PileupOptions } from '../../src-shared/genome/pileup.ts'
import type { Client } from '../../src-shared/ipc/client.ts'
import type { Args, EventName, Events, Method, Result } from '../../src-shared/ipc/contract.ts'
import { toWire, type WireError } from '../../src-shared/ipc/errors.ts'
import type { Progress } from '../../src-shared/job.ts'
import { connect, giveFiles, nativeOpenDialog, saveExport } from './connect.ts'
import type { Dialog } from './workbench.ts'
import { useWorkbench } from './workbench.ts'

/** Calls to the services, and what their events do to the window's state. */

let client: Client | undefined

/** One call of the contract. @throws WorkbenchError */
export async function call<M extends Method>(
  method: M,
  args: Args<M>,
  signal?: AbortSignal,
  onProgress?: (progress: Progress) => void,
): Promise<Result<M>> {
  if (!client) throw new Error('not connected')
  return client.call(method, args, { ...(signal ? { signal } : {}), ...(onProgress ? { onProgress } : {}) })
}

const waiting: ((c: Client) => void)[] = []
/** Listens to what the services tell, for the life of the window; before the connection stands, from when it does. */
export function onEvent<E extends EventName>(event: E, listener: (payload: Events[E]) => void): void {
  if (client) client.on(event, listener)
  else waiting.push(c => void c.on(event, listener))
}

/** Data are right until the file changes, and the file's time is part of every key. */
export const queries = new QueryClient({
  defaultOptions: { queries: { staleTime: Number.POSITIVE_INFINITY, retry: false, refetchOnWindowFocus: false } },
})

const report = (error: unknown) => {
  const wire = toWire(error)
  if (wire.code !== 'cancelled') useWorkbench.getState().notify('error', wire.message, wire)
}

/** Runs what a button started; a failure becomes a notice with its way out. */
export const attempt = (work: () => Promise<unknown>): void => {
  void work().catch(report)
}

export async function start(): Promise<void> {
  const store = useWorkbench
  try {
    client = await connect()
  } catch (error) {
    store.setState({ connection: 'lost' })
    report(error)
    return
  }
  const c = client
  for (const listen of waiting.splice(0)) listen(c)
  c.onDisconnect(() => store.setState({ connection: 'lost' }))
  c.on('job.changed', job => store.getState().jobChanged(job))
  c.on('files.opened', ({ files }) => receive(files))
  // Another window closed it; our own close has taken it off the list already.
  c.on('files.closed', ({ fileId }) => {
    if (store.getState().files.some(f => f.id === fileId)) store.getState().fileClosed(fileId)
  })
  c.on('project.replaced', state => loadProject(state))
  c.on('files.changed', file => store.getState().fileChanged(file))
  c.on('notice', error => store.getState().notify('error', error.message, error))
  c.on('shell.command', ({ command }) => runShellCommand(command))
  try {
    const [info, project, jobs, recent] = await Promise.all([
      c.call('app.info', {}),
      c.call('project.current', {}),
      c.call('jobs.list', {}),
      c.call('files.recent', {}),
    ])
    store.setState({ info, jobs, recent })
    store.getState().load(project)
    store.setState({ connection: 'ready' })
    placed()
  } catch (error) {
    report(error)
    store.setState({ connection: 'lost' })
    return
  }
  autosave()
}

let placed: () => void = () => {}
/** Who knows a better place to begin at than the start of a contig says so. */
export const onPlaced = (find: typeof placed): void => {
  placed = find
}

/** Files that were opened, however they came. A project file replaces what is shown. */
function receive(files: readonly OpenedFile[]) {
  const project = files.find(f => f.role === 'project')
  useWorkbench.getState().opened(files)
  if (!project) placed()
  if (project)
    attempt(async () => {
      await release(useWorkbench.getState().files.map(f => f.id))
      loadProject(await call('project.open', { fileId: project.id }))
    })
  attempt(async () => useWorkbench.setState({ recent: await call('files.recent', {}) }))
}

export const loadProject = (state: Result<'project.current'>): void => useWorkbench.getState().load(state)

/** Another project in place of this one. Its files are let go first: they are closed before the answer arrives. */
export function replaceProject(method: 'project.new' | 'project.demo'): void {
  attempt(async () => {
    await release(useWorkbench.getState().files.map(f => f.id))
    try {
      loadProject(await call(method, {}))
    } catch (error) {
      // The old project stays, so its tracks come back.
      useWorkbench.setState(s => ({ files: [...s.files] }))
      throw error
    }
  })
}

let release: (fileIds: readonly string[]) => Promise<void> = async () => {}
/** Who reads files by itself says how it stops. */
export const onRelease = (stop: typeof release): void => {
  release = stop
}

let shellCommand: (command: string) => void = () => {}
export const onShellCommand = (run: (command: string) => void): void => {
  shellCommand = run
}
const runShellCommand = (command: string) => shellCommand(command)

const SAVE_AFTER_MS = 700

/** Every change is on disk within a second; what was saved is never worse than what was there before. */
function autosave() {
  let timer: ReturnType<typeof setTimeout> | undefined
  let saved = useWorkbench.getState().history.present
  const save = async () => {
    timer = undefined
    const document = useWorkbench.getState().history.present
    if (document === saved || useWorkbench.getState().connection !== 'ready') return
    useWorkbench.setState({ save: 'saving' })
    try {
      await call('project.save', { document })
      saved = document
      useWorkbench.setState({ save: useWorkbench.getState().history.present === document ? 'saved' : 'waiting' })
    } catch (error) {
      useWorkbench.setState({ save: 'failed' })
      report(error)
    }
  }
  useWorkbench.subscribe((state, before) => {
    if (state.history.present === before.history.present) return
    // A project just loaded is what the services have: nothing to save.
    if (state.history.past.length === 0 && state.history.future.length === 0 && state.save === 'saved') {
      saved = state.history.present
      return
    }
    useWorkbench.setState({ save: 'waiting' })
    clearTimeout(timer)
    timer = setTimeout(() => void save(), SAVE_AFTER_MS)
  })
  document.addEventListener('visibilitychange', () => {
    if (document.visibilityState !== 'hidden' || timer === undefined) return
    clearTimeout(timer)
    void save()
  })
}

/** The system's dialog where the host has one, else the window's own. */
export function openFiles(): void {
  const { info, show } = useWorkbench.getState()
  if (info?.dialogs === 'native') attempt(() => nativeOpenDialog('any'))
  else show('open' satisfies Dialog)
}

/** A folder of alignment files as a cohort, or of a model. The window's own dialog shows folders beside files. */
export function openFolder(): void {
  const { info, show } = useWorkbench.getState()
  if (info?.dialogs === 'native') attempt(() => nativeOpenDialog('folder'))
  else show('open' satisfies Dialog)
}

/** Opens entries of the window's own dialog. */
export async function openEntries(entryIds: readonly string[]): Promise<void> {
  receive(await call('files.open', { entryIds }))
}

export async function openRecent(recentId: string): Promise<void> {
  receive(await call('files.openRecent', { recentId }))
}

/** Takes a file out of the project, and what shows it off the screen. */
export async function takeOut(file: OpenedFile): Promise<void> {
  await release([file.id])
  await call('files.close', { fileId: file.id })
  useWorkbench.getState().fileClosed(file.id)
}

export function closeFile(file: OpenedFile): void {
  attempt(async () => {
    await takeOut(file)
    useWorkbench.getState().notify('info', `${file.name} was removed from the project; the file itself is untouched`)
  })
}

/** Looks at a file again. One that is gone keeps its place, with the reason. */
export function refreshFile(file: OpenedFile): void {
  attempt(async () => {
    const { fileChanged } = useWorkbench.getState()
    try {
      fileChanged(await call('files.refresh', { fileId: file.id }))
    } catch (error) {
      fileChanged({ ...file, problem: toWire(error) })
    }
  })
}

export function buildIndex(file: OpenedFile): void {
  attempt(async () => useWorkbench.getState().jobChanged(await call('files.buildIndex', { fileId: file.id })))
}

export async function drop(
  files: readonly File[],
  onProgress: Parameters<typeof giveFiles>[1],
  signal: AbortSignal,
): Promise<void> {
  const entryIds = await giveFiles(files, onProgress, signal)
  if (entryIds.length > 0) await openEntries(entryIds)
}

export function exportReport(fileId: string, format: 'html' | 'json' | 'pdf'): void {
  attempt(async () => {
    const { notify } = useWorkbench.getState()
    const file = await call('apoe.export', { fileId, build: 'auto', format })
    await saveExport(file.downloadId, file.name)
    notify('success', `${file.name} is ready`)
  })
}

/** Saves a file that the services have written, and what came with it. */
export async function saveDownload(
  file: Result<'project.export'> & { readonly provenance?: Result<'project.export'> },
): Promise<void> {
  await saveExport(file.downloadId, file.name)
  if (file.provenance) await saveExport(file.provenance.downloadId, file.provenance.name)
  useWorkbench.getState().notify('success', `${file.name} is ready`)
}

export function exportProject(): void {
  attempt(async () => {
    const file = await call('project.export', {})
    await saveExport(file.downloadId, file.name)
  })
}

/** Part of every key of what is read from a file: a file that changed is another file. */
export const version = (file: OpenedFile | undefined) =>
  file ? [file.id, file.facts.modifiedAt, file.facts.sizeBytes, file.facts.index] : ['none']

export const useApoeReport = (file: OpenedFile | undefined) =>
  useQuery<Result<'apoe.report'>, WireError>({
    queryKey: ['apoe', ...version(file)],
    enabled: file !== undefined && !file.problem,
    queryFn: ({ signal }) => call('apoe.report', { fileId: file?.id ?? '', build: 'auto' }, signal),
  })

export const usePosition = (file: OpenedFile | undefined, contig: string, position: number, options: PileupOptions) =>
  useQuery<Result<'position.report'>, WireError>({
    queryKey: ['position', ...version(file), contig, position, options],
    enabled: file !== undefined && !file.problem,
    queryFn: ({ signal }) => call('position.report', { fileId: file?.id ?? '', contig, position, options }, signal),
  })

/** Depth of a view, for plots: several samples at once. */
export const coverageQuery = (file: OpenedFile, interval: Interval, bins: number, options: PileupOptions) => ({
  queryKey: ['coverage', ...version(file), interval, bins, options],
  gcTime: 30_000,
  queryFn: ({ signal }: { readonly signal: AbortSignal }) =>
    call('coverage.bins', { fileId: file.id, interval, bins, options }, signal),
})
