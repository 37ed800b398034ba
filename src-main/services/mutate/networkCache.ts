import { asWorkbenchError, cancelled, throwIfCancelled } from '../../../src-shared/ipc/errors.ts'

interface Closable {
  close(): Promise<void>
}

interface Entry {
  readonly key: string
  readonly network: Promise<Closable>
  busy: boolean
  usedAt: number
}

export interface NetworkCache {
  /**
   * Runs `work` with a network of this key that nobody else uses meanwhile, one that is open already where there is one. Aborted while it
   * is opened, it does not wait for that: the network is there for the next.
   */
  use<N extends Closable, T>(
    key: string,
    open: () => Promise<N>,
    work: (network: N) => Promise<T>,
    signal?: AbortSignal,
  ): Promise<T>
  /** Open networks, for tests and for what the program says of its memory. */
  readonly open: number
  close(): Promise<void>
}

export interface NetworkCacheOptions {
  readonly now: () => number
  /** Memory of the process that holds them. */
  readonly heldBytes: () => Promise<number>
  /** Idle networks are closed, the least recently used first, while more than this is held. Default 3 GB. */
  readonly limitBytes?: number
  /** Idle networks kept at most, however small. Default 6. */
  readonly limit?: number
  /** An idle network is closed after this long. Default 5 minutes. */
  readonly idleMs?: number
}

/** Failures that say nothing against a network. */
const HARMLESS: readonly string[] = ['cancelled', 'not-found', 'region', 'bad-input']

/** Networks that stay open between scans, so that a second one starts at once. */
export function createNetworkCache(options: NetworkCacheOptions): NetworkCache {
  const { now, heldBytes, limitBytes = 3e9, limit = 6, idleMs = 5 * 60_000 } = options
  let entries: readonly Entry[] = []
  let closed = false
  let timer: NodeJS.Timeout | undefined

  const drop = async (entry: Entry) => {
    entries = entries.filter(e => e !== entry)
    await entry.network.then(n => n.close()).catch(() => undefined) // one that did not open holds nothing
  }
  const idle = () => entries.filter(e => !e.busy).sort((a, b) => a.usedAt - b.usedAt)
  const tidy = async () => {
    for (const entry of idle()) if (now() - entry.usedAt >= idleMs || idle().length > limit) await drop(entry)
    for (let [oldest] = idle(); oldest && (await heldBytes()) > limitBytes; [oldest] = idle()) await drop(oldest)
    clearTimeout(timer)
    timer = entries.length > 0 && !closed ? setTimeout(() => void tidy().catch(() => undefined), idleMs).unref() : undefined // biome-ignore format: one choice
  }

  return {
    async use<N extends Closable, T>(
      key: string,
      open: () => Promise<N>,
      work: (network: N) => Promise<T>,
      signal?: AbortSignal,
    ) {
      let entry = entries.find(e => e.key === key && !e.busy)
      if (!entry) {
        const fresh: Entry = { key, network: open(), busy: true, usedAt: now() }
        // An opening that failed leaves nothing to keep.
        fresh.network.catch(() => {
          entries = entries.filter(e => e !== fresh)
        })
        entry = fresh
        entries = [...entries, entry]
      }
      entry.busy = true
      try {
        const network = (await unlessAborted(entry.network, signal)) as N
        return await work(network)
      } catch (error) {
        if (!HARMLESS.includes(asWorkbenchError(error).code)) await drop(entry)
        throw error
      } finally {
        entry.busy = false
        entry.usedAt = now()
        if (closed) await drop(entry)
        else await tidy().catch(() => undefined) // what is held is told another time
      }
    },
    get open() {
      return entries.length
    },
    async close() {
      closed = true
      clearTimeout(timer)
      for (const entry of idle()) await drop(entry)
    },
  }
}

function unlessAborted<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return work
  throwIfCancelled(signal)
  return new Promise((resolve, reject) => {
    const stop = () => reject(cancelled())
    signal.addEventListener('abort', stop, { once: true })
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', stop))
  })
}
