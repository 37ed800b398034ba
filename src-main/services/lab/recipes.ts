import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { throwIfCancelled, WorkbenchError } from '../../../src-shared/ipc/errors.ts'
import type { LabRecipe } from '../../../src-shared/ipc/labMethods.ts'
import type { WorkContext } from '../../../src-shared/job.ts'
import { EXPERIMENTS, type ExperimentName } from '../../../src-shared/lab/result.ts'
import { type RecipeFile, readRecipe } from '../training/recipe.ts'
import type { RecipeEstimates } from './estimates.ts'
import type { Experiment, ExperimentTable } from './experiment.ts'
import { isPlain } from './plainText.ts'

/** A recipe of the lab, as far as all experiments agree. */
export interface LabRecipeFile extends RecipeFile {
  readonly id: string
  readonly name: string
  readonly summary: string
  readonly experiment: ExperimentName
  readonly sha256: string
  /** Where its paths are looked for besides its own folder. */
  readonly dataFolder: string | null
}

const MAX_TEXT = 1000

/**
 * Reads a recipe whose task is `lab`. Its paths are looked for in its own folder, then in each of `dataFolders`.
 * @throws WorkbenchError as `readRecipe` does, and `bad-input` for another task or an experiment that nobody knows
 */
export async function readLabRecipe(
  path: string,
  dataFolders: readonly string[],
  dataFolder: string | null = null,
): Promise<LabRecipeFile> {
  // biome-ignore format: one line
  const file = await readRecipe(path)
  const bad = (what: string, remedy: string) => new WorkbenchError('bad-input', `'${path}': ${what}`, remedy)
  if (file.task !== 'lab') throw bad(`recipe.task is '${file.task.slice(0, 40)}', not 'lab'`, 'use `diploscope train` or `evaluate` for it') // biome-ignore format: one thought
  const text = (field: string) => {
    const value = file.json[field]
    if (typeof value !== 'string' || value === '' || value.length > MAX_TEXT || !isPlain(value)) throw bad(`recipe.${field} is ${JSON.stringify(value ?? null).slice(0, 60)}, not a line of text`, 'mend that field of the recipe') // biome-ignore format: one thought
    return value
  }
  const id = text('id')
  if (!/^[A-Za-z0-9_-]{1,128}$/.test(id)) throw bad(`recipe.id is '${id.slice(0, 60)}', not letters, digits, - and _`, 'mend that field of the recipe') // biome-ignore format: one thought
  const asked = text('experiment')
  const experiment = EXPERIMENTS.find(e => e === asked)
  if (!experiment) throw bad(`recipe.experiment is '${asked.slice(0, 40)}', not one of ${EXPERIMENTS.join(', ')}`, 'mend that field of the recipe') // biome-ignore format: one thought
  const folders = dataFolder === null ? dataFolders : [dataFolder, ...dataFolders]
  return {
    ...file,
    id,
    name: text('name'),
    summary: text('summary'),
    experiment,
    sha256: createHash('sha256').update(file.text).digest('hex'),
    dataFolder,
    file(relative) {
      const beside = file.file(relative)
      return [beside, ...folders.map(f => resolve(f, relative))].find(p => existsSync(p)) ?? beside
    },
  }
}

/** @throws WorkbenchError `unsupported` for an experiment that this program cannot run, and what its reader throws */
export async function readExperiment(recipe: LabRecipeFile, readers: Partial<ExperimentTable>): Promise<Experiment> {
  const load = readers[recipe.experiment]
  if (!load) throw new WorkbenchError('unsupported', `this program cannot run the experiment '${recipe.experiment}'`, 'use a newer version of the program') // biome-ignore format: one thought
  return (await load())(recipe)
}

export interface ShippedLabRecipes {
  /** By name of their files. A recipe that cannot run here says why. With `wait` every duration is planned that can be. */
  list(signal?: AbortSignal, experiment?: ExperimentName, wait?: WorkContext): Promise<readonly LabRecipe[]>
  /** @throws WorkbenchError `not-found` */
  file(id: string, dataFolder?: string): Promise<LabRecipeFile>
}

export function createShippedLabRecipes(options: {
  readonly folder: string | undefined
  readonly dataFolders: readonly string[]
  readonly estimates: RecipeEstimates
}): ShippedLabRecipes {
  const { folder, dataFolders, estimates } = options

  const all = async (dataFolder?: string): Promise<LabRecipeFile[]> => {
    if (folder === undefined) return []
    const names = (await readdir(folder).catch(() => [])).filter(n => /^lab-.*\.json$/.test(n)).sort()
    return Promise.all(names.map(n => readLabRecipe(join(folder, n), dataFolders, dataFolder ?? null)))
  }

  return {
    async list(signal = new AbortController().signal, only = undefined, wait = undefined) {
      const recipes = (await all()).filter(r => only === undefined || r.experiment === only)
      await estimates.ask(recipes, wait)
      throwIfCancelled(signal)
      return recipes.map(({ id, experiment, name, summary, sha256 }) => {
        const read = estimates.read(sha256)
        const line = { id, experiment, name, summary }
        return 'points' in read
          ? { ...line, points: read.points, estimatedSeconds: estimates.of(sha256), plannedPoints: estimates.plannedOf(sha256), unavailable: null } // biome-ignore format: one line
          : {
              ...line,
              points: 0,
              estimatedSeconds: null,
              plannedPoints: null,
              unavailable: `${read.message} - ${read.remedy}`,
            }
      })
    },
    async file(id, dataFolder) {
      const found = (await all(dataFolder)).find(r => r.id === id)
      if (!found) throw new WorkbenchError('not-found', `there is no recipe '${id.slice(0, 60)}' of the lab`, 'choose one of the list, or give the path of a file') // biome-ignore format: one thought
      return found
    },
  }
}
