import { type FileHandle, lstat, open, readlink, realpath, rename, rm, stat } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { asWorkbenchError, WorkbenchError } from '../../src-shared/ipc/errors.ts'

/** Where an atomic write puts its bytes before they become the file. */
export interface AtomicFile {
  write(bytes: Uint8Array | string): Promise<void>
  /** Syncs and renames: from here on the file is there, whole. */
  commit(): Promise<void>
  /** Removes what was written; the file that was there before, if any, is untouched. Safe to call after commit. */
  abandon(): Promise<void>
}

/** Hops of symbolic links before they are taken for a circle, as Linux has it. */
const MAX_LINKS = 40

/** A name beside the file that nobody else takes; what a killed program leaves behind is known by it. */
const temporaryName = (name: string): string =>
  `.${name}.${process.pid}-${Math.random().toString(36).slice(2, 10)}.part`

/** True for the name of a file that an atomic write of a killed program left behind. */
export const isLeftover = (name: string): boolean => /^\..+\.\d+-[0-9a-z]{1,8}\.part$/.test(name)

/**
 * Opens `path` for writing whole or not at all: bytes go to a temporary name in the same folder, are synced, then renamed.
 * A symbolic link keeps pointing where it does: the file behind it is replaced. A character device (`/dev/null`, a terminal) is no file
 * that could be replaced, and is written to as it is; pipes, sockets and disks are refused.
 * @throws WorkbenchError `not-found` (folder), `permission`, `no-space`, `wrong-type` (the path is a folder, pipe, socket, disk)
 */
export async function openAtomic(path: string): Promise<AtomicFile> {
  const there = await stat(path).catch(() => undefined)
  if (there?.isDirectory())
    throw new WorkbenchError('wrong-type', `'${path}' is a directory`, 'give the name of a file')
  if (there?.isCharacterDevice()) return openDevice(path)
  if (there && !there.isFile())
    throw new WorkbenchError('wrong-type', `'${path}' is ${there.isFIFO() ? 'a pipe' : 'no regular file'}`, 'give the name of a file, or leave it out and redirect the output') // biome-ignore format: one line
  const target = await behindLinks(path)
  const temporary = join(dirname(target), temporaryName(basename(target)))
  let handle: FileHandle | undefined
  try {
    handle = await open(temporary, 'wx')
    // A file that others may not read stays so.
    if (there) await handle.chmod(there.mode & 0o777)
  } catch (error) {
    if (handle) {
      await handle.close().catch(() => undefined)
      await rm(temporary, { force: true })
    }
    throw asWorkbenchError(named(error, path))
  }
  let finished = false
  const guarded = async <T>(work: () => Promise<T>): Promise<T> => {
    try {
      return await work()
    } catch (error) {
      throw asWorkbenchError(named(error, path))
    }
  }
  return {
    write: bytes =>
      guarded(async () => {
        await handle?.writeFile(bytes)
      }),
    commit: () =>
      guarded(async () => {
        await handle?.sync()
        await handle?.close()
        handle = undefined
        await rename(temporary, target)
        finished = true
      }),
    abandon: async () => {
      if (finished) return
      finished = true
      await handle?.close().catch(() => undefined)
      handle = undefined
      await rm(temporary, { force: true })
    },
  }
}

/** A system error that names the file which the user asked for, not a temporary one or none. */
function named(error: unknown, path: string): unknown {
  if ((error as NodeJS.ErrnoException).code) (error as NodeJS.ErrnoException).path = path
  return error
}

async function openDevice(path: string): Promise<AtomicFile> {
  const guarded = async (work: () => Promise<unknown>): Promise<void> => {
    try {
      await work()
    } catch (error) {
      throw asWorkbenchError(named(error, path))
    }
  }
  let handle: FileHandle | undefined
  await guarded(async () => {
    handle = await open(path, 'w')
  })
  const close = async () => {
    await handle?.close()
    handle = undefined
  }
  return {
    write: bytes => guarded(async () => handle?.writeFile(bytes)),
    commit: () => guarded(close),
    abandon: () => close().catch(() => undefined),
  }
}

/** Where a chain of symbolic links ends, there or not: renaming onto a link would replace the link. */
async function behindLinks(path: string): Promise<string> {
  const found = await realpath(path).catch(() => undefined)
  if (found !== undefined) return found
  let at = path
  for (let hops = 0; hops < MAX_LINKS; hops++) {
    const stats = await lstat(at).catch(() => undefined)
    if (!stats?.isSymbolicLink()) return at
    at = resolve(dirname(at), await readlink(at))
  }
  throw new WorkbenchError('not-found', `'${path}' is a symbolic link in a circle`, 'give the name of a file')
}

/** Writes a whole file atomically; on any failure nothing is left behind and an older file stays as it was. */
export async function writeFileAtomic(path: string, bytes: Uint8Array | string): Promise<void> {
  const file = await openAtomic(path)
  try {
    await file.write(bytes)
    await file.commit()
  } finally {
    await file.abandon()
  }
}
