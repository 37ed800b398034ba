import type { MemoryEvent } from './lifetimes.ts'
import { passOf } from './passes.ts'
import { productOf } from './products.ts'
import { passSeconds, type Rates } from './rates.ts'
import type { RuntimeKernel } from './runtimeKernels.ts'
import type { Trace, TracedValue } from './trace.ts'

export interface RunSeconds {
  readonly open: number
  /** The first run, which also takes memory and notes which device ran. */
  readonly first: number
  readonly later: number
}

/** A kernel that only renames memory still has to be called. */
const VIEW_SHARE = 0.5
/** Blocks above this are mapped anew each time without an arena (heap.ts). */
const MAPPED_FROM = 32 * 2 ** 20

export function kernelSeconds(kernel: RuntimeKernel, rates: Rates): number {
  const product = productOf(kernel)
  if (product) return product.terms.reduce((sum, t, i) => sum + t * (rates.products[product.kind][i] ?? 0), 0)
  const pass = passOf(kernel)
  if (pass) return passSeconds(rates.passes[pass.pass], pass.elements)
  return VIEW_SHARE * (rates.passes.scalar[0]?.[1] ?? 0)
}

/** Seconds of opening a graph and of its runs. `kept`: results stay in the process (weights of a training), else they are sent. */
export function secondsOf(
  trace: Trace,
  kernels: readonly RuntimeKernel[],
  events: readonly MemoryEvent[],
  shape: { readonly workload: 'fixed' | 'varied'; readonly work: 'inference' | 'training' },
  rates: Rates,
): RunSeconds {
  const computing = kernels.reduce((sum, k) => sum + kernelSeconds(k, rates), 0)
  const returned = bytes(trace.outputs)
  const moving =
    rates.run +
    rates.perFed * (trace.fed.length + trace.outputs.length) +
    (shape.work === 'training' ? returned * rates.perKeptByte : (returned + bytes(trace.fed)) * rates.perSentByte)
  const taken = events.reduce((sum, e) => sum + e.bytes, 0)
  const mapped = events.reduce((sum, e) => sum + (e.bytes >= MAPPED_FROM ? e.bytes : 0), 0)
  const later = computing + moving + (shape.workload === 'varied' ? mapped * rates.perFreshByte : 0)
  return {
    open: rates.openPerKernel * kernels.length + rates.openPerByte * bytes(trace.weights),
    first: computing + moving + taken * rates.perFreshByte,
    later,
  }
}

const bytes = (values: readonly TracedValue[]): number => values.reduce((sum, v) => sum + v.bytes, 0)
