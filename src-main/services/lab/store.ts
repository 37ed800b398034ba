import { type FileHandle, mkdir, open, readdir, readFile, rm, stat, truncate } from 'node:fs/promises'
import { join } from 'node:path'
import { asWorkbenchError, WorkbenchError } from '../../../src-shared/ipc/errors.ts'
import type { LabResult } from '../../../src-shared/lab/result.ts'
import { writeFileAtomic } from '../../storage/atomic.ts'
import { makeFolders } from '../../storage/folders.ts'
import { claimSession, isClaimed } from '../sessionLock.ts'
import { readResult } from './checkResult.ts'
import type { PointFolders } from './visitPoint.ts'
import type { VisitRecord } from './visits.ts'

/** How a result came here, and what going on with it needs. */
export interface Origin {
  readonly imported: boolean
  /** Where its recipe lay; null for an imported one. */
  readonly recipePath: string | null
  readonly dataFolder: string | null
}

export interface StoredResult {
  readonly result: LabResult
  readonly origin: Origin
}

/** The folder of a result that is being measured: nobody else writes into it meanwhile. */
export interface OpenResult extends StoredResult {
  /** Of earlier runs, in order. */
  readonly visits: readonly VisitRecord[]
  /** On disk when it resolves. */
  record(visit: VisitRecord): Promise<void>
  write(result: LabResult): Promise<void>
  /** Made when they are asked for. */
  folders(pointId: string): Promise<PointFolders>
  /** Removes what the points keep for one another: all of it of a result that is done, else what is made again. The journal stays. */
  tidy(done: boolean): Promise<void>
  close(): Promise<void>
}

export interface LabStore {
  /** The newest first; what cannot be read is left out. */
  list(): Promise<readonly StoredResult[]>
  /** @throws WorkbenchError `not-found`, `bad-input` */
  read(id: string): Promise<StoredResult>
  create(result: LabResult, origin: Origin): Promise<OpenResult>
  /** @throws WorkbenchError `not-found`, `bad-input` when another program measures it now */
  open(id: string): Promise<OpenResult>
  /** Adds a whole result; the same one again replaces it. */
  add(result: LabResult): Promise<void>
  remove(id: string): Promise<void>
}

const RESULT = 'result.json'
const ORIGIN = 'origin.json'
const JOURNAL = 'journal.jsonl'
const POINTS = 'points'
/** No point's id: those end with ten digits of a sum. */
const SHARED = 'shared'
/** Of points too. */
const REMADE = 'remade'
const LOCK = 'lock'
/** A result of the most points that there may be stays far below. */
const MAX_BYTES = 64 * 1024 ** 2
/** Larger ones are read again each time. */
const KEPT_BYTES = 2 * 1024 ** 2

