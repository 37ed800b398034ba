import { WorkbenchError } from '../../../src-shared/ipc/errors.ts'
import type { Tensor } from '../../graph/graph.ts'
import { add, embedding, slice } from '../../graph/ops.ts'
import { normalise, normSpecs } from './norm.ts'
import { type WeightSpec, type Weights, weight } from './weights.ts'

export interface EmbeddingConfig {
  readonly vocabulary: number
  /** Learned positions: the longest sequence. */
  readonly maxTokens: number
  readonly width: number
  /** Kinds of segment; 0: none. */
  readonly tokenTypes: number
  /** A norm after the sum, as post-norm encoders have it. */
  readonly embeddingNorm: boolean
  readonly normEpsilon: number
}

export const embeddingSpecs = (name: string, config: EmbeddingConfig): readonly WeightSpec[] => [
  weight(`${name}.token.weight`, config.vocabulary, config.width),
  weight(`${name}.position.weight`, config.maxTokens, config.width),
  ...(config.tokenTypes > 0 ? [weight(`${name}.type.weight`, config.tokenTypes, config.width)] : []),
  ...(config.embeddingNorm ? normSpecs(`${name}.norm`, config.width) : []),
]

/**
 * token + position (+ type), normalised when the model does: ids [batch, length] -> [batch, length, width]. Without type
 * ids every token is of type 0.
 * @throws WorkbenchError `bad-input` for a sequence longer than the table of positions
 */
export function embedTokens(
  weights: Weights,
  name: string,
  ids: Tensor,
  config: EmbeddingConfig,
  types?: Tensor,
): Tensor {
  const length = ids.shape[1]!
  if (length > config.maxTokens)
    throw new WorkbenchError(
      'bad-input',
      `a sequence of ${length} tokens, the model knows ${config.maxTokens} positions`,
      'give a shorter sequence, or a model trained for longer ones',
    )
  const position = slice(weights.get(`${name}.position.weight`), 0, 0, length)
  let sum = add(embedding(weights.get(`${name}.token.weight`), ids), position)
  if (config.tokenTypes > 0) {
    const table = weights.get(`${name}.type.weight`)
    sum = add(sum, types ? embedding(table, types) : slice(table, 0, 0, 1))
  }
  return config.embeddingNorm ? normalise(weights, `${name}.norm`, sum, config.normEpsilon) : sum
}
