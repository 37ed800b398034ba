import { dirname, resolve } from 'node:path'
import { WorkbenchError } from '../../../src-shared/ipc/errors.ts'
import { parseBoundedJson } from '../../models/checkpoints/boundedJson.ts'
import { ConfigFields } from '../../models/layers/configFields.ts'
import { readWholeText } from '../../readers/wholeFile.ts'

export const RECIPE_FORMAT = 'diploscope-recipe'
const LIMITS = { depth: 24, values: 200_000 }
const MAX_CHARACTERS = 4 * 1024 * 1024

/** A recipe file before its task has read it. */
export interface RecipeFile {
  readonly path: string
  /** The whole text, as it goes into the model's provenance. */
  readonly text: string
  readonly task: string
  readonly json: Readonly<Record<string, unknown>>
  /** A path of the recipe: relative to `--data DIR` where that is given, else to the recipe's own folder. */
  file(path: string): string
}

/**
 * Reads a recipe as far as every task agrees: JSON, format, version, task.
 * @throws WorkbenchError `not-found`, `bad-input` (not JSON, not a recipe, a field that cannot be), `unsupported` (a newer version)
 */
export async function readRecipe(path: string, dataFolder?: string): Promise<RecipeFile> {
  const text = await readWholeText(path)
  const bad = (what: string) => new WorkbenchError('bad-input', `'${path}' ${what}`, 'give a recipe; docs/recipes.md says what one holds') // biome-ignore format: one thought
  if (text.length > MAX_CHARACTERS) throw bad(`has ${text.length} characters, too many for a recipe`)
  let json: unknown
  try {
    json = parseBoundedJson(text, LIMITS)
  } catch (error) {
    throw bad(`cannot be read as JSON (${error instanceof Error ? error.message.slice(0, 100) : 'unreadable'})`)
  }
  if (typeof json !== 'object' || json === null || Array.isArray(json)) throw bad('holds no JSON object')
  const record = json as Record<string, unknown>
  if (record['format'] !== RECIPE_FORMAT) throw bad(`is no recipe: format is ${JSON.stringify(record['format'] ?? null).slice(0, 40)}, not "${RECIPE_FORMAT}"`) // biome-ignore format: one thought
  if (record['formatVersion'] !== 1) throw new WorkbenchError('unsupported', `'${path}' has recipe version ${JSON.stringify(record['formatVersion'] ?? null).slice(0, 20)}; this program reads 1`, 'use a newer version of the program') // biome-ignore format: one thought
  const task = record['task']
  if (typeof task !== 'string') throw bad('does not say its task')
  const base = dataFolder ?? dirname(resolve(path))
  return { path, text, task, json: record, file: p => resolve(base, p) }
}

/** Runs a reader of fields; what ConfigFields calls a bad model is a bad recipe here. */
export function readingRecipe<T>(recipe: Pick<RecipeFile, 'json'>, read: (fields: ConfigFields) => T): T {
  try {
    return read(new ConfigFields(recipe.json, 'recipe'))
  } catch (error) {
    if (error instanceof WorkbenchError && error.code === 'bad-model')
      throw new WorkbenchError('bad-input', error.message, 'mend that field of the recipe', error.detail)
    throw error
  }
}
