import type { ConfigFields } from '../../models/layers/configFields.ts'
import { type RecipeFile, readingRecipe } from '../training/recipe.ts'

/** What every recipe of the lab says beside its experiment's own fields. */
export interface LabHeader {
  readonly visits: number
  readonly pointLimitSeconds: number
}

/** Reads a recipe of the lab whole: the fields that all share, then the experiment's own; a field that nobody knows is a fault. */
export function readingLabRecipe<T>(recipe: RecipeFile, own: (fields: ConfigFields, header: LabHeader) => T): T {
  return readingRecipe(recipe, fields => {
    for (const field of ['format', 'formatVersion', 'task', 'id', 'name', 'summary', 'experiment']) fields.raw(field)
    const header = {
      visits: fields.count('visits', { otherwise: 1 }),
      pointLimitSeconds: fields.count('pointLimitSeconds', { otherwise: 600 }),
    }
    const read = own(fields, header)
    fields.end()
    return read
  })
}
