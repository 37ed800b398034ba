import type { Graph, Tensor } from '../../graph/graph.ts'
import { add, mul, reshape, sub } from '../../graph/ops.ts'
import { onceInGraph } from './onceInGraph.ts'

/** Far below any logit, and finite: a row of such values alone still gives a softmax without NaN. */
export const HIDDEN = -1e9

/** Hides padded keys: real [batch, keys] of ones and zeros -> [batch, 1, 1, keys]. */
export function paddingBias(real: Tensor): Tensor {
  const [batch, keys] = real.shape as readonly [number, number]
  return mul(reshape(sub(1, real), [batch, 1, 1, keys]), HIDDEN)
}

/** Hides what comes later: [1, 1, length, length], position i sees 0..i. */
export const causalBias = (graph: Graph, length: number): Tensor =>
  onceInGraph(graph, causalBias, String(length), () => {
    const values = new Array<number>(length * length).fill(0)
    for (let i = 0; i < length; i++) for (let j = i + 1; j < length; j++) values[i * length + j] = HIDDEN
    return graph.constant(values, [1, 1, length, length])
  })

/** Both at once. */
export const joined = (a: Tensor | undefined, b: Tensor | undefined): Tensor | undefined =>
  a && b ? add(a, b) : (a ?? b)
