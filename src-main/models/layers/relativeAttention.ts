import type { Graph, Tensor } from '../../graph/graph.ts'
import { add, linear, matmul, mul, relativeShift, reshape, softmax, transpose } from '../../graph/ops.ts'
import { joinHeads, splitHeads } from './attention.ts'
import { onceInGraph } from './onceInGraph.ts'
import { positionFeatures } from './positionFeatures.ts'
import { dropped, type TrainingMode } from './training.ts'
import { type WeightSpec, type Weights, weight } from './weights.ts'

export interface RelativeAttentionConfig {
  readonly width: number
  readonly heads: number
  readonly keySize: number
  readonly valueSize: number
  readonly positionFeatures: number
  readonly attentionDropout: number
  readonly positionDropout: number
}

/** What differs between published networks with this attention: the names of the maps, and the features of distance. */
export interface RelativeAttentionForm {
  /** Before `q`, `k`, `v`, `out` and `rel_k`. */
  readonly prefix: string
  /** Row-major [2·tokens - 1, features], row r for d = r - (tokens - 1), key minus query. */
  readonly table: (tokens: number, features: number) => Float64Array
}

const ENFORMER: RelativeAttentionForm = { prefix: 'to_', table: positionFeatures }

export function relativeAttentionSpecs(
  name: string,
  config: RelativeAttentionConfig,
  { prefix }: RelativeAttentionForm = ENFORMER,
): readonly WeightSpec[] {
  const { width, heads, keySize, valueSize } = config
  return [
    weight(`${name}.rel_content_bias`, 1, heads, 1, keySize),
    weight(`${name}.rel_pos_bias`, 1, heads, 1, keySize),
    weight(`${name}.${prefix}q.weight`, heads * keySize, width),
    weight(`${name}.${prefix}k.weight`, heads * keySize, width),
    weight(`${name}.${prefix}v.weight`, heads * valueSize, width),
    weight(`${name}.${prefix}out.weight`, width, heads * valueSize),
    weight(`${name}.${prefix}out.bias`, width),
    weight(`${name}.${prefix}rel_k.weight`, heads * keySize, config.positionFeatures),
  ]
}

/**
 * Enformer's attention with relative positions (Avsec et al. 2021): logit[i, j] = (q_i + u)·k_j + (q_i + w)·r_{j-i}, q scaled by
 * 1/√keySize before the biases u (content) and w (position) are added, r = P·W_r. [batch, tokens, width] -> the same.
 */
export function relativeAttention(
  weights: Weights,
  name: string,
  x: Tensor,
  config: RelativeAttentionConfig,
  training?: TrainingMode,
  { prefix, table: tableOf }: RelativeAttentionForm = ENFORMER,
): Tensor {
  const { heads, keySize } = config
  const tokens = x.shape[1]!
  const map = (part: string) => splitHeads(linear(x, weights.get(`${name}.${prefix}${part}.weight`)), heads)
  const q = mul(map('q'), 1 / Math.sqrt(keySize))
  const content = add(q, weights.get(`${name}.rel_content_bias`))
  const position = add(q, weights.get(`${name}.rel_pos_bias`))
  const table = positionTable(x.graph, tableOf, tokens, config.positionFeatures)
  const features = dropped(training, table, config.positionDropout)
  const relative = linear(features, weights.get(`${name}.${prefix}rel_k.weight`))
  const keysByDistance = transpose(reshape(relative, [1, 2 * tokens - 1, heads, keySize]), [0, 2, 1, 3])
  const byDistance = matmul(position, keysByDistance, { transposeB: true })
  const logits = add(matmul(content, map('k'), { transposeB: true }), shifted(byDistance, tokens))
  const shares = dropped(training, softmax(logits), config.attentionDropout)
  const joined = joinHeads(matmul(shares, map('v')))
  return linear(joined, weights.get(`${name}.${prefix}out.weight`), weights.get(`${name}.${prefix}out.bias`))
}

/** [2·tokens - 1, features], one for all layers. */
const positionTable = (
  graph: Graph,
  tableOf: RelativeAttentionForm['table'],
  tokens: number,
  features: number,
): Tensor =>
  onceInGraph(graph, tableOf, `${tokens} ${features}`, () =>
    graph.constant(Array.from(tableOf(tokens, features)), [2 * tokens - 1, features]),
  )

/** A single token sees itself alone, at distance 0. */
const shifted = (byDistance: Tensor, tokens: number): Tensor => (tokens === 1 ? byDistance : relativeShift(byDistance))
