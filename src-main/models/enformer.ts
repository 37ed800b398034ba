import { WorkbenchError } from '../../src-shared/ipc/errors.ts'
import type { Graph, Tensor } from '../graph/graph.ts'
import { add, crop, gelu, relu, softmaxPool, softplus, transpose } from '../graph/ops.ts'
import { ConfigFields } from './layers/configFields.ts'
import { batchNorm, batchNormSpecs, convBlock, convBlockSpecs, convSpecs } from './layers/convBlock.ts'
import { normalise, normSpecs } from './layers/norm.ts'
import { convolved, project, projectionSpecs } from './layers/projection.ts'
import { parseRanks, type Ranks, withRanks } from './layers/ranks.ts'
import {
  ENFORMER,
  parseRelative,
  type RelativeAttentionConfig,
  relativeAttention,
  relativeAttentionSpecs,
} from './layers/relativeAttention.ts'
import { dropped, type TrainingMode } from './layers/training.ts'
import { type WeightSpec, Weights, weight } from './layers/weights.ts'
import { type AttentionPieces, type ForwardOptions, type ForwardOutputs, registered } from './registry.ts'

/** What Enformer and its relatives share: everything but the attention. */
export interface TrunkConfig {
  /** Base pairs that the model is made for; another multiple of the bin works too. */
  readonly length: number
  readonly stemFilters: number
  readonly stemKernel: number
  /** Channels after each halving that follows the stem; the last is the width of the transformer. */
  readonly towerFilters: readonly number[]
  readonly towerKernel: number
  readonly layers: number
  readonly heads: number
  /** Tokens kept by the centre crop: the bins of the output. */
  readonly targetBins: number
  /** Tracks of each head, by its name. */
  readonly outputs: ReadonlyMap<string, number>
  readonly dropout: number
  readonly bnEpsilon: number
  readonly lnEpsilon: number
  readonly ranks?: Ranks | undefined
}

export interface EnformerConfig extends TrunkConfig, Omit<RelativeAttentionConfig, 'width'> {}

/** Width of the transformer. */
export const trunkWidth = (config: TrunkConfig): number => config.towerFilters.at(-1)!

/** Base pairs of a token and of an output bin: the stem and every stage of the tower halve the length. */
export const binSize = (config: TrunkConfig): number => 2 ** (config.towerFilters.length + 1)

/** The fields that Enformer's relatives share. `fields.end()` is the caller's. */
export function parseTrunk(fields: ConfigFields): TrunkConfig {
  const config: TrunkConfig = {
    length: fields.count('length'),
    stemFilters: fields.count('stemFilters'),
    stemKernel: fields.count('stemKernel', { otherwise: 15 }),
    towerFilters: fields.counts('towerFilters'),
    towerKernel: fields.count('towerKernel', { otherwise: 5 }),
    // Without layers it is the convolutional trunk with its head alone: the baseline of the networks with attention.
    layers: fields.count('layers', { least: 0 }),
    heads: fields.count('heads'),
    targetBins: fields.count('targetBins'),
    outputs: fields.namedCounts('outputs'),
    dropout: fields.number('dropout', { otherwise: 0.4, least: 0, below: 1 }),
    bnEpsilon: fields.number('bnEpsilon', { otherwise: 1e-5, least: 0, below: 1 }),
    lnEpsilon: fields.number('lnEpsilon', { otherwise: 1e-5, least: 0, below: 1 }),
    ranks: parseRanks(fields),
  }
  if (config.length % binSize(config) !== 0) throw fields.fault('length', `a multiple of the bin of ${binSize(config)}`)
  return config
}

function parse(json: unknown): EnformerConfig {
  const fields = new ConfigFields(json)
  const config: EnformerConfig = {
    ...parseTrunk(fields),
    ...parseRelative(fields),
  }
  fields.end()
  return config
}

