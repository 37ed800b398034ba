import type { Pass } from './passes.ts'
import type { ProductKind } from './products.ts'

/** What one machine, device and thread count does: measured by services/planner/calibration.ts. Times in seconds. */
export interface Rates {
  /** Until a compute process answers. */
  readonly start: number
  /** Opening a graph: each kernel, each byte of weights. */
  readonly openPerKernel: number
  readonly openPerByte: number
  /** A run of nothing, each tensor that is fed or kept, each byte of a result that stays in the process, and of one that is sent. */
  readonly run: number
  readonly perFed: number
  readonly perKeptByte: number
  readonly perSentByte: number
  /** A byte of memory that the process had not written to before. */
  readonly perFreshByte: number
  /** Seconds a term of products.ts. */
  readonly products: Readonly<Record<ProductKind, readonly number[]>>
  /** Elements -> seconds of one pass, rising. */
  readonly passes: Readonly<Record<Pass, readonly (readonly [elements: number, seconds: number])[]>>
  /** Of a compute process with an empty graph. */
  readonly processBytes: number
}

/** Seconds of a pass over some elements: between two measured sizes as a power, beyond them in proportion. */
export function passSeconds(measured: Rates['passes'][Pass], elements: number): number {
  const last = measured.length - 1
  if (last < 0) return 0
  const [leastElements, leastSeconds] = measured[0]!
  if (elements <= leastElements) return leastSeconds
  const [mostElements, mostSeconds] = measured[last]!
  if (elements >= mostElements) return (mostSeconds * elements) / mostElements
  const at = measured.findIndex(([n]) => n > elements)
  const [n0, s0] = measured[at - 1]!
  const [n1, s1] = measured[at]!
  const share = Math.log(elements / n0) / Math.log(n1 / n0)
  return Math.exp(Math.log(s0) + share * Math.log(s1 / s0))
}

/**
 * Rates of terms that explain measured times best, none below 0 (Lawson and Hanson's problem, by coordinate descent): relative errors are
 * what is made small, so that short products count as much as long ones.
 */
export function fitTerms(
  samples: readonly { readonly terms: readonly number[]; readonly seconds: number }[],
): number[] {
  const count = samples[0]?.terms.length ?? 0
  const rows = samples.map(s => s.terms.map(t => t / s.seconds))
  const rates = new Array<number>(count).fill(0)
  for (let round = 0; round < 2000; round++)
    for (let j = 0; j < count; j++) {
      let top = 0
      let bottom = 0
      for (const row of rows) {
        const others = row.reduce((sum, x, i) => (i === j ? sum : sum + x * rates[i]!), 0)
        top += row[j]! * (1 - others)
        bottom += row[j]! * row[j]!
      }
      rates[j] = bottom > 0 ? Math.max(0, top / bottom) : 0
    }
  return rates
}
