import type { WireError } from '../../src-shared/ipc/errors.ts'
import type { DType } from '../../src-shared/tensor.ts'
import type { TensorMeta } from './frames.ts'

/** The hardware path that a session asks the runtime for. `auto` has been decided before it gets here. */
export type Provider = 'cpu' | 'webgpu' | 'cuda'

/** Everything the process needs to open a session, sent with each run: a restarted process or an evicted session opens it again. */
export interface SessionSpec {
  readonly id: number
  readonly path: string
  readonly provider: Provider
  readonly threads: number
  /** Keep freed memory for the next run: right for one shape again and again, wasteful for varied shapes. */
  readonly arena: boolean
  /** Threads spin between operations. */
  readonly spin: boolean
  /** Count node events by provider in the first run. */
  readonly profile: boolean
}

export interface ValueInfo {
  readonly name: string
  readonly dtype: DType
  /** A number, or the name of a dimension that is free. */
  readonly shape: readonly (number | string)[]
}

export interface SessionInfo {
  readonly inputs: readonly ValueInfo[]
  readonly outputs: readonly ValueInfo[]
  /** Bytes of the model's files. */
  readonly bytes: number
  readonly notes: readonly string[]
}

/** State tensors that stay in the process between runs: after a run, output `from` becomes input `to`. */
export interface StateUse {
  readonly id: number
  readonly carry: readonly { readonly from: string; readonly to: string }[]
  /** An output that must not be zero: when it is, nothing is carried and the state stays as it was. */
  readonly guard?: string
}

export type Request =
  | { readonly kind: 'load'; readonly call: number; readonly session: SessionSpec }
  | {
      readonly kind: 'run'
      readonly call: number
      readonly session: SessionSpec
      readonly tensors: readonly TensorMeta[]
      /** Outputs to send back; all that are not carried when absent. */
      readonly outputs?: readonly string[]
      readonly state?: StateUse
      /** Free bytes that this run may need; absent: what the machine has. */
      readonly memoryLimit?: number
    }
  | { readonly kind: 'unload'; readonly call: number; readonly session: number }
  | { readonly kind: 'put'; readonly call: number; readonly state: number; readonly tensors: readonly TensorMeta[] }
  | { readonly kind: 'get'; readonly call: number; readonly state: number; readonly names?: readonly string[] }
  | { readonly kind: 'drop'; readonly call: number; readonly state: number }
  | { readonly kind: 'stats'; readonly call: number }

export interface MemoryUse {
  readonly rssBytes: number
  readonly peakRssBytes: number
  /** Processor time that the process has used, all threads together. */
  readonly cpuSeconds: number
  readonly sessionBytes: number
  readonly sessions: number
  readonly stateBytes: number
}

export type Answer =
  | { readonly kind: 'ready'; readonly engine: string; readonly providers: readonly string[] }
  | { readonly kind: 'engine-missing'; readonly error: WireError }
  | {
      readonly kind: 'done'
      readonly call: number
      readonly tensors: readonly TensorMeta[]
      readonly info?: SessionInfo
      /** Node events by provider, with the first run of a session. */
      readonly ran?: Readonly<Record<string, number>>
      readonly memory: MemoryUse
      /** Milliseconds inside the runtime. */
      readonly runMs?: number
    }
  | { readonly kind: 'failed'; readonly call: number; readonly error: WireError; readonly memory: MemoryUse }

/** What the process is started with (environment variable, JSON). */
export interface ProcessSettings {
  readonly sessionLimitBytes: number
  readonly scratchFolder: string
}
export const SETTINGS_VARIABLE = 'DIPLOSCOPE_COMPUTE_SETTINGS'
