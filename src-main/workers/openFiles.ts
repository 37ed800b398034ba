import { stat } from 'node:fs/promises'
import { asWorkbenchError } from '../../src-shared/ipc/errors.ts'
import { type AlignmentFile, openAlignments } from '../readers/alignments.ts'
import type { AlignmentSource } from './pileupProtocol.ts'

/** Open files that are kept for the next call: their headers and indexes are in memory, a few MB each. */
const KEPT = 4

interface Entry {
  readonly key: string
  readonly state: string
  readonly file: Promise<AlignmentFile>
  users: number
  evicted: boolean
}

/**
 * Files that stay open between calls. A file that was replaced or rewritten since is opened anew; one that is in use is
 * closed when its last user is done.
 */
export class OpenFiles {
  private entries: Entry[] = []

  /** Runs `work` with the file open. @throws what opening or `work` throws */
  async use<T>(source: AlignmentSource, work: (file: AlignmentFile) => Promise<T>): Promise<T> {
    const entry = await this.entryFor(source)
    entry.users++
    try {
      return await work(await entry.file)
    } catch (error) {
      this.evict(entry)
      throw error
    } finally {
      entry.users--
      if (entry.evicted && entry.users === 0) await close(entry)
    }
  }

  private async entryFor(source: AlignmentSource): Promise<Entry> {
    const key = JSON.stringify([source.path, source.reference, source.index])
    const state = await stateOf(source.path)
    const found = this.entries.find(e => e.key === key)
    if (found?.state === state) {
      this.entries = [...this.entries.filter(e => e !== found), found]
      return found
    }
    if (found) this.evict(found)
    const { path, reference, index } = source
    const file = openAlignments(path, { ...(reference ? { reference } : {}), ...(index ? { index } : {}) })
    file.catch(() => undefined) // reported where it is used
    const entry: Entry = { key, state, file, users: 0, evicted: false }
    this.entries.push(entry)
    while (this.entries.length > KEPT) this.evict(this.entries[0]!)
    return entry
  }

  private evict(entry: Entry): void {
    this.entries = this.entries.filter(e => e !== entry)
    if (entry.evicted) return
    entry.evicted = true
    if (entry.users === 0) void close(entry)
  }
}

async function close(entry: Entry): Promise<void> {
  const file = await entry.file.catch(() => undefined)
  await file?.close()
}

async function stateOf(path: string): Promise<string> {
  try {
    const { size, mtimeMs, ino } = await stat(path)
    return `${size} ${mtimeMs} ${ino}`
  } catch (error) {
    throw asWorkbenchError(error)
  }
}
