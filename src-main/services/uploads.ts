import { readdir, rm, stat, statfs } from 'node:fs/promises'
import { join } from 'node:path'
import { throwIfCancelled, WorkbenchError } from '../../src-shared/ipc/errors.ts'
import { openAtomic } from '../storage/atomic.ts'
import { makeFolders } from '../storage/folders.ts'
import { newId } from './ids.ts'

export interface UploadRequest {
  readonly name: string
  /** Files of one drop share a batch and so a folder: an index is found beside its file. The first answer names a new one. */
  readonly batch: string | undefined
  /** bytes, when the sender tells */
  readonly length: number | undefined
  readonly body: ReadableStream<Uint8Array> | null
  readonly signal: AbortSignal
}

export interface UploadResult {
  /** For `files.open`, as an entry of a folder. */
  readonly entryId: string
  readonly batch: string
  readonly name: string
  readonly sizeBytes: number
}

export interface Uploads {
  take(request: UploadRequest): Promise<UploadResult>
  /** Removes batches older than a week of which no path is in use. */
  tidy(inUse: readonly string[]): Promise<void>
}

/** A dropped file larger than this is better opened where it lies. */
const MAX_BYTES = 32 * 1024 ** 3
/** The disk is never filled further than to this. */
const LEFT_FREE_BYTES = 512 * 1024 ** 2
const CHECK_EVERY_BYTES = 64 * 1024 ** 2
const KEPT_MS = 7 * 24 * 3600_000

/** Files that were dropped into a page of the browser, which has no paths: streamed to `dataDir/uploads/<batch>/<name>`. */
export function createUploads(options: {
  readonly dataDir: string
  readonly now: () => number
  readonly register: (path: string) => string
  readonly maxBytes?: number
  /** Bytes free on the disk of a folder. */
  readonly freeBytes?: (folder: string) => Promise<number>
}): Uploads {
  const { dataDir, now, register, maxBytes = MAX_BYTES, freeBytes = freeOn } = options
  const folder = join(dataDir, 'uploads')

  const ensureRoom = async (at: string, wanted: number) => {
    if ((await freeBytes(at)) - wanted >= LEFT_FREE_BYTES) return
    throw new WorkbenchError('no-space', `there is no room for ${size(wanted)} in '${dataDir}'`, 'free some disk space, or open the file where it lies') // biome-ignore format: one sentence
  }
  const ensureSmall = (bytes: number) => {
    if (bytes <= maxBytes) return
    throw new WorkbenchError('unsupported', `a dropped file may have at most ${size(maxBytes)}`, 'open it where it lies, with Open') // biome-ignore format: one sentence
  }

  return {
    async take({ name, batch = newId(), length, body, signal }) {
      if (!isPlainName(name))
        throw new WorkbenchError('bad-input', `'${name.slice(0, 60)}' is not a file name`, 'rename the file')
      if (!/^[A-Za-z0-9_-]{16,64}$/.test(batch))
        throw new WorkbenchError('bad-input', 'the batch is not an id', 'reload the window')
      if (length !== undefined) ensureSmall(length)
      const place = join(folder, batch)
      await makeFolders(place, 0o700)
      await ensureRoom(place, length ?? 0)
      const path = join(place, name)
      const file = await openAtomic(path)
      let written = 0
      try {
        let checkAt = CHECK_EVERY_BYTES
        for await (const chunk of body ?? []) {
          throwIfCancelled(signal)
          written += chunk.length
          ensureSmall(written)
          if (written > checkAt) {
            await ensureRoom(place, 0)
            checkAt += CHECK_EVERY_BYTES
          }
          await file.write(chunk)
        }
        if (length !== undefined && written !== length)
          throw new WorkbenchError('truncated', `'${name}' came with ${written} of ${length} bytes`, 'drop it again')
        await file.commit()
      } finally {
        await file.abandon()
      }
      return { entryId: register(path), batch, name, sizeBytes: written }
    },
    async tidy(inUse) {
      for (const batch of await readdir(folder).catch(() => [])) {
        const place = join(folder, batch)
        const s = await stat(place).catch(() => undefined)
        if (!s || now() - s.mtimeMs < KEPT_MS || inUse.some(p => p.startsWith(place))) continue
        await rm(place, { recursive: true, force: true })
      }
    },
  }
}

async function freeOn(folder: string): Promise<number> {
  const s = await statfs(folder)
  return s.bavail * s.bsize
}

/** A name without a folder in it, that no system reads as something special. */
const isPlainName = (name: string): boolean =>
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is refused
  name.length > 0 && name.length <= 200 && !/[/\\\u0000-\u001f:*?"<>|]/.test(name) && !/^\.+$/.test(name) && !name.startsWith('.') // biome-ignore format: one test

const size = (bytes: number): string =>
  bytes >= 1024 ** 3 ? `${(bytes / 1024 ** 3).toFixed(1)} GB` : `${Math.ceil(bytes / 1024 ** 2)} MB`