/** How a trunk attends: the weights of the attention part of one block, and its function of the normed tokens. */
export interface TrunkAttention {
  specs(name: string, layer: number): readonly WeightSpec[]
  apply(weights: Weights, name: string, x: Tensor, layer: number, training: TrainingMode | undefined): Tensor
}

/** Every weight under the names of the published state dict, without its batch counters. */
export const trunkSpecs = (config: TrunkConfig, attention: TrunkAttention): readonly WeightSpec[] =>
  withRanks(denseTrunkSpecs(config, attention), config.ranks)

function denseTrunkSpecs(config: TrunkConfig, attention: TrunkAttention): readonly WeightSpec[] {
  const { stemFilters: stem, towerFilters: tower } = config
  const width = trunkWidth(config)
  const pool = (name: string, channels: number) => weight(`${name}.to_attn_logits.weight`, channels, channels)
  return [
    ...convSpecs('stem.0', 4, stem, config.stemKernel),
    ...convBlockSpecs('stem.1.fn', stem, stem, 1),
    pool('stem.2', stem),
    ...tower.flatMap((out, i) => [
      ...convBlockSpecs(`conv_tower.${i}.0`, i === 0 ? stem : tower[i - 1]!, out, config.towerKernel),
      ...convBlockSpecs(`conv_tower.${i}.1.fn`, out, out, 1),
      pool(`conv_tower.${i}.2`, out),
    ]),
    ...Array.from({ length: config.layers }, (_, i) => [
      ...normSpecs(`transformer.${i}.0.fn.0`, width),
      ...attention.specs(`transformer.${i}.0.fn.1`, i),
      ...normSpecs(`transformer.${i}.1.fn.0`, width),
      ...projectionSpecs(`transformer.${i}.1.fn.1`, width, 2 * width),
      ...projectionSpecs(`transformer.${i}.1.fn.4`, 2 * width, width),
    ]).flat(),
    ...batchNormSpecs('final_pointwise.1.0', width),
    ...convSpecs('final_pointwise.1.2', width, 2 * width, 1),
    ...[...config.outputs].flatMap(([head, tracks]) => projectionSpecs(`_heads.${head}.0`, 2 * width, tracks)),
  ]
}

/** What each stage of a trunk gives. */
export interface TrunkStages {
  /** After the stem's pooling, [batch, channels, length / 2]. */
  readonly stem: Tensor
  /** After the tower, [batch, tokens, width]. */
  readonly tower: Tensor
  /** After each transformer block, [batch, tokens, width]. */
  readonly blocks: readonly Tensor[]
  /** After crop, pointwise and GELU, [batch, bins, 2·width]. */
  readonly embedding: Tensor
  /** After softplus, [batch, bins, tracks] of each head. */
  readonly heads: ForwardOutputs
}

/**
 * The network on a one-hot sequence [batch, length, 4] in the order A, C, G, T (zeros for any other letter), with everything
 * that lies between.
 * @throws WorkbenchError `bad-input` for a length that is not a multiple of the bin, or too short for the crop
 */
export function runTrunk(
  graph: Graph,
  config: TrunkConfig,
  attention: TrunkAttention,
  sequence: Tensor,
  training?: TrainingMode,
): TrunkStages {
  const weights = new Weights(graph, trunkSpecs(config, attention))
  const length = sequence.shape[1]!
  const tokens = length / binSize(config)
  if (!Number.isInteger(tokens) || tokens < config.targetBins || (tokens - config.targetBins) % 2 !== 0)
    throw new WorkbenchError(
      'bad-input',
      `${length} bp are ${tokens} bins of ${binSize(config)}, of which ${config.targetBins} are to be kept in the middle`,
      `give ${config.length} bp, or another multiple of ${2 * binSize(config)} above`,
    )
  const options = { epsilon: config.bnEpsilon, training }
  const pool = (name: string, x: Tensor) => softmaxPool(x, weights.get(`${name}.to_attn_logits.weight`))
  let x = convolved(weights, 'stem.0', transpose(sequence, [0, 2, 1]))
  x = pool('stem.2', add(x, convBlock(weights, 'stem.1.fn', x, options)))
  const stem = x
  config.towerFilters.forEach((_, i) => {
    x = convBlock(weights, `conv_tower.${i}.0`, x, options)
    x = pool(`conv_tower.${i}.2`, add(x, convBlock(weights, `conv_tower.${i}.1.fn`, x, options)))
  })
  const tower = transpose(x, [0, 2, 1])
  const blocks: Tensor[] = []
  let y = tower
  for (let i = 0; i < config.layers; i++) {
    y = transformerBlock(weights, i, y, config, attention, training)
    blocks.push(y)
  }
  const centre = crop(y, 1, (tokens - config.targetBins) / 2)
  const embedding = finalPointwise(weights, centre, config, training)
  const heads: Record<string, Tensor> = {}
  for (const head of config.outputs.keys()) heads[head] = softplus(project(weights, `_heads.${head}.0`, embedding))
  return { stem, tower, blocks, embedding, heads }
}

