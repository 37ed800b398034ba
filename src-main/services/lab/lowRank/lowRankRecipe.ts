import type { RecipeFile } from '../../training/recipe.ts'
import { type LabHeader, readingLabRecipe } from '../labRecipe.ts'
import type { Repetitions } from '../timedRuns.ts'
import type { EncoderSizes } from './lowRankNetworks.ts'

/** `training` is forward and backward, without an update. */
export const LOW_RANK_JOBS = ['training', 'inference'] as const
export type LowRankJob = (typeof LOW_RANK_JOBS)[number]

export interface LowRankRecipe extends LabHeader, Repetitions {
  readonly sizes: EncoderSizes
  readonly lengths: readonly number[]
  readonly ranks: readonly number[]
  /** What the standard transformer may need at most in a training step: it chooses the batch of all models at that length. */
  readonly memoryBytes: number
  /** Tokens of a batch at most, where memory would allow more than there is time for. */
  readonly mostTokens: number
}

/** Reads a recipe of the experiment `low-rank`. @throws WorkbenchError `bad-input` that names the field */
export const parseLowRankRecipe = (recipe: RecipeFile): LowRankRecipe =>
  readingLabRecipe(recipe, (fields, header) => {
    const sizes = {
      layers: fields.count('layers', { otherwise: 2 }),
      width: fields.count('width', { otherwise: 768 }),
      heads: fields.count('heads', { otherwise: 12 }),
      feedForward: fields.count('feedForward', { otherwise: 3072 }),
    }
    if (sizes.width % sizes.heads !== 0) throw fields.fault('heads', `a divisor of the width ${sizes.width}`)
    return {
      ...header,
      sizes,
      lengths: fields.counts('lengths'),
      ranks: fields.counts('ranks'),
      memoryBytes: fields.count('memoryBytes'),
      mostTokens: fields.count('mostTokens', { otherwise: Number.MAX_SAFE_INTEGER }),
      warmUp: fields.count('warmUp', { least: 0, otherwise: 5 }),
      repeats: fields.count('repeats', { otherwise: 30 }),
      seconds: fields.count('seconds', { otherwise: 600 }),
    }
  })
