import type { Graph, Tensor } from '../graph/graph.ts'
import { cast, equal, sub } from '../graph/ops.ts'
import { type PatternShape, patternSpec, storedPatterns } from './layers/blockPattern.ts'
import { ConfigFields } from './layers/configFields.ts'
import { type EmbeddingConfig, embeddingSpecs, embedTokens } from './layers/embeddings.ts'
import { type EncoderLayerConfig, encoderLayer, encoderLayerSpecs } from './layers/encoderLayer.ts'
import { ACTIVATIONS } from './layers/feedForward.ts'
import {
  type ClassHead,
  classHeadSpecs,
  classLogits,
  TOKEN_HEADS,
  type TokenHead,
  tokenHeadSpecs,
  tokenLogits,
} from './layers/heads.ts'
import { sharedLinformerSpecs } from './layers/linformer.ts'
import { normalise, normSpecs } from './layers/norm.ts'
import { parseRanks, type Ranks, withRanks } from './layers/ranks.ts'
import { dropped } from './layers/training.ts'
import { type WeightSpec, Weights } from './layers/weights.ts'
import type { ForwardOptions, ForwardOutputs } from './registry.ts'

/** An encoder over tokens with its heads: what `transformer`, `lrt` and `linformer` have in common. */
export interface TokenEncoderConfig extends EmbeddingConfig, EncoderLayerConfig, ClassHead {
  readonly layers: number
  /** Id of padding; such tokens are hidden from attention. Absent: no token is padding. */
  readonly padToken?: number | undefined
  /** A norm after the last layer, as pre-norm encoders need it. */
  readonly finalNorm: boolean
  readonly tokenHead: TokenHead
  /** With block-sparse attention: random key blocks of each query block. Sequences have maxTokens then. */
  readonly randomBlocks?: number | undefined
  readonly ranks?: Ranks | undefined
}

/** Reads the fields that all three kinds share, then those of the kind. */
function parse(
  json: unknown,
  own: (fields: ConfigFields, maxTokens: number) => Partial<TokenEncoderConfig>,
): TokenEncoderConfig {
  const fields = new ConfigFields(json)
  const norm = fields.choice('norm', ['post', 'pre'] as const, 'post')
  const maxTokens = fields.count('maxTokens')
  const config: TokenEncoderConfig = {
    vocabulary: fields.count('vocabulary'),
    maxTokens,
    tokenTypes: fields.count('tokenTypes', { least: 0, otherwise: 0 }),
    width: fields.count('width'),
    layers: fields.count('layers'),
    heads: fields.count('heads'),
    feedForward: fields.count('feedForward'),
    norm,
    activation: fields.choice('activation', ACTIVATIONS, 'gelu'),
    normEpsilon: fields.number('normEpsilon', { otherwise: 1e-5, least: 0, below: 1 }),
    dropout: fields.number('dropout', { otherwise: 0.1, least: 0, below: 1 }),
    embeddingNorm: fields.flag('embeddingNorm', norm === 'post'),
    finalNorm: fields.flag('finalNorm', norm === 'pre'),
    padToken: fields.optionalCount('padToken', 0),
    tokenHead: fields.choice('tokenHead', TOKEN_HEADS, 'none'),
    classes: fields.count('classes', { least: 0, otherwise: 0 }),
    pooler: fields.flag('pooler', false),
    ranks: parseRanks(fields),
    ...own(fields, maxTokens),
  }
  fields.end()
  if (config.width % config.heads !== 0) throw fields.fault('heads', `a divisor of the width ${config.width}`)
  if (config.pooler && config.classes === 0) throw fields.fault('pooler', 'false when there are no classes')
  if (config.padToken !== undefined && config.padToken >= config.vocabulary)
    throw fields.fault('padToken', `an id below the vocabulary of ${config.vocabulary}`)
  return config
}

