import type { WorkContext } from '../../../src-shared/job.ts'
import type { Compute } from '../../compute/client.ts'
import type { ModelJson } from '../../models/folder/modelJson.ts'
import type { ModelRegistry } from '../../models/registry.ts'
import { openTrackNetwork, type TrackNetwork } from './trackNetwork.ts'

/** A model whose network is wanted. `state` changes when its files do. */
export interface PoolModel {
  readonly folder: string
  readonly json: ModelJson
  readonly state: string
  readonly weightsBytes: number
}

export interface NetworkPool {
  /** Runs `work` with the network of these channels open; it stays open for the next. Channels in any order, each once. */
  use<T>(
    model: PoolModel,
    channels: readonly number[],
    context: WorkContext,
    work: (network: TrackNetwork) => Promise<T>,
  ): Promise<T>
  /** Starts the compute process and tries its devices, so that the first prediction does not wait for that. */
  warm(): void
  close(): Promise<void>
}

const KEPT = 4
const KEPT_BYTES = 2e9
const IDLE_MS = 5 * 60_000

interface Entry {
  readonly key: string
  readonly bytes: number
  readonly network: Promise<TrackNetwork>
  users: number
  evicted: boolean
  timer: NodeJS.Timeout | undefined
}

/** Networks that stay open between calls: four at most, 2 GB of weights together, closed when not used for five minutes. */
export function createNetworkPool(options: {
  readonly compute: () => Promise<Compute>
  readonly registry: ModelRegistry
  readonly threads?: number
  readonly idleMs?: number
}): NetworkPool {
  let entries: readonly Entry[] = []
  let warmed = false
  const closeIdle = async (entry: Entry) => {
    if (!entry.evicted || entry.users > 0) return
    clearTimeout(entry.timer)
    await entry.network.then(n => n.close()).catch(() => undefined) // one that did not open holds nothing
  }
  const evict = (entry: Entry): Promise<void> => {
    entries = entries.filter(e => e !== entry)
    entry.evicted = true
    return closeIdle(entry)
  }
  const makeRoom = () => {
    let bytes = 0
    for (const [i, e] of entries.toReversed().entries()) {
      bytes += e.bytes
      if (i > 0 && (i >= KEPT || bytes > KEPT_BYTES)) void evict(e)
    }
  }

  return {
    async use({ folder, json, state, weightsBytes }, channels, context, work) {
      const key = JSON.stringify([state, [...channels].sort((a, b) => a - b)])
      let entry = entries.find(e => e.key === key)
      if (!entry) {
        // Opened for whoever comes: the end of one caller is not the end of the network.
        const own = { signal: new AbortController().signal, report: context.report }
        const load = { device: 'auto', workload: 'fixed', ...(options.threads ? { threads: options.threads } : {}) } as const // biome-ignore format: one line
        const network = options
          .compute()
          .then(compute => openTrackNetwork({ folder, json, channels, batch: 1, load }, compute, options.registry, own))
        network.catch(() => undefined) // thrown where it is used
        entry = { key, bytes: weightsBytes, network, users: 0, evicted: false, timer: undefined }
      }
      const used = entry
      used.users++
      clearTimeout(used.timer)
      entries = [...entries.filter(e => e !== used), used]
      makeRoom()
      try {
        return await work(await used.network)
      } catch (error) {
        // It may be the network: the next call opens a fresh one.
        if (!context.signal.aborted) void evict(used)
        throw error
      } finally {
        used.users--
        used.timer = setTimeout(() => void evict(used), options.idleMs ?? IDLE_MS).unref()
        await closeIdle(used)
      }
    },
    warm() {
      if (warmed) return
      warmed = true
      const trials = async () => {
        const compute = await options.compute()
        for (const device of ['cpu', 'cuda', 'webgpu'] as const) await compute.tryDevice(device)
      }
      trials().catch(() => {
        warmed = false // the prediction will say why
      })
    },
    async close() {
      await Promise.all(entries.map(evict))
    },
  }
}
