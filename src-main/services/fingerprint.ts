import type { Stats } from 'node:fs'
import { stat } from 'node:fs/promises'
import { asWorkbenchError, WorkbenchError } from '../../src-shared/ipc/errors.ts'

/** By what a file is recognised as the one that was opened. Times in milliseconds since the epoch. */
export interface Fingerprint {
  readonly size: number
  readonly mtimeMs: number
  readonly ino: number
  readonly dev: number
}

export const fingerprintOf = (s: Stats): Fingerprint => ({ size: s.size, mtimeMs: s.mtimeMs, ino: s.ino, dev: s.dev })

export const sameFile = (a: Fingerprint, b: Fingerprint): boolean =>
  a.size === b.size && a.mtimeMs === b.mtimeMs && a.ino === b.ino && a.dev === b.dev

export const changedError = (path: string, how: 'changed' | 'has vanished') =>
  new WorkbenchError('changed', `'${path}' ${how} since it was opened`, 'reload the file')

/** @throws WorkbenchError `changed` when the path holds something else than it did, or nothing */
export async function ensureSame(path: string, then: Fingerprint): Promise<void> {
  let now: Stats
  try {
    now = await stat(path)
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code
    throw code === 'ENOENT' || code === 'ENOTDIR' ? changedError(path, 'has vanished') : asWorkbenchError(error)
  }
  if (!sameFile(then, fingerprintOf(now))) throw changedError(path, 'changed')
}

/** The fingerprint of an optional companion; undefined where there is none. */
export async function fingerprintAt(path: string): Promise<Fingerprint | undefined> {
  try {
    const s = await stat(path)
    return s.isFile() ? fingerprintOf(s) : undefined
  } catch {
    return undefined
  }
}
