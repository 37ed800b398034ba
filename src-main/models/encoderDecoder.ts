import type { Graph, Tensor } from '../graph/graph.ts'
import { cast, equal, sub } from '../graph/ops.ts'
import { ConfigFields } from './layers/configFields.ts'
import { type DecoderLayerConfig, decoderLayer, decoderLayerSpecs } from './layers/decoderLayer.ts'
import { type EmbeddingConfig, embeddingSpecs, embedTokens } from './layers/embeddings.ts'
import { encoderLayer, encoderLayerSpecs } from './layers/encoderLayer.ts'
import { ACTIVATIONS } from './layers/feedForward.ts'
import { normalise, normSpecs } from './layers/norm.ts'
import { project, projectionSpecs } from './layers/projection.ts'
import { parseRanks, type Ranks, withRanks } from './layers/ranks.ts'
import { type WeightSpec, Weights } from './layers/weights.ts'
import { type ForwardOptions, type ForwardOutputs, registered } from './registry.ts'

/** Encoder and decoder over tokens; with a rank every linear map of both is a LED unit (the low-rank transformer). */
export interface EncoderDecoderConfig extends EmbeddingConfig, DecoderLayerConfig {
  readonly encoderLayers: number
  readonly decoderLayers: number
  /** Tokens that the decoder writes. */
  readonly targetVocabulary: number
  readonly maxTargetTokens: number
  readonly padToken?: number | undefined
  readonly ranks?: Ranks | undefined
}

function parse(json: unknown): EncoderDecoderConfig {
  const fields = new ConfigFields(json)
  const norm = fields.choice('norm', ['post', 'pre'] as const, 'post')
  const config: EncoderDecoderConfig = {
    vocabulary: fields.count('vocabulary'),
    maxTokens: fields.count('maxTokens'),
    targetVocabulary: fields.count('targetVocabulary'),
    maxTargetTokens: fields.count('maxTargetTokens'),
    tokenTypes: 0,
    width: fields.count('width'),
    encoderLayers: fields.count('encoderLayers'),
    decoderLayers: fields.count('decoderLayers'),
    heads: fields.count('heads'),
    feedForward: fields.count('feedForward'),
    norm,
    activation: fields.choice('activation', ACTIVATIONS, 'relu'),
    normEpsilon: fields.number('normEpsilon', { otherwise: 1e-5, least: 0, below: 1 }),
    dropout: fields.number('dropout', { otherwise: 0.1, least: 0, below: 1 }),
    embeddingNorm: fields.flag('embeddingNorm', norm === 'post'),
    rank: fields.optionalCount('rank'),
    padToken: fields.optionalCount('padToken', 0),
    ranks: parseRanks(fields),
  }
  fields.end()
  if (config.width % config.heads !== 0) throw fields.fault('heads', `a divisor of the width ${config.width}`)
  return config
}

const targetEmbedding = (config: EncoderDecoderConfig): EmbeddingConfig => ({
  ...config,
  vocabulary: config.targetVocabulary,
  maxTokens: config.maxTargetTokens,
})

const times = <T>(n: number, make: (i: number) => readonly T[]): readonly T[] =>
  Array.from({ length: n }, (_, i) => make(i)).flat()

const specsOf = (config: EncoderDecoderConfig): readonly WeightSpec[] => withRanks(denseSpecs(config), config.ranks)

const denseSpecs = (config: EncoderDecoderConfig): readonly WeightSpec[] => [
  ...embeddingSpecs('encoder.embeddings', config),
  ...times(config.encoderLayers, i => encoderLayerSpecs(`encoder.layers.${i}`, config)),
  ...(config.norm === 'pre' ? normSpecs('encoder.final_norm', config.width) : []),
  ...embeddingSpecs('decoder.embeddings', targetEmbedding(config)),
  ...times(config.decoderLayers, i => decoderLayerSpecs(`decoder.layers.${i}`, config)),
  ...(config.norm === 'pre' ? normSpecs('decoder.final_norm', config.width) : []),
  ...projectionSpecs('output', config.width, config.targetVocabulary),
]

export const encoderDecoderDefinition = {
  kind: 'encoder-decoder',
  parseConfig: parse,
  parameters: specsOf,
  /**
   * Inputs `ids` int32 [batch, length] (default maxTokens) and `targetIds` int32 [batch, maxTargetTokens]. Output `logits`
   * [batch, maxTargetTokens, targetVocabulary]: position i foretells the token after targetIds[0..i].
   */
  buildForward(graph: Graph, config: EncoderDecoderConfig, options: ForwardOptions): ForwardOutputs {
    const weights = new Weights(graph, specsOf(config))
    const { training } = options
    const ids = graph.input('ids', [options.batch, options.length ?? config.maxTokens], 'int32')
    const targets = graph.input('targetIds', [options.batch, config.maxTargetTokens], 'int32')
    const realOf = (tokens: Tensor) =>
      config.padToken === undefined
        ? undefined
        : sub(1, cast(equal(tokens, graph.constant(config.padToken, [], 'int32')), graph.float))
    const [real, realTargets] = [realOf(ids), realOf(targets)]
    const ended = (name: string, x: Tensor) =>
      config.norm === 'pre' ? normalise(weights, `${name}.final_norm`, x, config.normEpsilon) : x
    let memory = embedTokens(weights, 'encoder.embeddings', ids, config)
    for (let i = 0; i < config.encoderLayers; i++)
      memory = encoderLayer(weights, `encoder.layers.${i}`, memory, config, { real, training })
    memory = ended('encoder', memory)
    let x = embedTokens(weights, 'decoder.embeddings', targets, targetEmbedding(config))
    for (let i = 0; i < config.decoderLayers; i++)
      x = decoderLayer(weights, `decoder.layers.${i}`, x, memory, config, {
        real: realTargets,
        realMemory: real,
        training,
      })
    return { logits: project(weights, 'output', ended('decoder', x)) }
  },
}
export const encoderDecoder = registered(encoderDecoderDefinition)
