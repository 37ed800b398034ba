import { chmod, readdir, rm, stat } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { asWorkbenchError, WorkbenchError } from '../../src-shared/ipc/errors.ts'
import { isLeftover } from '../storage/atomic.ts'
import { makeFolders } from '../storage/folders.ts'

/** Where the program keeps its own files: DIPLOSCOPE_DATA_DIR, else the system's place for a user's data. */
export function defaultDataDir(
  env: Readonly<Record<string, string | undefined>> = process.env,
  platform: NodeJS.Platform = process.platform,
  home: string = homedir(),
): string {
  if (env['DIPLOSCOPE_DATA_DIR']) return env['DIPLOSCOPE_DATA_DIR']
  if (platform === 'win32') return join(env['LOCALAPPDATA'] ?? join(home, 'AppData', 'Local'), 'Diploscope')
  if (platform === 'darwin') return join(home, 'Library', 'Application Support', 'Diploscope')
  return join(env['XDG_DATA_HOME'] || join(home, '.local', 'share'), 'diploscope')
}

/** Makes the folder, closed to other users: names of samples are in it. @throws WorkbenchError `permission`, `no-space` */
export async function prepareDataDir(path: string): Promise<void> {
  try {
    const made = await makeFolders(path, 0o700)
    if (made) await chmod(path, 0o700)
    else await sweep(path)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'EEXIST' || code === 'ENOTDIR')
      throw new WorkbenchError('wrong-type', `'${path}' is to hold the program's data and is not a folder`, 'move it away, or set DIPLOSCOPE_DATA_DIR') // biome-ignore format: one sentence
    throw asWorkbenchError(error)
  }
}

/** Younger left overs may be another window's that is writing now. */
const OLD_MS = 3600_000

async function sweep(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    if (!isLeftover(name)) continue
    const { mtimeMs } = await stat(join(folder, name)).catch(() => ({ mtimeMs: Date.now() }))
    if (Date.now() - mtimeMs > OLD_MS) await rm(join(folder, name), { force: true })
  }
}