/** Results as folders of `root`, named by their ids. */
export function createLabStore(root: string): LabStore {
  const own = new Set<string>()
  const folderOf = (id: string) => {
    if (!/^[A-Za-z0-9-]{1,100}$/.test(id)) throw missing(id)
    return join(root, id)
  }

  /** What was read and checked before, as long as its file is the same: windows ask for the list with every point that arrives. */
  const known = new Map<string, { readonly state: string; readonly stored: StoredResult }>()
  const readOnce = async (id: string, folder: string): Promise<StoredResult> => {
    const path = join(folder, RESULT)
    const file = await stat(path).catch(() => undefined)
    if (file === undefined || file.size > MAX_BYTES) throw missing(id)
    const state = `${file.ino} ${file.mtimeMs} ${file.size}`
    const before = known.get(id)
    if (before?.state === state) return before.stored
    known.delete(id)
    const text = await readFile(path, 'utf8').catch(() => undefined)
    if (text === undefined) throw missing(id)
    const stored = { result: readResult(text, RESULT), origin: await readOrigin(join(folder, ORIGIN)) }
    if (file.size <= KEPT_BYTES) known.set(id, { state, stored })
    return stored
  }

  const read = async (id: string): Promise<StoredResult> => {
    const folder = folderOf(id)
    const { result, origin } = await readOnce(id, folder)
    // A program that was killed could not say that its run is over.
    const cut = result.state === 'running' && !(await isClaimed(join(folder, LOCK)))
    return { result: cut ? { ...result, state: 'partial' } : result, origin }
  }

  const claim = async (id: string, folder: string): Promise<() => Promise<void>> => {
    const busy = new WorkbenchError('bad-input', `the result '${id}' is being measured now`, 'wait for that, or cancel it') // biome-ignore format: one thought
    if (own.has(id)) throw busy
    own.add(id)
    const lock = await claimSession(join(folder, LOCK)).catch(error => {
      own.delete(id)
      throw error
    })
    if (lock.taken) {
      own.delete(id)
      throw busy
    }
    return async () => {
      if (own.delete(id)) await lock.release()
    }
  }

  const opened = async (stored: StoredResult, release: () => Promise<void>): Promise<OpenResult> => {
    const folder = folderOf(stored.result.id)
    const journal = await openVisits(join(folder, JOURNAL))
    return {
      ...stored,
      visits: journal.visits,
      record: journal.append,
      async write(result) {
        await writeFileAtomic(join(folder, RESULT), `${JSON.stringify(result)}\n`)
        known.delete(result.id)
      },
      async folders(pointId) {
        const made = { folder: join(folder, POINTS, pointId), sharedFolder: join(folder, POINTS, SHARED), remadeFolder: join(folder, POINTS, REMADE) } // biome-ignore format: one table
        for (const path of Object.values(made)) await makeFolders(path).catch(fault)
        return made
      },
      async tidy(done) {
        await rm(done ? join(folder, POINTS) : join(folder, POINTS, REMADE), { recursive: true, force: true })
      },
      async close() {
        await journal.close()
        await release()
      },
    }
  }

  return {
    async list() {
      const names = await readdir(root).catch(() => [])
      const found = await Promise.all(names.map(name => read(name).catch(() => undefined)))
      return found.filter(r => r !== undefined).sort((a, b) => (a.result.startedAt < b.result.startedAt ? 1 : -1))
    },
    read,
    async create(result, origin) {
      const folder = folderOf(result.id)
      await makeFolders(root, 0o700).catch(fault)
      await mkdir(folder).catch(fault)
      const release = await claim(result.id, folder)
      try {
        await writeFileAtomic(join(folder, ORIGIN), `${JSON.stringify(origin)}\n`)
        await writeFileAtomic(join(folder, RESULT), `${JSON.stringify(result)}\n`)
        return await opened({ result, origin }, release)
      } catch (error) {
        await release()
        throw error
      }
    },
    async open(id) {
      const stored = await read(id)
      const release = await claim(id, folderOf(id))
      try {
        return await opened(stored, release)
      } catch (error) {
        await release()
        throw error
      }
    },
    async add(result) {
      const folder = folderOf(result.id)
      await makeFolders(folder, 0o700).catch(fault)
      const origin: Origin = { imported: true, recipePath: null, dataFolder: null }
      await writeFileAtomic(join(folder, ORIGIN), `${JSON.stringify(origin)}\n`)
      await writeFileAtomic(join(folder, RESULT), `${JSON.stringify(result)}\n`)
    },
    async remove(id) {
      const folder = folderOf(id)
      if (own.has(id) || (await isClaimed(join(folder, LOCK)))) throw new WorkbenchError('bad-input', `the result '${id}' is being measured now`, 'cancel it first') // biome-ignore format: one thought
      await rm(folder, { recursive: true, force: true }).catch(fault)
      known.delete(id)
    },
  }
}

const missing = (id: string) =>
  new WorkbenchError('not-found', `there is no result '${id.slice(0, 60)}' of the lab`, 'choose one of the list')

const fault = (error: unknown): never => {
  throw asWorkbenchError(error)
}

async function readOrigin(path: string): Promise<Origin> {
  const text = await readFile(path, 'utf8').catch(() => 'null')
  const json = JSON.parse(text) as Partial<Origin> | null
  const pathOf = (v: unknown) => (typeof v === 'string' ? v : null)
  return { imported: json?.imported !== false, recipePath: pathOf(json?.recipePath), dataFolder: pathOf(json?.dataFolder) } // biome-ignore format: one line
}

/** Visits as JSON lines, each on disk before the next begins. A last line that was cut off is dropped. */
async function openVisits(path: string): Promise<{
  readonly visits: readonly VisitRecord[]
  append(visit: VisitRecord): Promise<void>
  close(): Promise<void>
}> {
  const text = await readFile(path, 'utf8').catch(error => {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return ''
    throw asWorkbenchError(error)
  })
  const whole = text.slice(0, text.lastIndexOf('\n') + 1)
  const visits = whole.split('\n').filter(Boolean).map(line => visitOf(line, path)) // biome-ignore format: one chain
  let handle: FileHandle
  try {
    if (text !== whole) await truncate(path, Buffer.byteLength(whole))
    handle = await open(path, 'a')
  } catch (error) {
    throw asWorkbenchError(error)
  }
  return {
    visits,
    async append(visit) {
      try {
        await handle.appendFile(`${JSON.stringify(visit)}\n`)
        await handle.sync()
      } catch (error) {
        throw asWorkbenchError(error)
      }
    },
    close: () => handle.close(),
  }
}

function visitOf(line: string, path: string): VisitRecord {
  try {
    const v = JSON.parse(line) as Partial<VisitRecord> | null
    if (v && typeof v.point === 'string' && Number.isSafeInteger(v.visit) && typeof v.state === 'string' && typeof v.measures === 'object') return v as VisitRecord // biome-ignore format: one thought
  } catch {}
  throw new WorkbenchError('corrupt', `'${path}' is no journal of the lab`, 'remove that result and run its recipe again') // biome-ignore format: one thought
}
