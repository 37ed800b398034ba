import type { Tensor } from '../../graph/graph.ts'
import { add, matmul, mul, pickRows, relativeShift, reshape, transpose } from '../../graph/ops.ts'
import { joinHeads, splitHeads } from './attention.ts'
import { type BlockRows, type BlockSparseOptions, blockSparseAttend } from './blockSparse.ts'
import { positionFeatures } from './positionFeatures.ts'
import { mapped, project } from './projection.ts'
import { atEachRun, positionTable, type RelativeAttentionConfig } from './relativeAttention.ts'
import { dropped, type TrainingMode } from './training.ts'
import type { Weights } from './weights.ts'

/**
 * Enformer's attention with relative positions (`relativeAttention`, the same weights) on the pairs of a block-sparse pattern alone: where
 * every block is listed the two are equal. Terms of position are made for the listed pairs only, from the distances between their blocks,
 * so that cost and memory grow with the pattern. [batch, tokens, width] -> the same.
 */
export function relativeBlockSparseAttention(
  weights: Weights,
  name: string,
  x: Tensor,
  config: RelativeAttentionConfig & BlockSparseOptions,
  training?: TrainingMode,
): Tensor {
  const { heads, keySize, block } = config
  const [batch, tokens] = x.shape as readonly [number, number, number]
  const blocks = tokens / block
  const map = (part: string) => splitHeads(mapped(weights, `${name}.to_${part}`, x), heads)
  const q = mul(map('q'), 1 / Math.sqrt(keySize))
  const content = add(q, weights.get(`${name}.rel_content_bias`))
  const position = reshape(add(q, weights.get(`${name}.rel_pos_bias`)), [batch, heads * blocks, block * keySize])
  const ofDistances = distanceSegments(weights, name, x, config, training)
  const segments = training ? ofDistances : atEachRun(ofDistances, x)
  const offsets = 2 * blocks - 1
  const terms = ({ queries, keys, slots }: BlockRows): Tensor => {
    const rows = keys.flatMap((_, head) => queries.map(query => head * blocks + query))
    const own = reshape(pickRows(position, rows), [batch, heads, queries.length, 1, block, keySize])
    // An empty slot is hidden anyway: any distance will do.
    const list = keys.flatMap((each, head) =>
      each.flatMap((row, i) => row.map(key => head * offsets + (key ?? queries[i]!) - queries[i]! + blocks - 1)),
    )
    const near = reshape(pickRows(segments, list), [1, heads, queries.length, slots, 2 * block - 1, keySize])
    const byDistance = matmul(own, near, { transposeB: true })
    const byKey = block === 1 ? byDistance : relativeShift(byDistance)
    return reshape(transpose(byKey, [0, 1, 2, 4, 3, 5]), [batch, heads, queries.length, block, slots * block])
  }
  // The product divides queries by √keySize; ours are divided already, before their biases were added.
  const chance = { training, dropout: config.attentionDropout }
  const attended = blockSparseAttend(mul(content, Math.sqrt(keySize)), map('k'), map('v'), { ...config, chance, terms })
  return project(weights, `${name}.to_out`, joinHeads(attended))
}

/**
 * r of the distances between two blocks: rows [head · (2·blocks - 1) + offset + blocks - 1], offset = key block - query block, each of
 * 2·block - 1 distances from offset·block - block + 1 on.
 */
function distanceSegments(
  weights: Weights,
  name: string,
  x: Tensor,
  config: RelativeAttentionConfig & BlockSparseOptions,
  training: TrainingMode | undefined,
): Tensor {
  const { heads, keySize, block } = config
  const tokens = x.shape[1]!
  const offsets = (2 * tokens) / block - 1
  const width = 2 * block - 1
  const table = positionTable(x.graph, positionFeatures, tokens, config.positionFeatures)
  const relative = mapped(weights, `${name}.to_rel_k`, dropped(training, table, config.positionDropout))
  const rows = Array.from({ length: offsets }, (_, o) => Array.from({ length: width }, (_, c) => o * block + c)).flat()
  const picked = pickRows(reshape(relative, [1, 2 * tokens - 1, heads * keySize]), rows)
  const byHead = transpose(reshape(picked, [offsets, width, heads, keySize]), [2, 0, 1, 3])
  return reshape(byHead, [1, heads * offsets, width * keySize])
}
