import { type FileHandle, open, rename, rm, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { asWorkbenchError, WorkbenchError } from '../../src-shared/ipc/errors.ts'

/** Where an atomic write puts its bytes before they become the file. */
export interface AtomicFile {
  write(bytes: Uint8Array | string): Promise<void>
  /** Syncs and renames: from here on the file is there, whole. */
  commit(): Promise<void>
  /** Removes what was written; the file that was there before, if any, is untouched. Safe to call after commit. */
  abandon(): Promise<void>
}

/**
 * Opens `path` for writing whole or not at all: bytes go to a temporary name in the same folder, are synced, then renamed.
 * @throws WorkbenchError `not-found` (folder), `permission`, `no-space`, `wrong-type` (the path is a folder)
 */
export async function openAtomic(path: string): Promise<AtomicFile> {
  const there = await stat(path).catch(() => undefined)
  if (there?.isDirectory())
    throw new WorkbenchError('wrong-type', `'${path}' is a directory`, 'give the name of a file')
  const temporary = join(
    dirname(path),
    `.${basename(path)}.${process.pid}-${Math.random().toString(36).slice(2, 10)}.part`,
  )
  let handle: FileHandle | undefined
  try {
    handle = await open(temporary, 'wx')
  } catch (error) {
    throw asWorkbenchError(error)
  }
  let finished = false
  const guarded = async <T>(work: () => Promise<T>): Promise<T> => {
    try {
      return await work()
    } catch (error) {
      const e = error as NodeJS.ErrnoException
      if (e.code && !e.path) e.path = path // a write reports no path: name the file the user asked for
      throw asWorkbenchError(e)
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
        await rename(temporary, path)
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
