import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import type { ModelJson } from '../../../models/folder/modelJson.ts'
import { parseEvaluationRecipe } from '../../evaluate/evaluateRecipe.ts'
import { type RecipeFile, readRecipe } from '../../training/recipe.ts'

/**
 * The program's own recipe that judges a model against experiments: `<id>-here.json` or `<id>.json` of its recipes, when its files are here.
 * Paths are looked for beside the recipe, then in each of `dataFolders`. Undefined where there is none.
 */
export async function evaluationRecipeOf(
  json: ModelJson,
  recipesDir: string | undefined,
  dataFolders: readonly string[],
): Promise<RecipeFile | undefined> {
  if (recipesDir === undefined || json.input.type !== 'dna' || !/^[\w.-]+$/.test(json.id)) return undefined
  for (const name of [`${json.id}-here.json`, `${json.id}.json`]) {
    const path = join(recipesDir, name)
    if (!existsSync(path)) continue
    const file = withData(await readRecipe(path), dataFolders)
    if (file.task !== 'evaluate' && file.task !== 'tracks') continue
    const { data } = parseEvaluationRecipe(file)
    if ([data.reference, ...data.tracks.map(t => t.file)].every(p => existsSync(p))) return file
  }
  return undefined
}

/** The same recipe with paths that may lie in one of some folders. */
export const withData = (file: RecipeFile, dataFolders: readonly string[]): RecipeFile => ({
  ...file,
  file(relative) {
    const beside = file.file(relative)
    return [beside, ...dataFolders.map(f => resolve(f, relative))].find(p => existsSync(p)) ?? beside
  },
})
