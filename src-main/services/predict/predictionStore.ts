import { readdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { crc32 } from 'node:zlib'
import type { PredictionCacheState } from '../../../src-shared/genome/prediction.ts'
import { isLeftover } from '../../storage/atomic.ts'
import { makeFolders } from '../../storage/folders.ts'

/** The predicted bins of one window: for each channel that was computed, a value a bin. */
export interface WindowTracks {
  readonly channels: ReadonlyMap<number, Float32Array>
  /** What computed them. */
  readonly device: string
}

export interface PredictionStore {
  /** Whether some channels of a window are in memory or on disk. */
  has(key: string): boolean
  /** What is in memory, at once. */
  peek(key: string): WindowTracks | undefined
  /** What is in memory or on disk. A damaged file is removed and counts as absent. */
  get(key: string): Promise<WindowTracks | undefined>
  /** Adds channels to what is kept of a window. Comes to the disk a little later. */
  put(key: string, tracks: WindowTracks): Promise<void>
  state(): Promise<PredictionCacheState>
  clear(): Promise<PredictionCacheState>
  /** Waits until what was put is on the disk. */
  flush(): Promise<void>
}

const MAGIC = 'DPW1'
const ENDING = '.window'
const NAME = /^[0-9a-f]{64}\.window$/
export const CACHE_LIMIT_BYTES = 2 * 1024 ** 3
const MEMORY_BYTES = 96 * 1024 ** 2

/**
 * Predicted windows by key (what a key is of: predictionKeys.ts), in memory and as files of `folder`, each within a byte limit; the least
 * recently used go first. A file is written whole or not at all, ends with a checksum, and holds `DPW1`, the length of a JSON header
 * {channels, bins, device}, the header, then float32 [channels, bins]. Without a folder, and when the disk refuses, only memory is used.
 */
export function createPredictionStore(options: {
  readonly folder: string | undefined
  readonly limitBytes?: number
  readonly memoryBytes?: number
  /** Told once when the disk cannot be used. */
  readonly fault?: (error: unknown) => void
}): PredictionStore {
  const { folder, limitBytes = CACHE_LIMIT_BYTES, memoryBytes = MEMORY_BYTES } = options
  const memory = new Map<string, WindowTracks>()
  let memoryUsed = 0
  /** Key -> bytes on disk, the least recently used first. */
  const files = new Map<string, number>()
  let used = 0
  let writing: Promise<unknown> = Promise.resolve()
  let told = false
  const fault = (error: unknown) => {
    if (!told) options.fault?.(error)
    told = true
  }

  const pathOf = (key: string) => join(folder ?? '', key.slice(0, 2), `${key}${ENDING}`)
  const bytesOf = (t: WindowTracks) => [...t.channels.values()].reduce((n, v) => n + v.byteLength, 0)

  const listed: Promise<void> =
    folder === undefined
      ? Promise.resolve()
      : list(folder, files).then(n => {
          used += n
        }, fault)

  const touch = (key: string) => {
    const bytes = files.get(key)
    if (bytes === undefined) return
    files.delete(key)
    files.set(key, bytes)
  }
  const forget = async (key: string) => {
    used -= files.get(key) ?? 0
    files.delete(key)
    await rm(pathOf(key), { force: true }).catch(fault)
  }
  const remember = (key: string, tracks: WindowTracks) => {
    const before = memory.get(key)
    if (before) memoryUsed -= bytesOf(before)
    memory.delete(key)
    memory.set(key, tracks)
    memoryUsed += bytesOf(tracks)
    for (const [old, t] of memory) {
      if (memoryUsed <= memoryBytes || old === key) break
      memory.delete(old)
      memoryUsed -= bytesOf(t)
    }
  }

  const read = async (key: string): Promise<WindowTracks | undefined> => {
    if (folder === undefined) return undefined
    await listed
    if (!files.has(key)) return undefined
    const path = pathOf(key)
    const bytes = await readFile(path).catch(() => undefined)
    const tracks = bytes && decode(bytes)
    if (!tracks) {
      await forget(key)
      return undefined
    }
    touch(key)
    const now = new Date()
    void utimes(path, now, now).catch(() => undefined) // its age at the next start: no harm when it is older
    return tracks
  }

  const write = async (key: string, tracks: WindowTracks) => {
    await listed
    const bytes = encode(tracks)
    const path = pathOf(key)
    const part = join(
      folder ?? '',
      key.slice(0, 2),
      `.${key}.${process.pid}-${Math.random().toString(36).slice(2, 10)}.part`,
    )
    await makeFolders(join(folder ?? '', key.slice(0, 2)), 0o700)
    try {
      // Not synced: what a power failure spoils is recognised by its checksum and computed again.
      await writeFile(part, bytes, { mode: 0o600 })
      await rename(part, path)
    } finally {
      await rm(part, { force: true })
    }
    used += bytes.length - (files.get(key) ?? 0)
    files.delete(key)
    files.set(key, bytes.length)
    for (const old of [...files.keys()]) {
      if (used <= limitBytes || old === key) break
      await forget(old)
    }
  }

  const get = async (key: string) => {
    const there = memory.get(key)
    if (there) {
      memory.delete(key)
      memory.set(key, there)
      return there
    }
    const tracks = await read(key)
    if (tracks) remember(key, tracks)
    return tracks
  }

  const state = async (): Promise<PredictionCacheState> => {
    await listed
    return { bytes: used, limit: limitBytes, entries: files.size, folder: folder ?? '' }
  }
  return {
    has: key => memory.has(key) || files.has(key),
    peek: key => memory.get(key),
    get,
    async put(key, tracks) {
      const before = await get(key)
      const all = { channels: new Map([...(before?.channels ?? []), ...tracks.channels]), device: tracks.device }
      remember(key, all)
      if (folder === undefined) return
      writing = writing.then(() => write(key, all)).catch(fault)
    },
    state,
    async clear() {
      await writing
      await listed
      memory.clear()
      memoryUsed = 0
      for (const key of [...files.keys()]) await forget(key)
      return state()
    },
    async flush() {
      await writing
    },
  }
}

/** What lies in the folder, the oldest first; leftovers of killed runs are removed. */
async function list(folder: string, files: Map<string, number>): Promise<number> {
  await makeFolders(folder, 0o700)
  const found: { key: string; size: number; at: number }[] = []
  for (const sub of await readdir(folder)) {
    if (!/^[0-9a-f]{2}$/.test(sub)) continue
    for (const name of await readdir(join(folder, sub))) {
      const path = join(folder, sub, name)
      if (isLeftover(name)) await rm(path, { force: true })
      if (!NAME.test(name)) continue
      const s = await stat(path).catch(() => undefined)
      if (s?.isFile()) found.push({ key: name.slice(0, 64), size: s.size, at: s.mtimeMs })
    }
  }
  found.sort((a, b) => a.at - b.at)
  let total = 0
  for (const { key, size } of found) {
    if (files.has(key)) continue // written meanwhile
    files.set(key, size)
    total += size
  }
  return total
}

function encode({ channels, device }: WindowTracks): Uint8Array {
  const bins = [...channels.values()][0]?.length ?? 0
  const text = JSON.stringify({ channels: [...channels.keys()], bins, device })
  // Spaces until the numbers begin at a multiple of 4.
  const header = Buffer.from(text.padEnd(text.length + ((4 - (Buffer.byteLength(text) % 4)) % 4)))
  const bytes = Buffer.alloc(8 + header.length + 4 * bins * channels.size + 4)
  bytes.write(MAGIC, 'latin1')
  bytes.writeUInt32LE(header.length, 4)
  header.copy(bytes, 8)
  let at = 8 + header.length
  for (const values of channels.values()) {
    Buffer.from(values.buffer, values.byteOffset, values.byteLength).copy(bytes, at)
    at += values.byteLength
  }
  bytes.writeUInt32LE(crc32(bytes.subarray(0, at)), at)
  return bytes
}

/** undefined for anything but what `encode` writes. */
function decode(bytes: Buffer): WindowTracks | undefined {
  if (bytes.length < 12 || bytes.toString('latin1', 0, 4) !== MAGIC) return undefined
  const end = bytes.length - 4
  if (crc32(bytes.subarray(0, end)) !== bytes.readUInt32LE(end)) return undefined
  const headerBytes = bytes.readUInt32LE(4)
  const first = 8 + headerBytes
  if (first > end) return undefined
  const { channels, bins, device } = JSON.parse(bytes.toString('utf8', 8, first)) as { channels: number[]; bins: number; device: string } // biome-ignore format: one thought
  const values = new Float32Array(bins * channels.length)
  if (first + values.byteLength !== end) return undefined
  Buffer.from(values.buffer).set(bytes.subarray(first, end))
  return { channels: new Map(channels.map((c, i) => [c, values.subarray(i * bins, (i + 1) * bins)])), device }
}
