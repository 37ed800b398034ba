import type { Graph, Tensor } from '../graph/graph.ts'
import { cast, greater, reduceSum, reshape } from '../graph/ops.ts'
import {
  binSize,
  parseTrunk,
  runTrunk,
  type TrunkAttention,
  type TrunkConfig,
  type TrunkStages,
  trunkSpecs,
  trunkWidth,
} from './enformer.ts'
import { attentionSpecs } from './layers/attention.ts'
import { type PatternShape, patternSpec, type RandomBlocks, storedPatterns } from './layers/blockPattern.ts'
import { blockSparseAttention } from './layers/blockSparse.ts'
import { ConfigFields } from './layers/configFields.ts'
import { parseRelative, type RelativeAttentionConfig, relativeAttentionSpecs } from './layers/relativeAttention.ts'
import { relativeBlockSparseAttention } from './layers/relativeBlockSparse.ts'
import type { WeightSpec } from './layers/weights.ts'
import { type AttentionPieces, type ForwardOptions, type ForwardOutputs, registered } from './registry.ts'

export interface SEnformerConfig extends TrunkConfig {
  /** Tokens in a block. */
  readonly block: number
  readonly randomBlocks: number
  /** Hide tokens whose every base is unknown (padded flanks) from all queries. */
  readonly maskPadding: boolean
  /** Enformer's own attention with its relative positions, on the listed pairs alone; absent: no position terms. */
  readonly relative?: RelativeAttentionConfig
}

function parse(json: unknown): SEnformerConfig {
  const fields = new ConfigFields(json)
  const config: SEnformerConfig = {
    ...parseTrunk(fields),
    block: fields.count('block', { otherwise: 64 }),
    randomBlocks: fields.count('randomBlocks', { otherwise: 3 }),
    maskPadding: fields.flag('maskPadding', true),
  }
  const relative = fields.has('positionFeatures') ? { ...parseRelative(fields), heads: config.heads, width: trunkWidth(config) } : undefined // biome-ignore format: one thought
  fields.end()
  if (!relative && trunkWidth(config) % config.heads !== 0)
    throw fields.fault('heads', `a divisor of the width ${trunkWidth(config)}`)
  const blocks = config.length / binSize(config) / config.block
  if (!Number.isInteger(blocks) || blocks < 3)
    throw fields.fault('length', `a multiple of ${binSize(config) * config.block} bp, at least three times it`)
  return relative ? { ...config, relative } : config
}

export const sEnformerPattern = (config: SEnformerConfig): PatternShape => ({
  layers: config.layers,
  heads: config.heads,
  blocks: config.length / binSize(config) / config.block,
  randomBlocks: config.randomBlocks,
})

const sparse = (
  config: SEnformerConfig,
  patterns: readonly RandomBlocks[],
  real?: Tensor,
  pieces?: AttentionPieces,
): TrunkAttention => {
  const { heads, block, relative } = config
  const gathered = pieces === 'whole' ? { gathered: Number.POSITIVE_INFINITY } : {}
  const blocks = (layer: number) => ({ block, random: patterns[layer]!, real, ...gathered })
  if (relative)
    return {
      specs: name => relativeAttentionSpecs(name, relative),
      apply: (weights, name, x, layer, training) =>
        relativeBlockSparseAttention(weights, name, x, { ...relative, ...blocks(layer) }, training),
    }
  return {
    specs: name => attentionSpecs(name, trunkWidth(config)),
    apply: (weights, name, x, layer, training) =>
      blockSparseAttention(weights, name, x, { heads, ...blocks(layer), chance: { training, dropout: 0 } }),
  }
}

export const sEnformerSpecs = (config: SEnformerConfig): readonly WeightSpec[] => [
  ...trunkSpecs(config, sparse(config, [])),
  patternSpec(sEnformerPattern(config)),
]

/** The network on `sequence` [batch, length, 4] of the configured length, with its stages; `structure` holds the pattern. */
export function runSEnformer(
  graph: Graph,
  config: SEnformerConfig,
  sequence: Tensor,
  options: Pick<ForwardOptions, 'training' | 'structure' | 'attention'>,
): TrunkStages {
  const [batch, length] = sequence.shape as readonly [number, number]
  const tokens = length / binSize(config)
  const bases = reduceSum(reshape(sequence, [batch, tokens, 4 * binSize(config)]), 2)
  const real = config.maskPadding ? cast(greater(bases, 0), graph.float) : undefined
  const patterns = storedPatterns(options.structure, sEnformerPattern(config))
  return runTrunk(graph, config, sparse(config, patterns, real, options.attention), sequence, options.training)
}

/**
 * Enformer with block-sparse attention in place of the relative one: keys, queries and values of equal size with biases, no
 * position terms (S-Enformer, Currie); or, with `positionFeatures`, Enformer's attention on the pairs of the pattern alone, with all of
 * its weights. Input and outputs as of `enformer`, at the configured length only.
 */
export const sEnformerDefinition = {
  kind: 's-enformer',
  parseConfig: parse,
  parameters: sEnformerSpecs,
  buildForward(graph: Graph, config: SEnformerConfig, options: ForwardOptions): ForwardOutputs {
    const sequence = graph.input('sequence', [options.batch, options.length ?? config.length, 4])
    return runSEnformer(graph, config, sequence, options).heads
  },
}
export const sEnformer = registered(sEnformerDefinition)
