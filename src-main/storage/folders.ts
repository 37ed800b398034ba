import { mkdir, stat } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'

/**
 * Makes a folder and those above it that are missing; true when it was not there before. Node's own recursive form is not used: below
 * a file system that refuses new folders with ENOENT (`/proc`) it tries for ever (Node 20).
 * @throws the system's error: `EEXIST` when the path is a file, `ENOENT`, `EACCES`, `ENOSPC`…
 */
export async function makeFolders(path: string, mode?: number): Promise<boolean> {
  const make = () => mkdir(path, mode === undefined ? {} : { mode })
  try {
    await make()
    return true
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'EEXIST' && (await stat(path)).isDirectory()) return false
    const above = dirname(resolve(path))
    if (code !== 'ENOENT' || above === resolve(path)) throw error
    // A folder above that is there already cannot be what was missing.
    if (!(await makeFolders(above, mode))) throw error
    await make()
    return true
  }
}
