import type { RuntimeKernel } from './runtimeKernels.ts'
import type { TracedValue } from './trace.ts'

/**
 * Kernels that write over their first input when nobody reads it later, found one by one with onnxruntime 1.30 by counting what a chain of
 * each allocates without an arena. Add, Sub, Mul, Div, Min, Max, Pow, Exp, Log, Sqrt, Neg, Abs, Sign, Erf and every form of GELU do not.
 */
const IN_PLACE: ReadonlySet<string> = new Set(['Relu', 'Sigmoid', 'Tanh', 'Softmax', 'LogSoftmax', 'Softplus'])

/** Memory that is taken or given back, in the order in which the runtime does. */
export interface MemoryEvent {
  readonly buffer: number
  /** Taken when above 0; 0: given back. */
  readonly bytes: number
}

/** A block of memory that one tensor after the other uses. */
interface Buffer {
  readonly value: TracedValue
  readonly first: number
  last: number
  /** Reads to come of the tensor that is in it now. */
  uses: number
}

/**
 * The life of every tensor of a run, as ONNX Runtime plans it when a model is opened (onnxruntime/core/framework/allocation_planner.cc): a
 * kernel writes over an input that nobody else reads; else its result goes into the block of a dead tensor of the same shape, which stays
 * taken in between; else into a new one. Outputs have blocks of their own, given back at the end.
 */
export function lifetimes(kernels: readonly RuntimeKernel[], outputs: readonly TracedValue[]): readonly MemoryEvent[] {
  const uses = readCounts(kernels, outputs)
  const results = new Set(outputs)
  const buffers: Buffer[] = []
  const holds = new Map<TracedValue, Buffer>()
  const dead: Buffer[] = []

  const take = (value: TracedValue, at: number): Buffer => {
    const shape = sameSize(value)
    const again = shape === '' || results.has(value) ? -1 : dead.findLastIndex(b => sameSize(b.value) === shape)
    if (again >= 0) return dead.splice(again, 1)[0]!
    const made = { value, first: at, last: at, uses: 0 }
    buffers.push(made)
    return made
  }
  kernels.forEach(({ op, reads, writes }, at) => {
    writes.forEach((value, i) => {
      const source =
        op === 'View' ? reads[0] : i === 0 && !results.has(value) ? overwritten(op, reads, value, holds) : undefined
      const buffer = source ? holds.get(source) : take(value, at)
      if (!buffer) return // a view of what is fed or kept
      holds.set(value, buffer)
      buffer.uses += uses.get(value) ?? 0
      buffer.last = at
    })
    for (const [i, value] of [...reads, ...writes].entries()) {
      const buffer = holds.get(value)
      if (!buffer) continue
      buffer.last = at
      if (i < reads.length) buffer.uses -= 1
      if (buffer.uses === 0 && !dead.includes(buffer) && !results.has(buffer.value)) dead.push(buffer)
    }
  })
  return eventsOf(buffers, results, kernels.length)
}

/** How often each value is read, x · x twice, so that it is not written over; an output once more. */
function readCounts(kernels: readonly RuntimeKernel[], outputs: readonly TracedValue[]): Map<TracedValue, number> {
  const uses = new Map<TracedValue, number>()
  const read = (v: TracedValue) => uses.set(v, (uses.get(v) ?? 0) + 1)
  for (const { reads } of kernels) for (const v of reads) read(v)
  for (const o of outputs) read(o)
  return uses
}

const sameSize = ({ shape, elements, bytes }: TracedValue): string =>
  shape.length === 0 ? '' : `${bytes / elements} ${shape}`

/** The input that a kernel writes its result over. */
function overwritten(
  op: string,
  reads: readonly TracedValue[],
  result: TracedValue,
  holds: ReadonlyMap<TracedValue, Buffer>,
): TracedValue | undefined {
  const [first] = reads
  return IN_PLACE.has(op) && first && holds.get(first)?.uses === 1 && sameSize(first) === sameSize(result)
    ? first
    : undefined
}

function eventsOf(buffers: readonly Buffer[], results: ReadonlySet<TracedValue>, end: number): MemoryEvent[] {
  const taken: number[][] = Array.from({ length: end + 1 }, () => [])
  const given: number[][] = Array.from({ length: end + 1 }, () => [])
  buffers.forEach((b, i) => {
    taken[b.first]!.push(i)
    given[results.has(b.value) ? end : b.last]!.push(i)
  })
  const events: MemoryEvent[] = []
  for (let at = 0; at <= end; at++) {
    for (const buffer of taken[at]!) events.push({ buffer, bytes: Math.max(1, buffers[buffer]!.value.bytes) })
    for (const buffer of given[at]!) events.push({ buffer, bytes: 0 })
  }
  return events
}

/** The most bytes that are taken at once. */
export function liveBytes(events: readonly MemoryEvent[]): number {
  const sizes = new Map<number, number>()
  let now = 0
  let peak = 0
  for (const { buffer, bytes } of events) {
    now += bytes > 0 ? bytes : -(sizes.get(buffer) ?? 0)
    sizes.set(buffer, bytes)
    peak = Math.max(peak, now)
  }
  return peak
}