/** Pre-norm: x + attention(norm(x)), then x + MLP(norm(x)) with ReLU. */
function transformerBlock(
  weights: Weights,
  layer: number,
  x: Tensor,
  { lnEpsilon, dropout }: TrunkConfig,
  attention: TrunkAttention,
  training: TrainingMode | undefined,
): Tensor {
  const name = `transformer.${layer}`
  const drop = (t: Tensor) => dropped(training, t, dropout)
  const normed = normalise(weights, `${name}.0.fn.0`, x, lnEpsilon)
  const y = add(x, drop(attention.apply(weights, `${name}.0.fn.1`, normed, layer, training)))
  const inner = drop(project(weights, `${name}.1.fn.1`, normalise(weights, `${name}.1.fn.0`, y, lnEpsilon)))
  return add(y, drop(project(weights, `${name}.1.fn.4`, relu(inner))))
}

/** GELU(conv1(GELU(norm(x)))) on [batch, bins, width]; a convolution of kernel 1 is a linear map of each bin. */
function finalPointwise(weights: Weights, x: Tensor, config: TrunkConfig, training: TrainingMode | undefined): Tensor {
  const normed = batchNorm(weights, 'final_pointwise.1.0', x, { epsilon: config.bnEpsilon, axis: 2, training })
  const mixed = project(weights, 'final_pointwise.1.2', gelu(normed, 'sigmoid'))
  return gelu(dropped(training, mixed, config.dropout / 8), 'sigmoid')
}

const relative = (config: EnformerConfig, pieces?: AttentionPieces): TrunkAttention => {
  const own = { ...config, width: trunkWidth(config) }
  const form = pieces === 'whole' ? { ...ENFORMER, rows: Number.POSITIVE_INFINITY } : ENFORMER
  return {
    specs: name => relativeAttentionSpecs(name, own),
    apply: (weights, name, x, _layer, training) => relativeAttention(weights, name, x, own, training, form),
  }
}

export const enformerSpecs = (config: EnformerConfig): readonly WeightSpec[] => trunkSpecs(config, relative(config))

/** Enformer (Avsec et al. 2021) on a one-hot sequence, with its stages. */
export const runEnformer = (
  graph: Graph,
  config: EnformerConfig,
  sequence: Tensor,
  training?: TrainingMode,
  pieces?: AttentionPieces,
): TrunkStages => runTrunk(graph, config, relative(config, pieces), sequence, training)

export const enformerDefinition = {
  kind: 'enformer',
  parseConfig: parse,
  parameters: enformerSpecs,
  /** Input `sequence` [batch, length, 4], one-hot ACGT; one output a head, [batch, targetBins, tracks]. */
  buildForward(graph: Graph, config: EnformerConfig, options: ForwardOptions): ForwardOutputs {
    const sequence = graph.input('sequence', [options.batch, options.length ?? config.length, 4])
    return runEnformer(graph, config, sequence, options.training, options.attention).heads
  },
}
export const enformer = registered(enformerDefinition)
