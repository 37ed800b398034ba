import type { WorkContext } from '../../src-shared/job.ts'
import type { Tensors } from '../../src-shared/tensor.ts'
import type { ModelBytes } from './modelCache.ts'
import type { ValueInfo } from './protocol.ts'

/** What the user may ask for. */
export type Device = 'auto' | 'cpu' | 'webgpu' | 'cuda'

/** `fixed`: the same shapes again and again (a training step); `varied`: shapes that change, so memory is given back after each run. */
export type Workload = 'fixed' | 'varied'

export interface LoadOptions {
  /** Default `cpu`. */
  readonly device?: Device
  /** Threads inside one operator; default: the cores. */
  readonly threads?: number
  readonly workload?: Workload
  /**
   * What threads do between operations. `spin` (default): ready at once, but they take the core of whoever feeds them; `sleep`: for
   * runs so small that feeding them counts. On two cores a mutant of a Basset takes 0.13 ms asleep and 0.24 spinning, a product of
   * 1536³ 38 and 20.
   */
  readonly waiting?: 'spin' | 'sleep'
}

/** What was asked for and what ran. `ran` is empty until the first run. */
export interface ProviderReport {
  readonly requested: Device
  /** Node events by execution provider, counted in a profile of the first run. */
  readonly ran: Readonly<Record<string, number>>
  /** One sentence for the user: why the device is not the one asked for, or what will not repeat. */
  readonly note: string | undefined
}

export interface CallOptions {
  readonly signal?: AbortSignal
  /** How long the run may go on after an abort before its process is ended; default: the engine's. */
  readonly graceMs?: number
  /** Outputs to fetch; default: all that are not carried into a state. */
  readonly outputs?: readonly string[]
  /** Tensors that stay in the process: they are fed as inputs, and outputs named in `carry` replace them after the run. */
  readonly state?: StateHandle
  readonly carry?: readonly { readonly from: string; readonly to: string }[]
  /** An output (such as `finite`) that must not be zero: when it is, nothing is carried and the state stays as it was. */
  readonly guard?: string
}

/** Weights and moments kept inside the compute process between training steps. Lost when the process ends. */
export interface StateHandle {
  /** A copy of the named tensors, or of all. @throws WorkbenchError `disconnected` when the process was restarted since */
  fetch(names?: readonly string[], signal?: AbortSignal): Promise<Tensors>
  /** Adds or replaces tensors. */
  put(tensors: Tensors, signal?: AbortSignal): Promise<void>
  close(): Promise<void>
}

/** An open model. */
export interface Session {
  readonly inputs: readonly ValueInfo[]
  readonly outputs: readonly ValueInfo[]
  readonly provider: ProviderReport
  /** Milliseconds that the last run took inside the runtime, without sending; undefined before the first, or where nobody tells. */
  readonly lastRunMs?: number | undefined
  /** One run. Abort rejects at once with `cancelled`; the process finishes the run or is ended after its grace. */
  run(inputs: Tensors, call?: CallOptions): Promise<Tensors>
  /** Runs batch after batch; progress and cancelling come between them. `total` 0: unknown. */
  runBatches(
    batches: Iterable<Tensors> | AsyncIterable<Tensors>,
    context: WorkContext,
    plan?: BatchPlan,
  ): AsyncGenerator<Tensors>
  close(): Promise<void>
}

export interface BatchPlan {
  readonly total?: number
  readonly phase?: string
  readonly outputs?: readonly string[]
}

/** A way to run models. @throws WorkbenchError `engine-missing`, `provider-missing`, `bad-model`, `out-of-memory`, `cancelled` */
export interface Engine {
  readonly name: string
  load(model: string | ModelBytes, options?: LoadOptions): Promise<Session>
  close(): Promise<void>
}
