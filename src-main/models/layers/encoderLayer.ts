import type { Tensor } from '../../graph/graph.ts'
import { add } from '../../graph/ops.ts'
import { attention, attentionSpecs } from './attention.ts'
import { paddingBias } from './attentionBias.ts'
import type { RandomBlocks } from './blockPattern.ts'
import { blockSparseAttention } from './blockSparse.ts'
import { type Activation, feedForward, feedForwardSpecs } from './feedForward.ts'
import { type LinformerConfig, linformerAttention, linformerSpecs } from './linformer.ts'
import { normalise, normSpecs } from './norm.ts'
import { dropped, type TrainingMode } from './training.ts'
import type { WeightSpec, Weights } from './weights.ts'

export interface EncoderLayerConfig {
  readonly width: number
  readonly heads: number
  /** Width between the two maps of the feed-forward part. */
  readonly feedForward: number
  /** post: norm(x + f(x)), as Vaswani et al. 2017 and BERT; pre: x + f(norm(x)). */
  readonly norm: 'post' | 'pre'
  readonly activation: Activation
  readonly normEpsilon: number
  readonly dropout: number
  /** LED units of this rank in place of every linear map: the low-rank transformer. */
  readonly rank?: number | undefined
  /** Linformer attention in place of the full one. */
  readonly linformer?: LinformerConfig | undefined
  /** Block-sparse attention with this many tokens in a block; its pattern comes with the call. */
  readonly block?: number | undefined
}

export interface LayerCall {
  /** [batch, length]: 1 for tokens, 0 for padding. Absent: no padding. */
  readonly real?: Tensor | undefined
  readonly training?: TrainingMode | undefined
  /** Random key blocks, for block-sparse attention. */
  readonly random?: RandomBlocks | undefined
}

export function encoderLayerSpecs(name: string, config: EncoderLayerConfig): readonly WeightSpec[] {
  const { width, rank, linformer } = config
  return [
    ...(linformer
      ? linformerSpecs(`${name}.attention`, width, linformer)
      : attentionSpecs(`${name}.attention`, width, rank)),
    ...normSpecs(`${name}.norm1`, width),
    ...feedForwardSpecs(`${name}.ff`, width, config.feedForward, rank),
    ...normSpecs(`${name}.norm2`, width),
  ]
}

/** x + f(x) with its norm before or after: the frame of every part of a layer. */
export function residual(
  weights: Weights,
  norm: string,
  x: Tensor,
  config: Pick<EncoderLayerConfig, 'norm' | 'normEpsilon' | 'dropout'>,
  training: TrainingMode | undefined,
  part: (x: Tensor) => Tensor,
): Tensor {
  const normed = (y: Tensor) => normalise(weights, norm, y, config.normEpsilon)
  if (config.norm === 'pre') return add(x, dropped(training, part(normed(x)), config.dropout))
  return normed(add(x, dropped(training, part(x), config.dropout)))
}

/** One encoder layer: self-attention, then feed-forward. [batch, length, width] -> the same. */
export function encoderLayer(
  weights: Weights,
  name: string,
  x: Tensor,
  config: EncoderLayerConfig,
  call: LayerCall = {},
): Tensor {
  const { heads, linformer, dropout, activation } = config
  const { real, training } = call
  const chance = { training, dropout }
  const attended = (y: Tensor) => {
    const part = `${name}.attention`
    if (linformer) return linformerAttention(weights, part, y, { ...linformer, heads, real, chance })
    if (config.block !== undefined && call.random)
      return blockSparseAttention(weights, part, y, { heads, block: config.block, random: call.random, real, chance })
    return attention(weights, part, y, { heads, bias: real && paddingBias(real), chance })
  }
  const mixed = residual(weights, `${name}.norm1`, x, config, training, y => attended(y))
  return residual(weights, `${name}.norm2`, mixed, config, training, y =>
    feedForward(weights, `${name}.ff`, y, { activation, dropout: 0, training }),
  )
}
