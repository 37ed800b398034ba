import type { Tensors } from '../../../../src-shared/tensor.ts'
import { flopsOf } from '../../../graph/flops.ts'
import { Graph } from '../../../graph/graph.ts'
import { initialEncoderWeights } from '../../../models/encoderInitialisation.ts'
import { parameterCount } from '../../../models/layers/weights.ts'
import type { ConfiguredModel, ModelRegistry } from '../../../models/registry.ts'
import { type StepGraph, tokenStep } from '../../risk/network.ts'
import type { EffectModel, EffectSet } from './effectRecipe.ts'
import { OCCURRING_IDS } from './tokens.ts'

/** A network of the experiment as it is trained. */
export interface EffectNetwork {
  readonly model: ConfiguredModel
  /** Of the whole network, with the embeddings of ids that never occur. */
  readonly parameters: number
  step(): StepGraph
  /** Weights and moments before the first step. */
  initial(step: StepGraph, seed: number): Tensors
  /** Of matrix products in a forward pass of one example. */
  forwardFlops(): number
}

/**
 * Embeddings of ids that never occur get no gradient, and Adam without decay then leaves them alone: they are counted, and left out of what is
 * trained. The others begin with the same numbers as in the whole table (its rows are drawn in order).
 */
export function effectNetwork(
  registry: ModelRegistry,
  set: EffectSet,
  { kind, architecture }: EffectModel,
): EffectNetwork {
  const whole = registry.configure(kind, architecture)
  const vocabulary = Math.min(Number(architecture['vocabulary']), OCCURRING_IDS)
  const model = registry.configure(kind, { ...architecture, vocabulary })
  const { batch, weightDecay, clipNorm } = set.budget
  return {
    model,
    parameters: parameterCount(whole.parameters),
    step: () => tokenStep(model, 'classes', { batch, length: set.tokens, optimizer: { kind: 'adamw', weightDecay }, clipNorm, group: name => (/^embeddings\.|bias$|norm\d?\.weight$/.test(name) ? { weightDecay: 0 } : {}) }), // biome-ignore format: one thought
    initial: (step, seed) => ({
      ...Object.fromEntries(initialEncoderWeights(model.parameters, seed)),
      ...step.moments,
    }),
    forwardFlops: () => flopsOf(Object.values(model.buildForward(new Graph(), { batch: 1, length: set.tokens }))),
  }
}
