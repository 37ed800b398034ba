import { readFile } from 'node:fs/promises'
import { basename, dirname } from 'node:path'
import type { RecentFile } from '../../src-shared/genome/files.ts'
import { WorkbenchError } from '../../src-shared/ipc/errors.ts'
import { writeFileAtomic } from '../storage/atomic.ts'
import { newId } from './ids.ts'

export interface RecentFiles {
  list(): readonly RecentFile[]
  /** @throws WorkbenchError `not-found` */
  path(recentId: string): string
  /** Puts a path at the top. A list that cannot be written is no reason for the file not to open. */
  note(path: string): Promise<void>
}

interface Remembered {
  readonly recentId: string
  readonly path: string
  readonly openedAt: number
}

const KEPT = 30

/** The files that were opened last, over restarts. */
export async function createRecent(options: {
  readonly path: string
  readonly now: () => number
  readonly fault: (error: unknown) => void
}): Promise<RecentFiles> {
  let files = await restore(options.path)
  let writing = Promise.resolve()
  return {
    list: () =>
      files.map(f => ({ recentId: f.recentId, name: basename(f.path), folder: dirname(f.path), openedAt: f.openedAt })),
    path(recentId) {
      const found = files.find(f => f.recentId === recentId)
      if (!found)
        throw new WorkbenchError('not-found', 'this file is not in the list any more', 'open it by its folder')
      return found.path
    },
    note(path) {
      const known = files.find(f => f.path === path)
      const entry = { recentId: known?.recentId ?? newId(), path, openedAt: options.now() }
      files = [entry, ...files.filter(f => f !== known)].slice(0, KEPT)
      writing = writing.then(() => writeFileAtomic(options.path, JSON.stringify(files))).catch(options.fault)
      return writing
    },
  }
}

async function restore(path: string): Promise<readonly Remembered[]> {
  try {
    const list: unknown = JSON.parse(await readFile(path, 'utf8'))
    if (!Array.isArray(list)) return []
    return (list as Partial<Remembered>[])
      .filter(
        (f): f is Remembered =>
          typeof f?.path === 'string' &&
          typeof f.openedAt === 'number' &&
          /^[A-Za-z0-9_-]{1,128}$/.test(f.recentId ?? ''),
      )
      .slice(0, KEPT)
  } catch {
    return []
  }
}
