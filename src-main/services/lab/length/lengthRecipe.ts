import { WorkbenchError } from '../../../../src-shared/ipc/errors.ts'
import type { Workload } from '../../../compute/engine.ts'
import type { ConfigFields } from '../../../models/layers/configFields.ts'
import type { AttentionPieces } from '../../../models/registry.ts'
import type { RecipeFile } from '../../training/recipe.ts'
import { type LabHeader, readingLabRecipe } from '../labRecipe.ts'
import type { Repetitions } from '../timedRuns.ts'

/**
 * - inference: a window, as `predict` computes it
 * - training: a step with the gradients of all weights
 * - training-attention: with those of the attention's variables alone, as the published measurement took them
 */
export const LENGTH_JOBS = ['inference', 'training', 'training-attention'] as const
export type LengthJob = (typeof LENGTH_JOBS)[number]

export const LENGTH_MODELS = ['enformer', 's-enformer'] as const
export type LengthModel = (typeof LENGTH_MODELS)[number]

/** Points that differ in model, length and layers alone. */
export interface LengthPart extends Repetitions {
  readonly job: LengthJob
  /** `whole` also means without tiles: all of the network at once, as the published code runs it. */
  readonly attention: AttentionPieces
  /** Channels of the transformer; the published network has 1,536 and the others go with it. */
  readonly width: number
  readonly tracks: number
  /** Of a training (compute/engine.ts): `fixed`, as this program trains, keeps freed memory for the next step; `varied` gives it back. */
  readonly workload: Workload
  readonly models: readonly LengthModel[]
  readonly layers: readonly number[]
  readonly lengthsBp: readonly number[]
}

export interface LengthRecipe extends LabHeader {
  readonly parts: readonly LengthPart[]
}

/** Tokens of 128 bp in blocks of 64, three of them at least. */
const BLOCK_BP = 128 * 64
const LEAST_BLOCKS = 3
/** Eight heads, six features of position to a head's value. */
const WIDTH_STEP = 48

/** Reads a recipe of the experiment `length`. @throws WorkbenchError `bad-input` that names the field */
export const parseLengthRecipe = (recipe: RecipeFile): LengthRecipe =>
  readingLabRecipe(recipe, (fields, header) => ({ ...header, parts: fields.list('parts').map(partOf) }))

function partOf(fields: ConfigFields): LengthPart {
  const part: LengthPart = {
    job: fields.choice('job', LENGTH_JOBS),
    attention: fields.choice('attention', ['chunked', 'whole'] as const, 'chunked'),
    width: fields.count('width', { otherwise: 1536 }),
    tracks: fields.count('tracks', { otherwise: 5313 }),
    workload: fields.choice('workload', ['fixed', 'varied'] as const, 'fixed'),
    models: fields.texts('models', LENGTH_MODELS).map(name => {
      const model = LENGTH_MODELS.find(known => known === name)
      if (!model) throw fields.fault('models', `a list of ${LENGTH_MODELS.join(' and ')}`)
      return model
    }),
    layers: fields.counts('layers'),
    lengthsBp: fields.counts('lengthsBp'),
    warmUp: fields.count('warmUp', { least: 0, otherwise: 1 }),
    repeats: fields.count('repeats', { otherwise: 5 }),
    seconds: fields.count('seconds', { otherwise: 600 }),
  }
  fields.end()
  if (part.width % WIDTH_STEP !== 0) throw fields.fault('width', `a multiple of ${WIDTH_STEP}`)
  const wrong = part.lengthsBp.find(bp => bp % BLOCK_BP !== 0 || bp < LEAST_BLOCKS * BLOCK_BP)
  if (wrong !== undefined)
    throw new WorkbenchError(
      'bad-input',
      `recipe.parts.lengthsBp holds ${wrong}, which is not ${LEAST_BLOCKS} or more blocks of ${BLOCK_BP} bp`,
      `give multiples of ${BLOCK_BP}`,
    )
  return part
}
