import { asWorkbenchError } from '../../src-shared/ipc/errors.ts'
import type { Reference } from '../readers/reference.ts'
import { fingerprintAt } from './fingerprint.ts'

/** A whole genome's bgzip index is some 10 MB to read: the reference in use stays open, and one to compare with. */
const KEPT = 2

/** Failures that say nothing against the open file. */
const HARMLESS: readonly string[] = ['cancelled', 'not-found', 'region']

interface Entry {
  readonly key: string
  readonly reference: Promise<Reference>
  users: number
  evicted: boolean
}

export interface OpenReferences {
  /** Runs `work` with the reference open; one that was rewritten, or whose index was, is opened anew. */
  use<T>(path: string, work: (reference: Reference) => Promise<T>): Promise<T>
  close(): Promise<void>
}

/** References that stay open between calls. */
export function createReferences(open: (path: string) => Promise<Reference>): OpenReferences {
  let entries: readonly Entry[] = []

  const closeIdle = async (entry: Entry) => {
    if (!entry.evicted || entry.users > 0) return
    await entry.reference.then(r => r.close()).catch(() => undefined) // one that did not open holds nothing
  }
  const evict = (entry: Entry) => {
    if (entry.evicted) return
    entries = entries.filter(e => e !== entry)
    entry.evicted = true
    void closeIdle(entry)
  }

  return {
    async use(path, work) {
      const states = await Promise.all(['', '.fai', '.gzi'].map(end => fingerprintAt(path + end)))
      const key = JSON.stringify([path, states])
      let entry = entries.find(e => e.key === key)
      if (!entry) {
        entry = { key, reference: open(path), users: 0, evicted: false }
        entry.reference.catch(() => undefined) // thrown where it is used
      }
      const used = entry
      used.users++
      entries = [...entries.filter(e => e !== used), used]
      for (const old of entries.slice(0, -KEPT)) evict(old)
      try {
        return await work(await used.reference)
      } catch (error) {
        if (!HARMLESS.includes(asWorkbenchError(error).code)) evict(used)
        throw error
      } finally {
        used.users--
        await closeIdle(used)
      }
    },
    async close() {
      for (const e of entries) evict(e)
    },
  }
}
