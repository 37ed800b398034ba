import type { ExportedFile } from '../../src-shared/ipc/contract.ts'
import { WorkbenchError } from '../../src-shared/ipc/errors.ts'
import { newId } from './ids.ts'

export interface Download {
  readonly name: string
  readonly contentType: string
  readonly bytes: Uint8Array<ArrayBuffer>
}

export interface Downloads {
  add(download: Download): ExportedFile
  /** Looks without taking it. @throws WorkbenchError `not-found` */
  peek(id: string): Download
  /** Gives it once. @throws WorkbenchError `not-found` */
  take(id: string): Download
}

/** Finished files wait this long and up to this many bytes; the oldest go first. */
const KEPT_MS = 15 * 60_000
const KEPT_BYTES = 256 * 1024 * 1024

/** Exports that wait to be fetched, each once. `now` is a clock in milliseconds. */
export function createDownloads(now: () => number): Downloads {
  const waiting = new Map<string, Download & { readonly at: number }>()
  const tidy = () => {
    let total = 0
    for (const [id, d] of [...waiting].reverse()) {
      total += d.bytes.length
      if (now() - d.at > KEPT_MS || (total > KEPT_BYTES && total > d.bytes.length)) waiting.delete(id)
    }
  }
  const peek = (id: string): Download => {
    tidy()
    const d = waiting.get(id)
    if (!d) throw new WorkbenchError('not-found', 'this download was fetched already or is too old', 'export it again')
    return d
  }
  return {
    add(download) {
      const downloadId = newId()
      waiting.set(downloadId, { ...download, at: now() })
      tidy()
      return { downloadId, name: download.name, sizeBytes: download.bytes.length }
    },
    peek,
    take(id) {
      const d = peek(id)
      waiting.delete(id)
      return d
    },
  }
}
