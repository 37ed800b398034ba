import { WorkbenchError } from '../../../src-shared/ipc/errors.ts'
import type { ConfigFields } from '../../models/layers/configFields.ts'
import { type RecipeFile, readingRecipe } from '../training/recipe.ts'
import { dataOf, SPLITS, type Split, type TrackDataRecipe } from '../training/tracks/trackRecipe.ts'

/** A value that somebody published for the same protocol, shown beside ours. */
export interface Published {
  readonly what: string
  readonly value: number
  readonly source: string
}

export interface EvaluationRecipe {
  readonly name: string
  readonly data: TrackDataRecipe
  readonly split: Split
  readonly published: readonly Published[]
}

/**
 * The recipe of an evaluation: `task: "evaluate"` with `id`, `name`, `data`, `split` and `published`; or a recipe of a training, whose
 * test regions are judged.
 */
export function parseEvaluationRecipe(file: RecipeFile): EvaluationRecipe {
  if (file.task !== 'evaluate' && file.task !== 'tracks') throw new WorkbenchError('bad-input', `recipe.task is '${file.task.slice(0, 40)}', which names no tracks to evaluate on`, 'give a recipe of tracks or evaluate') // biome-ignore format: one thought
  return readingRecipe(file, fields => {
    const name = fields.text('name')
    const data = dataOf(fields.inner('data'), file)
    if (file.task === 'tracks') return { name, data, split: 'test', published: [] }
    for (const known of ['format', 'formatVersion', 'task']) fields.raw(known)
    fields.text('id')
    const recipe: EvaluationRecipe = {
      name,
      data,
      split: fields.choice('split', SPLITS, 'test'),
      published: fields.list('published', { mayBeEmpty: true }).map(publishedOf),
    }
    fields.end()
    return recipe
  })
}

function publishedOf(fields: ConfigFields): Published {
  const published = {
    what: fields.text('what'),
    value: fields.number('value', { least: -1, below: 1.0000001 }),
    source: fields.text('source'),
  }
  fields.end()
  return published
}
