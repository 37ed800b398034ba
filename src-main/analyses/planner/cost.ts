import type { Tensor } from '../../graph/graph.ts'
import { lifetimes } from './lifetimes.ts'
import { memoryOf } from './memory.ts'
import type { Rates } from './rates.ts'
import { runtimeKernels } from './runtimeKernels.ts'
import { secondsOf } from './seconds.ts'
import { type TracedValue, traceGraph } from './trace.ts'

export interface GraphWork {
  readonly outputs: readonly Tensor[]
  readonly runs: number
  readonly work: 'inference' | 'training'
  /** `fixed`: the runtime keeps freed memory for the next run (compute/engine.ts). */
  readonly workload: 'fixed' | 'varied'
}

export interface GraphCost {
  /** One run that others have warmed up. */
  readonly seconds: number
  /** Opening the graph and all its runs, the start of the process apart. */
  readonly totalSeconds: number
  /** Of a fresh compute process, at its highest. */
  readonly peakBytes: number
  /** What it holds between runs beside the process itself: weights, state, the graph. */
  readonly heldBytes: number
  /** What its runs leave behind in the heap. */
  readonly keptBytes: number
  readonly kernels: number
}

const bytesOf = (values: readonly TracedValue[]): number => values.reduce((sum, v) => sum + v.bytes, 0)

/** What a graph costs on a machine of these rates. Weights are in the model file for inference, given at each run for training. */
export function costOf({ outputs, runs, work, workload }: GraphWork, rates: Rates): GraphCost {
  const trace = traceGraph(outputs, work === 'training' ? 'fed' : 'file')
  const kernels = runtimeKernels(trace)
  const events = lifetimes(kernels, trace.outputs)
  const { open, first, later } = secondsOf(trace, kernels, events, { work, workload }, rates)
  const memory = memoryOf(trace, events, kernels.length, { runs, workload }, rates.processBytes)
  return {
    seconds: later,
    totalSeconds: open + (runs > 0 ? first : 0) + Math.max(0, runs - 1) * later,
    peakBytes: memory.peakBytes,
    // What an inference is given comes with each run and goes with it.
    heldBytes: memory.heldBytes - rates.processBytes - (work === 'inference' ? bytesOf(trace.fed) : 0),
    keptBytes: memory.keptBytes,
    kernels: kernels.length,
  }
}
