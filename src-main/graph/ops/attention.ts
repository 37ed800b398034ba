import type { Tensor } from '../graph.ts'
import { shapeError } from '../graphErrors.ts'
import { sameShape } from '../types.ts'
import { add } from './add.ts'
import { dropout } from './dropoutMask.ts'
import { matmul } from './matmul.ts'
import { mul } from './mul.ts'
import { softmax } from './softmax.ts'

export interface AttentionOptions {
  /** Factor on q·k; default 1/√(size of a head). */
  readonly scale?: number
  /** Added to the scaled scores: relative positions, or large negative numbers for hidden keys. Broadcasts to [..., Tq, Tk]. */
  readonly bias?: Tensor
  /** Dropout on the probabilities. */
  readonly dropout?: { readonly rate: number; readonly seed: Tensor | undefined }
}

/**
 * softmax(scale · q·kᵀ + bias) · v for any leading axes (batch, heads, blocks): q [..., Tq, size], k [..., Tk, size],
 * v [..., Tk, any] -> [..., Tq, any]. The rule of softmax makes its gradient one pass over all pairs.
 */
export function attention(q: Tensor, k: Tensor, v: Tensor, options: AttentionOptions = {}): Tensor {
  const fits =
    q.shape.length >= 2 &&
    sameShape(q.shape.slice(0, -2), k.shape.slice(0, -2)) &&
    sameShape(k.shape.slice(0, -1), v.shape.slice(0, -1)) &&
    q.shape.at(-1) === k.shape.at(-1)
  if (!fits) throw shapeError('attention', 'q [..., Tq, size], k [..., Tk, size] and v [..., Tk, any]', [q, k, v])
  const scaled = mul(matmul(q, k, { transposeB: true }), options.scale ?? 1 / Math.sqrt(q.shape.at(-1)!))
  const probabilities = softmax(options.bias ? add(scaled, options.bias) : scaled)
  return matmul(dropout(probabilities, options.dropout?.rate ?? 0, options.dropout?.seed), v)
}
