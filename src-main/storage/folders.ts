import { mkdir, stat } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'

/**
 * Makes a folder and those above it that are missing; true when it was not there before. Node's own recursive form is not used: below
 * a file system that refuses new folders with ENOENT (`/proc`) it tries for ever (Node 20).
 * @throws the system's error: `EEXIST` when the path is a file, `ENOENT`, `EACCES`, `ENOSPC`…
 */
export async function makeFolders(path: string, mode?: number): Promise<boolean> {
  const make = async (): Promise<boolean> => {
    try {
      await mkdir(path, mode === undefined ? {} : { mode })
      return true
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EEXIST' && (await stat(path)).isDirectory()) return false
      throw error
    }
  }
  try {
    return await make()
  } catch (error) {
    const above = dirname(resolve(path))
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || above === resolve(path)) throw error
    // Somebody else may have made the one above, or this one, meanwhile: tried once more, and no more than that.
    await makeFolders(above, mode)
    return make()
  }
}
