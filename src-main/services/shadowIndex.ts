import { createHash } from 'node:crypto'
import { lstat, readlink, rm, symlink } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { asWorkbenchError } from '../../src-shared/ipc/errors.ts'
import { makeFolders } from '../storage/folders.ts'

/** Where the index of a file goes that lies in a folder where nothing may be written. */
export interface ShadowIndexes {
  /** A path beside which the file's index may lie: a link to the file in a folder of ours. Undefined when there is none. */
  find(path: string): Promise<string | undefined>
  /** Makes that link. @throws WorkbenchError `permission`, `no-space` */
  make(path: string): Promise<string>
}

/** Indexes of files on read-only storage, below `dataDir/indexes`, one folder a file. */
export function createShadowIndexes(dataDir: string): ShadowIndexes {
  const folderOf = (path: string) =>
    join(dataDir, 'indexes', createHash('sha256').update(path).digest('hex').slice(0, 32))
  const find = async (path: string) => {
    const link = join(folderOf(path), basename(path))
    return (await readlink(link).catch(() => undefined)) === path ? link : undefined
  }
  return {
    find,
    async make(path) {
      const known = await find(path)
      if (known) return known
      const link = join(folderOf(path), basename(path))
      try {
        await makeFolders(folderOf(path), 0o700)
        if (await lstat(link).catch(() => undefined)) await rm(link)
        await symlink(path, link)
      } catch (error) {
        throw asWorkbenchError(error)
      }
      return link
    },
  }
}
