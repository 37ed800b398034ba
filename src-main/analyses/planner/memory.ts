import { BfcArena } from './bfcArena.ts'
import { heapBytes, heapOf } from './heap.ts'
import { liveBytes, type MemoryEvent } from './lifetimes.ts'
import type { Trace, TracedValue } from './trace.ts'

const MB = 1e6

/**
 * What no tensor explains, fitted to measurements of graphs, small ones too, with onnxruntime-node 1.30 on Linux. It is not recorded which
 * they were, so that no graph measured since is surely one that these numbers had not seen. Optimising keeps this much a kernel; the first run brings in the kernels' code, their work space and the profile that says which device ran.
 */
const PER_KERNEL = 8.5e3
const FIRST_RUN = { least: 10 * MB, share: 0.4, most: 15 * MB }
const LATER_RUNS = { least: 0, share: 0.4, most: 25 * MB }
/** More of it the more a run holds, up to a limit. */
const extra = ({ least, share, most }: typeof FIRST_RUN, bytes: number): number => least + Math.min(most, share * bytes)
/** V8 lets this much of what lies outside its heap wait for collection (kExternalAllocationSoftLimit): results of the step before. */
const UNCOLLECTED = 64 * 2 ** 20

export interface MemoryUse {
  /** Everything, at its highest. */
  readonly peakBytes: number
  /** What stays between runs: the process, weights, state. */
  readonly heldBytes: number
  /** What a run without an arena leaves behind in the heap, for whatever runs next. */
  readonly keptBytes: number
  /** Intermediate results alive at once. */
  readonly liveBytes: number
}

export interface RunShape {
  readonly runs: number
  /** `fixed`: freed memory is kept in an arena; `varied`: it is given back (compute/engine.ts). */
  readonly workload: 'fixed' | 'varied'
}

/** Peak memory of a fresh compute process that opens this graph and runs it. `processBytes`: of such a process with an empty graph. */
export function memoryOf(
  trace: Trace,
  events: readonly MemoryEvent[],
  kernels: number,
  { runs, workload }: RunShape,
  processBytes: number,
): MemoryUse {
  const live = liveBytes(events)
  const weights = sum(trace.weights)
  const fed = sum(trace.fed)
  // What is fed lies in JavaScript; what comes out is copied there.
  const held = processBytes + PER_KERNEL * kernels + weights + fed
  const outputs = sum(trace.outputs)
  const again = runs > 1
  const computing = workload === 'fixed' ? arenaBytes(events, again ? 2 : 1) : again ? heapBytes(events) : live
  const later = !again ? 0 : workload === 'fixed' ? Math.min(outputs, UNCOLLECTED) : extra(LATER_RUNS, computing)
  const keptBytes = workload === 'fixed' ? 0 : heapOf(events).kept
  return {
    peakBytes: held + computing + later + outputs + extra(FIRST_RUN, computing),
    heldBytes: held,
    keptBytes,
    liveBytes: live,
  }
}

/** A second run finds the regions of the first empty, chooses among them otherwise, and writes to pages that the first left alone. */
function arenaBytes(events: readonly MemoryEvent[], runs: 1 | 2): number {
  const arena = new BfcArena()
  const chunks = new Map<number, ReturnType<BfcArena['allocate']>>()
  for (let run = 0; run < runs; run++)
    for (const { buffer, bytes } of events) {
      if (bytes > 0) chunks.set(buffer, arena.allocate(bytes))
      else arena.release(chunks.get(buffer)!)
    }
  return arena.touchedBytes
}

const sum = (values: readonly TracedValue[]): number => values.reduce((bytes, v) => bytes + v.bytes, 0)
