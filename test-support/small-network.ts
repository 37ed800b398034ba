import { Graph, type Tensor } from '../src-main/graph/graph.ts'
import { evaluate } from '../src-main/graph/reference.ts'
import { sizeOf } from '../src-main/graph/types.ts'
import { SeededRandom } from './random.ts'

/** Numbers for every leaf of a small network, by name. */
export type Numbers = Map<string, number[]>

/** Draws every parameter and state, and every float input: a few tenths wide, variances positive. Integers stay for the test. */
export function drawn(graph: Graph, seed = 1): Numbers {
  const values: Numbers = new Map()
  for (const kind of ['input', 'parameter', 'state'] as const)
    for (const leaf of graph.leaves(kind)) {
      if (leaf.dtype !== 'float32' && leaf.dtype !== 'float64') continue
      const name = leaf.node.leaf!.name
      const random = new SeededRandom(`${seed} ${name}`)
      const positive = name.endsWith('running_var')
      values.set(
        name,
        Array.from({ length: sizeOf(leaf.shape) }, () => (positive ? 0.5 + random.next() : random.normal(0, 0.6))),
      )
    }
  return values
}

/** Values of one tensor by the plain loops in float64. */
export const valuesOf = (tensor: Tensor, numbers: ReadonlyMap<string, ArrayLike<number>>): Float64Array =>
  Float64Array.from(evaluate([tensor], numbers)[0]!.values)

/** Largest |a - b| relative to the largest |b|. */
export function relativeGap(a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (a.length !== b.length || a.length === 0) return Number.POSITIVE_INFINITY
  let gap = 0
  let size = 0
  for (let i = 0; i < b.length; i++) {
    const d = Math.abs(a[i]! - b[i]!)
    if (!(d <= gap)) gap = d
    size = Math.max(size, Math.abs(b[i]!))
  }
  return gap / (size || 1)
}

/** A graph that judges: real numbers are float64. */
export const judgingGraph = (): Graph => new Graph({ float: 'float64' })

/** The identity matrix, row-major. */
export const identity = (n: number): number[] => Array.from({ length: n * n }, (_, i) => (i % (n + 1) === 0 ? 1 : 0))
