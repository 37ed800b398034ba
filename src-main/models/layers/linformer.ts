import { WorkbenchError } from '../../../src-shared/ipc/errors.ts'
import type { Tensor } from '../../graph/graph.ts'
import { add, matmul, mul, reduceSum, reshape, slice } from '../../graph/ops.ts'
import { attend, attentionSpecs, type Chance, joinHeads, splitHeads } from './attention.ts'
import { biasOf, mapped, project } from './projection.ts'
import { type WeightSpec, type Weights, weight } from './weights.ts'

/**
 * Who shares the length projections E (keys) and F (values), each [k, maxTokens]; always one for all heads of a layer.
 * - none, headwise: E and F in each layer
 * - key-value: E = F in each layer
 * - layerwise: one E for all layers, keys and values
 */
export const LINFORMER_SHARING = ['none', 'headwise', 'key-value', 'layerwise'] as const
export type LinformerSharing = (typeof LINFORMER_SHARING)[number]

export interface LinformerConfig {
  /** Rows that keys and values are projected to. */
  readonly projection: number
  readonly sharing: LinformerSharing
  /** Columns of E and F: the longest sequence. */
  readonly maxTokens: number
}

const LAYERWISE = 'attention.E'

/** Weights of one layer; those that all layers share are in `sharedLinformerSpecs`. */
export function linformerSpecs(name: string, width: number, config: LinformerConfig): readonly WeightSpec[] {
  const { projection, maxTokens, sharing } = config
  const matrices = { none: ['E', 'F'], headwise: ['E', 'F'], 'key-value': ['E'], layerwise: [] }[sharing]
  return [...attentionSpecs(name, width), ...matrices.map(m => weight(`${name}.${m}`, projection, maxTokens))]
}

export const sharedLinformerSpecs = (config: LinformerConfig): readonly WeightSpec[] =>
  config.sharing === 'layerwise' ? [weight(LAYERWISE, config.projection, config.maxTokens)] : []

/**
 * Linformer self-attention (Wang et al. 2020): softmax(q·(E·K)ᵀ/√size)·(F·V), linear in the length. A sequence shorter than
 * maxTokens uses the first columns of E and F; rows of padding are zeroed before projecting.
 * `real` [batch, length] has 1 for tokens and 0 for padding.
 * @throws WorkbenchError `bad-input` for a sequence longer than E has columns
 */
export function linformerAttention(
  weights: Weights,
  name: string,
  x: Tensor,
  options: LinformerConfig & { readonly heads: number; readonly real?: Tensor | undefined; readonly chance?: Chance },
): Tensor {
  const { heads, sharing, maxTokens, real } = options
  const [batch, length] = x.shape as readonly [number, number]
  if (length > maxTokens)
    throw new WorkbenchError(
      'bad-input',
      `a sequence of ${length} tokens, the model's projections hold ${maxTokens}`,
      'give a shorter sequence, or a model trained for longer ones',
    )
  const matrix = (which: 'E' | 'F') =>
    slice(
      weights.get(sharing === 'layerwise' ? LAYERWISE : `${name}.${sharing === 'key-value' ? 'E' : which}`),
      1,
      0,
      length,
    )
  const masked = real ? mul(x, reshape(real, [batch, length, 1])) : x
  // E·(x·Wᵀ + 1·bᵀ) = (E·x)·Wᵀ + (E·1)·bᵀ: the map then works on k rows instead of on the whole length.
  const projected = (map: 'k' | 'v', which: 'E' | 'F') => {
    const e = matrix(which)
    const rows = real ? matmul(real, e, { transposeB: true }) : reduceSum(e, 1)
    const spread = mul(reshape(rows, [...rows.shape, 1]), biasOf(weights, `${name}.${map}`)!)
    return splitHeads(add(mapped(weights, `${name}.${map}`, matmul(e, masked)), spread), heads)
  }
  const q = splitHeads(project(weights, `${name}.q`, x), heads)
  const seen = attend(q, projected('k', 'E'), projected('v', 'F'), undefined, options.chance)
  return project(weights, `${name}.o`, joinHeads(seen))
}
