import type { Graph, Tensor } from '../../graph/graph.ts'
import {
  add,
  cast,
  concat,
  less,
  matmul,
  mul,
  relativeShift,
  reshape,
  slice,
  softmax,
  transpose,
} from '../../graph/ops.ts'
import { joinHeads, splitHeads } from './attention.ts'
import type { ConfigFields } from './configFields.ts'
import { onceInGraph } from './onceInGraph.ts'
import { positionFeatures } from './positionFeatures.ts'
import { mapped, project } from './projection.ts'
import { dropped, type TrainingMode } from './training.ts'
import { mapWeight, type WeightSpec, type Weights, weight } from './weights.ts'

export interface RelativeAttentionConfig {
  readonly width: number
  readonly heads: number
  readonly keySize: number
  readonly valueSize: number
  readonly positionFeatures: number
  readonly attentionDropout: number
  readonly positionDropout: number
}

/** The fields of an architecture that such attention needs beside width and heads. */
export function parseRelative(fields: ConfigFields): Omit<RelativeAttentionConfig, 'width' | 'heads'> {
  const config = {
    keySize: fields.count('keySize'),
    valueSize: fields.count('valueSize'),
    positionFeatures: fields.count('positionFeatures'),
    attentionDropout: fields.number('attentionDropout', { otherwise: 0.05, least: 0, below: 1 }),
    positionDropout: fields.number('positionDropout', { otherwise: 0.01, least: 0, below: 1 }),
  }
  if (config.positionFeatures % 6 !== 0)
    throw fields.fault('positionFeatures', 'a multiple of 6 (three bases, two signs)')
  return config
}

/** What differs between published networks with this attention: the names of the maps, and the features of distance. */
export interface RelativeAttentionForm {
  /** Before `q`, `k`, `v`, `out` and `rel_k`. */
  readonly prefix: string
  /** Row-major [2·tokens - 1, features], row r for d = r - (tokens - 1), key minus query. */
  readonly table: (tokens: number, features: number) => Float64Array
  /** Queries that are scored at once; default: `queryRows`. It changes memory and time, not the result. */
  readonly rows?: number
}

export const ENFORMER: RelativeAttentionForm = { prefix: 'to_', table: positionFeatures }

export function relativeAttentionSpecs(
  name: string,
  config: RelativeAttentionConfig,
  { prefix }: RelativeAttentionForm = ENFORMER,
): readonly WeightSpec[] {
  const { width, heads, keySize, valueSize } = config
  return [
    weight(`${name}.rel_content_bias`, 1, heads, 1, keySize),
    weight(`${name}.rel_pos_bias`, 1, heads, 1, keySize),
    mapWeight(`${name}.${prefix}q.weight`, heads * keySize, width),
    mapWeight(`${name}.${prefix}k.weight`, heads * keySize, width),
    mapWeight(`${name}.${prefix}v.weight`, heads * valueSize, width),
    mapWeight(`${name}.${prefix}out.weight`, width, heads * valueSize),
    weight(`${name}.${prefix}out.bias`, width),
    mapWeight(`${name}.${prefix}rel_k.weight`, heads * keySize, config.positionFeatures),
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
  { prefix, table: tableOf, rows: asked }: RelativeAttentionForm = ENFORMER,
): Tensor {
  const { heads, keySize } = config
  const tokens = x.shape[1]!
  const map = (part: string) => splitHeads(mapped(weights, `${name}.${prefix}${part}`, x), heads)
  const q = mul(map('q'), 1 / Math.sqrt(keySize))
  const content = add(q, weights.get(`${name}.rel_content_bias`))
  const position = add(q, weights.get(`${name}.rel_pos_bias`))
  const [keys, values] = [map('k'), map('v')]
  const table = positionTable(x.graph, tableOf, tokens, config.positionFeatures)
  const features = dropped(training, table, config.positionDropout)
  const relative = mapped(weights, `${name}.${prefix}rel_k`, features)
  const byDistance = transpose(reshape(relative, [1, 2 * tokens - 1, heads, keySize]), [0, 2, 1, 3])
  const chunk = asked ?? queryRows(tokens, x.shape[0]! * heads)
  const distances = chunk < tokens && !training ? atEachRun(byDistance, x) : byDistance
  const parts: Tensor[] = []
  for (let start = 0; start < tokens; start += chunk) {
    const end = Math.min(tokens, start + chunk)
    const queries = (t: Tensor) => slice(t, 2, start, end)
    // Distances from these queries to all keys: 1 - end … tokens - 1 - start, in rows tokens - end … of the table.
    const some = slice(distances, 2, tokens - end, 2 * tokens - 1 - start)
    const scores = matmul(queries(position), some, { transposeB: true })
    const logits = add(matmul(queries(content), keys, { transposeB: true }), shifted(scores))
    const shares = dropped(training, softmax(logits), config.attentionDropout)
    parts.push(matmul(shares, values))
  }
  const joined = joinHeads(concat(parts, 2))
  return project(weights, `${name}.${prefix}out`, joined)
}

/** Most queries that are scored at once, and most scores (float32) of a chunk over all heads: 128 MiB. */
const MOST_ROWS = 256
const MOST_SCORES = 2 ** 25

/**
 * Queries that are scored at once. A chunk of R needs R + tokens - 1 of the 2·tokens - 1 distances, and scores [heads, R, tokens]
 * that stay in the caches and go with the chunk: memory does not grow with tokens². Measured on two cores, 8 heads of 64 and 192,
 * one layer: 180 ms in one piece, 102 with 256, 124 with 32 at 1,536 tokens, 1,775 with 256 and 3,184 with 32 at 8,192; with
 * gradients 327 and 297 ms at 1,536 tokens, and 4.5 and 1.7 GB at 4,096.
 */
export const queryRows = (tokens: number, heads: number): number =>
  Math.min(tokens, MOST_ROWS, Math.max(1, Math.floor(MOST_SCORES / (heads * tokens))))

/**
 * The same numbers, though not a constant: a runtime that folds constants when it loads a model would fold the overlapping
 * parts that are cut out of them as well, a multiple of their size. The zero that is added comes from the input (no number is below
 * minus infinity).
 */
export function atEachRun(constant: Tensor, input: Tensor): Tensor {
  const first = slice(reshape(input, [-1]), 0, 0, 1)
  const zero = cast(less(reshape(first, []), Number.NEGATIVE_INFINITY), constant.dtype)
  return add(constant, zero)
}

/** [2·tokens - 1, features], one for all layers. */
export const positionTable = (
  graph: Graph,
  tableOf: RelativeAttentionForm['table'],
  tokens: number,
  features: number,
): Tensor =>
  onceInGraph(graph, tableOf, `${tokens} ${features}`, () =>
    graph.constant(Array.from(tableOf(tokens, features)), [2 * tokens - 1, features]),
  )

/** A single query is in order already. */
const shifted = (scores: Tensor): Tensor => (scores.shape.at(-2) === 1 ? scores : relativeShift(scores))
