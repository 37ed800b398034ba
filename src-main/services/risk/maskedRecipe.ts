import type { Schedule } from '../../graph/optimizer/schedule.ts'
import { type RecipeFile, readingRecipe } from '../training/recipe.ts'
import { headOf, scheduleOf } from './recipe.ts'

/** A recipe of task masked-tokens. */
export interface MaskedRecipe {
  readonly id: string
  readonly name: string
  readonly licence: string
  readonly limits: readonly string[]
  readonly created: string | undefined
  readonly corpus: { readonly train: string; readonly valid: string; readonly source: string }
  readonly tokenizer: { readonly file: string } | { readonly vocabulary: number; readonly maxPieceLength: number; readonly sentences: number } // biome-ignore format: one line
  readonly kind: string
  readonly architecture: Readonly<Record<string, unknown>>
  readonly maxTokens: number
  readonly training: { readonly seed: number; readonly batch: number; readonly steps: number; readonly maskShare: number; readonly validateEvery: number; readonly validateRows: number; readonly checkpointEvery: number; readonly schedule: Schedule; readonly weightDecay: number; readonly clipNorm: number } // biome-ignore format: one line
}

/** @throws WorkbenchError `bad-input` that names the field of the recipe and its value */
export function parseMaskedRecipe(file: RecipeFile): MaskedRecipe {
  return readingRecipe(file, fields => {
    for (const known of ['format', 'formatVersion', 'task', 'note']) fields.raw(known)
    const corpus = fields.inner('corpus')
    const tokenizer = fields.inner('tokenizer')
    const model = fields.inner('model')
    const t = fields.inner('training')
    const recipe: MaskedRecipe = {
      ...headOf(fields),
      corpus: { train: file.file(corpus.text('train')), valid: file.file(corpus.text('valid')), source: corpus.text('source', 'not said') }, // biome-ignore format: one line
      tokenizer: tokenizer.has('file') ? { file: file.file(tokenizer.text('file')) } : { vocabulary: tokenizer.count('vocabulary', { least: 80 }), maxPieceLength: tokenizer.count('maxPieceLength', { otherwise: 64 }), sentences: tokenizer.count('sentences', { otherwise: 2000 }) }, // biome-ignore format: one line
      kind: model.choice('kind', ['linformer', 'transformer', 'lrt'], 'linformer'),
      architecture: model.raw('architecture') as Readonly<Record<string, unknown>>,
      maxTokens: model.count('maxTokens', { least: 8 }),
      training: {
        seed: t.count('seed', { least: 0 }),
        batch: t.count('batch'),
        steps: t.count('steps'),
        maskShare: t.number('maskShare', { otherwise: 0.15, least: 0.001, below: 1 }),
        validateEvery: t.count('validateEvery'),
        validateRows: t.count('validateRows', { otherwise: 128 }),
        checkpointEvery: t.count('checkpointEvery'),
        schedule: scheduleOf(t),
        weightDecay: t.number('weightDecay', { otherwise: 0.01, least: 0, below: 1 }),
        clipNorm: t.number('clipNorm', { otherwise: 1, least: 0, below: 1e6 }),
      },
    }
    for (const part of [corpus, tokenizer, model, t, fields]) part.end()
    return recipe
  })
}
