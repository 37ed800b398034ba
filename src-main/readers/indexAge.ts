import { stat } from 'node:fs/promises'
import { asWorkbenchError, WorkbenchError } from '../../src-shared/ipc/errors.ts'

/**
 * How much older than its file an index may be. Copying and unpacking write the two within moments in either order, so
 * a difference below two seconds says nothing; htslib warns from one second on.
 */
const GRACE_MS = 2000

/** Whether an index was last written before the file it indexes. Times in ms since the epoch. */
export const isOlder = (indexModifiedMs: number, fileModifiedMs: number): boolean =>
  indexModifiedMs + GRACE_MS < fileModifiedMs

/** @throws WorkbenchError `bad-index` when the index is older than the file */
export async function ensureNotOlder(path: string, indexPath: string): Promise<void> {
  try {
    const [file, index] = await Promise.all([stat(path), stat(indexPath)])
    if (isOlder(index.mtimeMs, file.mtimeMs)) throw olderIndex(path, indexPath)
  } catch (error) {
    throw asWorkbenchError(error)
  }
}

export const olderIndex = (path: string, indexPath: string): WorkbenchError =>
  new WorkbenchError('bad-index', `the index '${indexPath}' is older than '${path}'`, remedy(path)) // biome-ignore format: one line

/** No .crai is built here. */
const remedy = (path: string) =>
  `rebuild it with '${/\.cram$/i.test(path) ? `samtools index ${path}` : `diploscope index ${path} --force`}'`
