import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { WorkbenchError } from '../../src-shared/ipc/errors.ts'
import type { WorkContext } from '../../src-shared/job.ts'
import type { Tensors } from '../../src-shared/tensor.ts'
import { type DeviceTrial, tryDevice } from './devices.ts'
import type { BatchPlan, Device, Engine, LoadOptions, Session, StateHandle } from './engine.ts'
import { builtEntry } from './entry.ts'
import { packTensors } from './frames.ts'
import { nodeLauncher, type ProcessLauncher } from './launcher.ts'
import { type ModelBytes, ModelCache } from './modelCache.ts'
import { OpenedSession } from './openedSession.ts'
import type { MemoryUse, Provider, SessionInfo, SessionSpec } from './protocol.ts'
import { CallQueue } from './queue.ts'
import { ResidentState } from './residentState.ts'

export interface ComputeOptions {
  /** Default: a Node child process. */
  readonly launcher?: ProcessLauncher
  /** The built process; default: `compute/process.js` beside this program. */
  readonly entry?: string
  /** Where models given as bytes are written. */
  readonly cacheFolder?: string
  readonly cacheLimitBytes?: number
  /** Open models beyond this are closed, the least recently used first. */
  readonly sessionLimitBytes?: number
  readonly threads?: number
  /** How long a cancelled run may go on before its process is ended. */
  readonly cancelGraceMs?: number
  /** A run that needs more is refused; default: what the machine has free. */
  readonly memoryLimitBytes?: number
}

export interface ComputeStats extends MemoryUse {
  readonly pid: number | undefined
  /** Times that a process was started again after the first. */
  readonly restarts: number
  readonly queued: number
}

export interface RunRequest {
  readonly session: Session
  readonly batches: Iterable<Tensors> | AsyncIterable<Tensors>
  readonly plan?: BatchPlan
}

export interface Compute extends Engine {
  load(model: string | ModelBytes | Uint8Array, options?: LoadOptions, signal?: AbortSignal): Promise<Session>
  /** All batches, in order, with progress and cancelling between them. */
  run(request: RunRequest, context: WorkContext): Promise<readonly Tensors[]>
  /** Tensors that stay in the process between runs. */
  createState(tensors: Tensors, signal?: AbortSignal): Promise<StateHandle>
  /** Proves a device by running on it; the answer is remembered. */
  tryDevice(device: Provider): Promise<DeviceTrial>
  /**
   * Memory of the process now and at its peak. While a run is under way: as of the last answer. Where no process lives nothing is held, and
   * none is started but with `start`.
   */
  stats(options?: { readonly start?: boolean }): Promise<ComputeStats>
}

const GB = 1e9

/** The client of the compute process. Nothing is started before the first call. */
export function createCompute(options: ComputeOptions = {}): Compute {
  const queue = new CallQueue({
    launcher: options.launcher ?? nodeLauncher,
    entry: () => options.entry ?? builtEntry('compute/process.js'),
    sessionLimitBytes: options.sessionLimitBytes ?? 4 * GB,
    cancelGraceMs: options.cancelGraceMs ?? 2000,
  })
  const cache = new ModelCache(
    options.cacheFolder ?? join(tmpdir(), 'diploscope-models'),
    options.cacheLimitBytes ?? 4 * GB,
  )
  const trials = new Map<Provider, Promise<DeviceTrial>>()
  const threadsDefault = options.threads ?? availableParallelism()
  let nextId = 1

  const openSession = async (
    path: string,
    provider: Provider,
    report: { requested: Device; note?: string | undefined; strict: boolean },
    load: LoadOptions,
    signal: AbortSignal | undefined,
  ): Promise<Session> => {
    const spec: SessionSpec = {
      id: nextId++,
      path,
      provider,
      threads: load.threads ?? threadsDefault,
      arena: load.workload === 'fixed',
      spin: load.waiting !== 'sleep',
      profile: true,
    }
    const { done } = await queue.call(call => ({ request: { kind: 'load', call, session: spec } }), { signal })
    return new OpenedSession(queue, spec, done.info as SessionInfo, report, options.memoryLimitBytes)
  }

  const trial = (device: Provider) => {
    let known = trials.get(device)
    if (!known) {
      known = tryDevice(async (bytes, provider) => {
        const path = await cache.pathOf({ bytes })
        return openSession(path, provider, { requested: provider, strict: false }, { workload: 'varied' }, undefined)
      }, device)
      // A start-up fault must not be remembered as a property of the device.
      known.catch(() => trials.delete(device))
      trials.set(device, known)
    }
    return known
  }

  const choose = async (device: Device): Promise<{ provider: Provider; note?: string; strict: boolean }> => {
    if (device === 'cpu') return { provider: 'cpu', strict: true }
    if (device !== 'auto') {
      const result = await trial(device)
      if (result.works) return { provider: device, strict: true }
      throw new WorkbenchError('provider-missing', `device '${device}' does not work here: ${result.reason}`, 'use --device cpu or auto') // biome-ignore format: one thought
    }
    const reasons: string[] = []
    for (const candidate of ['cuda', 'webgpu'] as const) {
      const result = await trial(candidate)
      // A software adapter passes every test of function and is still the wrong choice.
      if (result.works && (result.ms ?? 0) < (result.cpuMs ?? 0)) return { provider: candidate, strict: false }
      reasons.push(
        result.works ? `${candidate} is slower than the CPU (${result.reason})` : `${candidate}: ${result.reason}`,
      )
    }
    return { provider: 'cpu', note: `running on the CPU - ${reasons.join('; ')}`, strict: true }
  }

  const compute: Compute = {
    name: 'onnxruntime',
    async load(model, load = {}, signal) {
      const device = load.device ?? 'cpu'
      const chosen = await choose(device)
      const path =
        typeof model === 'string' ? model : await cache.pathOf(model instanceof Uint8Array ? { bytes: model } : model)
      return openSession(path, chosen.provider, { requested: device, note: chosen.note, strict: chosen.strict && device !== 'auto' }, load, signal) // biome-ignore format: one call
    },
    async run({ session, batches, plan }, context) {
      const all: Tensors[] = []
      for await (const answer of session.runBatches(batches, context, plan)) all.push(answer)
      return all
    },
    async createState(tensors, signal) {
      const id = nextId++
      const { metas, buffers } = packTensors(tensors)
      const reply = await queue.call(call => ({ request: { kind: 'put', call, state: id, tensors: metas }, buffers }), {
        signal,
      })
      return new ResidentState(queue, id, reply.generation)
    },
    tryDevice: trial,
    async stats({ start = false } = {}) {
      if (!queue.busy && (start || queue.stats().pid !== undefined))
        await queue.call(call => ({ request: { kind: 'stats', call } }), {})
      return queue.stats()
    },
    close: () => queue.close(),
  }
  return compute
}
