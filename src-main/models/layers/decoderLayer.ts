import type { Tensor } from '../../graph/graph.ts'
import { attention, attentionSpecs } from './attention.ts'
import { causalBias, joined, paddingBias } from './attentionBias.ts'
import { type EncoderLayerConfig, type LayerCall, residual } from './encoderLayer.ts'
import { feedForward, feedForwardSpecs } from './feedForward.ts'
import { normSpecs } from './norm.ts'
import type { WeightSpec, Weights } from './weights.ts'

export type DecoderLayerConfig = Omit<EncoderLayerConfig, 'linformer'>

export function decoderLayerSpecs(name: string, config: DecoderLayerConfig): readonly WeightSpec[] {
  const { width, rank } = config
  return [
    ...attentionSpecs(`${name}.attention`, width, rank),
    ...normSpecs(`${name}.norm1`, width),
    ...attentionSpecs(`${name}.cross`, width, rank),
    ...normSpecs(`${name}.norm2`, width),
    ...feedForwardSpecs(`${name}.ff`, width, config.feedForward, rank),
    ...normSpecs(`${name}.norm3`, width),
  ]
}

/**
 * One decoder layer: attention to what came before, attention to the encoder's output `memory` [batch, keys, width], then
 * feed-forward. Position i never sees positions after i. [batch, length, width] -> the same.
 */
export function decoderLayer(
  weights: Weights,
  name: string,
  x: Tensor,
  memory: Tensor,
  config: DecoderLayerConfig,
  call: LayerCall & { readonly realMemory?: Tensor | undefined } = {},
): Tensor {
  const { heads, dropout, activation } = config
  const { real, realMemory, training } = call
  const chance = { training, dropout }
  const past = joined(causalBias(x.graph, x.shape[1]!), real && paddingBias(real))
  const own = residual(weights, `${name}.norm1`, x, config, training, y =>
    attention(weights, `${name}.attention`, y, { heads, bias: past, chance }),
  )
  const crossBias = realMemory && paddingBias(realMemory)
  const crossed = residual(weights, `${name}.norm2`, own, config, training, y =>
    attention(weights, `${name}.cross`, y, { heads, memory, bias: crossBias, chance }),
  )
  return residual(weights, `${name}.norm3`, crossed, config, training, y =>
    feedForward(weights, `${name}.ff`, y, { activation, dropout: 0, training }),
  )
}
