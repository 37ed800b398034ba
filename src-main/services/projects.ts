import { readdir, readFile, rename, rm, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { asWorkbenchError, toWire, type WireError, WorkbenchError } from '../../src-shared/ipc/errors.ts'
import type { ProjectDocument, ProjectState } from '../../src-shared/project.ts'
import { writeFileAtomic } from '../storage/atomic.ts'
import { makeFolders } from '../storage/folders.ts'
import { emptyDocument, withDefaultTracks } from './defaultTracks.ts'
import type { FileRegistry } from './files.ts'
import { candidatePaths, commonFolder, formatProject, type ProjectFile, type ProjectFileEntry, parseProject, withFileIds } from './projectFile.ts' // biome-ignore format: one line

import { claimSession, type SessionLock } from './sessionLock.ts'

/** A project file holds settings, not data: a larger one is something else. */
const MAX_PROJECT_BYTES = 32 * 1024 * 1024
/** Projects that another one replaced stay in `projects/` up to this many. */
const KEPT_PREVIOUS = 10
/** What the name of a project file ends with. */
export const PROJECT_SUFFIX = '.diploscope.json'

export interface Projects {
  current(): Promise<ProjectState>
  /** Keeps the document and writes the session. @throws `no-space`, `permission`: the older session file is intact then */
  save(document: ProjectDocument): Promise<{ savedAt: number }>
  startNew(): Promise<ProjectState>
  demo(): Promise<ProjectState>
  /** Opens a project file and everything in it. @throws `corrupt`, `wrong-type`, `unsupported`, `not-found`, `permission` */
  openFile(path: string): Promise<ProjectState>
  /** The project as the text of a file. Relative paths are from the folder that holds all of its files. */
  exported(): { readonly name: string; readonly text: string }
  /** Writes the session soon: a file came or went. A failure is told as a notice. */
  touch(): void
  /** Waits until what was touched is written. */
  flush(): Promise<void>
  /** Flushes, and lets another run have the session. A session saved apart goes to the previous projects. */
  close(): Promise<void>
}

/** What is open when the program starts. */
export interface StartWith {
  readonly projectFile?: string
  readonly files?: readonly string[]
}

/**
 * The current project: restored at start, saved by itself under `dataDir/session.diploscope.json`, each time whole or not at all.
 * A session that cannot be read is set aside under another name and told, never overwritten.
 */
export function createProjects(options: {
  readonly dataDir: string
  readonly demoDir: string | undefined
  /** A model folder that opens with the demo, where it is there. */
  readonly demoModel?: string | undefined
  readonly files: FileRegistry
  readonly now: () => number
  readonly notice: (error: WireError) => void
  readonly replaced: (state: ProjectState) => void
  readonly start: StartWith
  /** A file was opened by its path at start. */
  readonly opened: (path: string) => void
}): Projects {
  const { dataDir, demoDir, demoModel, files, now, notice, replaced } = options
  let sessionPath = join(dataDir, `session${PROJECT_SUFFIX}`)
  let document = emptyDocument('New project')
  let savedAt = 0
  /** Until the restored session stands, nothing may be written over it. */
  let restored = false
  let touched: NodeJS.Timeout | undefined
  let writing: Promise<unknown> = Promise.resolve()

  const tell = (error: unknown) => {
    const { technical: _stack, ...problem } = toWire(error)
    notice(problem)
  }
  const stamp = () => new Date(now()).toISOString().replaceAll(/[:.]/g, '-')
  const state = (): ProjectState => ({ document, files: files.list(), savedAt })

  const write = (): Promise<void> => {
    clearTimeout(touched)
    touched = undefined
    const work = writing.then(async () => {
      const at = now()
      await writeFileAtomic(sessionPath, formatProject(document, files.entries(), dataDir, at))
      savedAt = at
    })
    writing = work.catch(() => undefined)
    return work
  }
  const writeSoon = () => {
    if (!restored) return
    touched ??= setTimeout(() => write().catch(tell), 200).unref()
  }

  const read = async (path: string): Promise<ProjectFile> => {
    let json: string
    try {
      const { size } = await stat(path)
      if (size > MAX_PROJECT_BYTES)
        throw new WorkbenchError('wrong-type', `'${basename(path)}' has ${size} bytes: too many for a project`, `open a *${PROJECT_SUFFIX}`) // biome-ignore format: one sentence
      json = await readFile(path, 'utf8')
    } catch (error) {
      throw asWorkbenchError(error)
    }
    return parseProject(json, basename(path))
  }

  /** Opens a project's files and gives its document with their ids. A file that cannot be opened is there with its problem. */
  const take = async (project: ProjectFile, folder: string): Promise<ProjectDocument> => {
    const ids = new Map<string, string>()
    const opened = await Promise.all(
      project.files.map(
        async f =>
          [
            f.id,
            (await files.restore({ ...f, path: await locate(f, folder, project.document.demo ? demoDir : undefined) }))
              .id,
          ] as const,
      ),
    )
    for (const [old, current] of opened) ids.set(old, current)
    files.arrange([...ids.values()])
    return withFileIds(project.document, ids)
  }

  /** The replaced project stays in `projects/`, so that "new" by mistake loses nothing. */
  const keepPrevious = async () => {
    const shipped = [demoDir, demoModel].filter(p => p !== undefined)
    const own = files.entries().some(e => !shipped.some(p => e.path.startsWith(p)))
    if (!own && (document.demo || document.bookmarks.length === 0)) return
    const folder = join(dataDir, 'projects')
    try {
      await makeFolders(folder, 0o700)
      await writeFileAtomic(join(folder, `previous-${stamp()}${PROJECT_SUFFIX}`), formatProject(document, files.entries(), folder, savedAt)) // biome-ignore format: one line
      const old = (await readdir(folder)).filter(n => n.startsWith('previous-')).sort().slice(0, -KEPT_PREVIOUS) // biome-ignore format: one line
      for (const name of old) await rm(join(folder, name), { force: true })
    } catch (error) {
      tell(error)
    }
  }

  const replaceBy = async (make: () => Promise<ProjectDocument>): Promise<ProjectState> => {
    await ready
    await keepPrevious()
    files.closeAll()
    document = await make()
    await write().catch(tell)
    replaced(state())
    return state()
  }

  const setAside = async (): Promise<string> => {
    const aside = join(dataDir, `session.damaged-${stamp()}${PROJECT_SUFFIX}`)
    try {
      await rename(sessionPath, aside)
      return aside
    } catch {
      // It cannot be moved: then it stays, and this run saves under another name rather than over it.
      const kept = sessionPath
      sessionPath = join(dataDir, `session-${stamp()}${PROJECT_SUFFIX}`)
      return kept
    }
  }

  const restoreSession = async (): Promise<ProjectDocument | undefined> => {
    let project: ProjectFile
    try {
      project = await read(sessionPath)
    } catch (error) {
      const e = asWorkbenchError(error)
      if (e.code === 'not-found') return undefined
      const aside = await setAside()
      tell(
        new WorkbenchError('corrupt', `The last session could not be read (${e.message})`, `it is kept as '${aside}'`),
      )
      return emptyDocument('New project')
    }
    savedAt = project.savedAt
    return take(project, dataDir)
  }

  const readDemo = async (): Promise<ProjectFile> => {
    try {
      if (demoDir) return await read(join(demoDir, `demo${PROJECT_SUFFIX}`))
    } catch (error) {
      if (asWorkbenchError(error).code !== 'not-found') throw error
    }
    throw new WorkbenchError('not-found', 'the demo data are not installed', 'open a file of your own, or install the program again') // biome-ignore format: one sentence
  }

  const openDemoModel = async () => {
    if (demoModel !== undefined && (await stat(demoModel).catch(() => undefined)))
      await files.open(demoModel).catch(tell)
  }

  /** The demo, or an empty project where it is not installed or damaged: then that is told. */
  const firstRun = async (): Promise<ProjectDocument> => {
    if (!demoDir) return document
    try {
      const demo = await take(await readDemo(), demoDir)
      await openDemoModel()
      return demo
    } catch (error) {
      tell(error)
      return document
    }
  }

  let lock: SessionLock | undefined
  /** A second run at the same time starts with the same session, and saves what it does apart. */
  const saveApart = () => {
    sessionPath = join(dataDir, `session.apart-${process.pid}${PROJECT_SUFFIX}`)
    tell(new WorkbenchError('changed', 'Another run of the program is using this session', `what you do here is kept apart, in '${join(dataDir, 'projects')}' once it ends`)) // biome-ignore format: one sentence
  }

  const keepApart = async (name: string) => {
    await makeFolders(join(dataDir, 'projects'), 0o700)
    const kept = join(dataDir, 'projects', `previous-${stamp()}${PROJECT_SUFFIX}`)
    await rename(join(dataDir, name), kept).catch(() => undefined) // nothing was saved
  }

  const start = async () => {
    lock = await claimSession(join(dataDir, 'session.lock')).catch(error => {
      tell(error)
      return undefined
    })
    const named = options.start.files ?? []
    const projectFile = options.start.projectFile ?? named.find(p => p.endsWith(PROJECT_SUFFIX))
    const paths = named.filter(p => !p.endsWith(PROJECT_SUFFIX))
    try {
      if (projectFile) document = await take(await read(projectFile), dirname(projectFile))
      else {
        const session = await restoreSession()
        document = session ?? (paths.length ? document : await firstRun())
      }
    } catch (error) {
      tell(error)
    }
    if (lock?.taken) saveApart()
    // Sessions apart whose run was killed: with the lock ours, their runs are over.
    else for (const n of (await readdir(dataDir)).filter(name => name.startsWith('session.apart-'))) await keepApart(n)
    for (const p of paths) {
      const file = await files.open(p).catch(tell)
      if (file) options.opened(p)
    }
    if (paths.length) document = withDefaultTracks(document, files.list())
    restored = true
    writeSoon()
  }
  const ready = start()
  const flush = async () => {
    await ready
    if (touched) await write().catch(tell)
    await writing
  }

  return {
    async current() {
      await ready
      return state()
    },
    async save(next) {
      await ready
      document = next
      await write()
      return { savedAt }
    },
    startNew: () => replaceBy(async () => emptyDocument('New project')),
    async demo() {
      const demo = await readDemo() // before anything is closed
      return replaceBy(async () => {
        const document = await take(demo, demoDir ?? '')
        await openDemoModel()
        return document
      })
    },
    async openFile(path) {
      const project = await read(path) // before anything is closed: a damaged file leaves the current project as it is
      return replaceBy(() => take(project, dirname(path)))
    },
    exported() {
      const entries = files.entries().filter(e => e.role !== 'project')
      const folder = commonFolder(entries.map(e => e.path), dataDir) // biome-ignore format: one line
      const name = document.name.replaceAll(/[^\p{L}\p{N} ._-]/gu, '_').trim() || 'project'
      return { name: `${name}${PROJECT_SUFFIX}`, text: formatProject(document, entries, folder, now()) }
    },
    touch: writeSoon,
    flush,
    async close() {
      await flush()
      if (lock?.taken) await keepApart(basename(sessionPath))
      await lock?.release()
    },
  }
}

/** Where a file of a project is now: the first candidate of the remembered size, else the first that exists, else where it was. */
async function locate(file: ProjectFileEntry, folder: string, demoDir: string | undefined): Promise<string> {
  const found: { path: string; size: number }[] = []
  // The program, and with it the demo, may have been moved by an update.
  const moved = demoDir ? [join(demoDir, basename(file.path))] : []
  for (const path of [...candidatePaths(file, folder), ...moved]) {
    const s = await stat(path).catch(() => undefined)
    if (s) found.push({ path, size: s.size })
  }
  return (found.find(f => f.size === file.sizeBytes) ?? found[0])?.path ?? file.path
}
