import { WorkbenchError } from '../../../src-shared/ipc/errors.ts'
import type { Tensor } from '../../graph/graph.ts'
import { add, matmul, mul, reshape, softmax, transpose } from '../../graph/ops.ts'
import { project, projectionSpecs } from './projection.ts'
import { dropped, type TrainingMode } from './training.ts'
import type { WeightSpec, Weights } from './weights.ts'

/** [batch, length, heads · size] -> [batch, heads, length, size]. */
export function splitHeads(x: Tensor, heads: number): Tensor {
  const [batch, length, width] = x.shape as readonly [number, number, number]
  if (width % heads !== 0)
    throw new WorkbenchError('bad-model', `width ${width} is not a multiple of ${heads} heads`, 'check model.json')
  return transpose(reshape(x, [batch, length, heads, width / heads]), [0, 2, 1, 3])
}

/** [batch, heads, length, size] -> [batch, length, heads · size]. */
export function joinHeads(x: Tensor): Tensor {
  const [batch, heads, length, size] = x.shape as readonly [number, number, number, number]
  return reshape(transpose(x, [0, 2, 1, 3]), [batch, length, heads * size])
}

/**
 * softmax(q·kᵀ/√size + bias)·v (Vaswani et al. 2017, eq. 1): q [batch, heads, rows, size], k and v [batch, heads, keys, size].
 * `bias` broadcasts to [batch, heads, rows, keys]: 0 where a key may be seen, very negative where not.
 */
export function attend(q: Tensor, k: Tensor, v: Tensor, bias?: Tensor, chance?: Chance): Tensor {
  // Scaling q touches rows·size numbers, scaling the logits rows·keys.
  const logits = matmul(mul(q, 1 / Math.sqrt(q.shape.at(-1)!)), k, { transposeB: true })
  const shares = softmax(bias ? add(logits, bias) : logits)
  return matmul(dropped(chance?.training, shares, chance?.dropout ?? 0), v)
}

/** Dropout of a layer: its rate, and whether it is trained at all. */
export interface Chance {
  readonly training?: TrainingMode | undefined
  readonly dropout: number
}

/** Query, key, value and output maps of attention with heads side by side; LED units when a rank is given. */
export function attentionSpecs(name: string, width: number, rank?: number): readonly WeightSpec[] {
  return ['q', 'k', 'v', 'o'].flatMap(map => projectionSpecs(`${name}.${map}`, width, width, rank))
}

/** Multi-head attention of x [batch, rows, width] over `memory` [batch, keys, width]; x itself when memory is absent. */
export function attention(
  weights: Weights,
  name: string,
  x: Tensor,
  options: {
    readonly heads: number
    readonly memory?: Tensor
    readonly bias?: Tensor | undefined
    readonly chance?: Chance
  },
): Tensor {
  const { heads, memory = x, bias } = options
  const q = splitHeads(project(weights, `${name}.q`, x), heads)
  const k = splitHeads(project(weights, `${name}.k`, memory), heads)
  const v = splitHeads(project(weights, `${name}.v`, memory), heads)
  return project(weights, `${name}.o`, joinHeads(attend(q, k, v, bias, options.chance)))
}