/** Every weight in the order of the file. */
export const tokenEncoderSpecs = (config: TokenEncoderConfig): readonly WeightSpec[] =>
  withRanks(denseSpecs(config), config.ranks)

const denseSpecs = (config: TokenEncoderConfig): readonly WeightSpec[] => [
  ...embeddingSpecs('embeddings', config),
  ...(config.linformer ? sharedLinformerSpecs(config.linformer) : []),
  ...Array.from({ length: config.layers }, (_, i) => encoderLayerSpecs(`layers.${i}`, config)).flat(),
  ...(config.finalNorm ? normSpecs('final_norm', config.width) : []),
  ...tokenHeadSpecs(config.tokenHead, config.vocabulary, config.width),
  ...classHeadSpecs(config, config.width),
  ...(config.block === undefined ? [] : [patternSpec(patternShapeOf(config))]),
]

/** Sizes of the stored pattern of a block-sparse encoder. */
export const patternShapeOf = (config: TokenEncoderConfig): PatternShape => ({
  layers: config.layers,
  heads: config.heads,
  blocks: config.maxTokens / config.block!,
  randomBlocks: config.randomBlocks!,
})

/** What each stage of an encoder gives, [batch, length, width] each. */
export interface EncoderStages {
  readonly embeddings: Tensor
  /** After each layer. */
  readonly layers: readonly Tensor[]
  /** After the last norm, when there is one; else the last layer. */
  readonly hidden: Tensor
  readonly outputs: ForwardOutputs
}

/** The encoder on ids [batch, length] (int32), with everything that lies between. */
export function encodeTokens(
  graph: Graph,
  config: TokenEncoderConfig,
  ids: Tensor,
  options: Pick<ForwardOptions, 'training' | 'structure'> & { readonly types?: Tensor } = {},
): EncoderStages {
  const weights = new Weights(graph, tokenEncoderSpecs(config))
  const { training } = options
  const real =
    config.padToken === undefined
      ? undefined
      : sub(1, cast(equal(ids, graph.constant(config.padToken, [], ids.dtype)), graph.float))
  const embeddings = embedTokens(weights, 'embeddings', ids, config, options.types)
  const patterns = config.block === undefined ? [] : storedPatterns(options.structure, patternShapeOf(config))
  const layers: Tensor[] = []
  let x = dropped(training, embeddings, config.dropout)
  for (let i = 0; i < config.layers; i++) {
    x = encoderLayer(weights, `layers.${i}`, x, config, { real, training, random: patterns[i] })
    layers.push(x)
  }
  const hidden = config.finalNorm ? normalise(weights, 'final_norm', x, config.normEpsilon) : x
  const { tokenHead } = config
  const outputs: Record<string, Tensor> = {}
  if (tokenHead !== 'none') outputs['logits'] = tokenLogits(weights, tokenHead, hidden)
  if (config.classes > 0)
    outputs['classLogits'] = classLogits(weights, config, dropped(training, hidden, config.dropout))
  if (Object.keys(outputs).length === 0) outputs['hidden'] = hidden
  return { embeddings, layers, hidden, outputs }
}

/** A kind of token encoder: its name, and how it reads the fields that it alone has. */
export const tokenEncoderKind = (
  name: string,
  own: (fields: ConfigFields, maxTokens: number) => Partial<TokenEncoderConfig>,
) => ({
  kind: name,
  parseConfig: (json: unknown) => parse(json, own),
  parameters: tokenEncoderSpecs,
  /**
   * Input `ids` int32 [batch, length], length at most (and by default) maxTokens. Outputs: `logits` [batch, length,
   * vocabulary] and `classLogits` [batch, classes], as the heads are; `hidden` [batch, length, width] without any.
   */
  buildForward(graph: Graph, config: TokenEncoderConfig, options: ForwardOptions): ForwardOutputs {
    const ids = graph.input('ids', [options.batch, options.length ?? config.maxTokens], 'int32')
    return encodeTokens(graph, config, ids, options).outputs
  },
})
