import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { asWorkbenchError, throwIfCancelled, WorkbenchError } from '../../../src-shared/ipc/errors.ts'
import type { LabRecipe } from '../../../src-shared/ipc/labMethods.ts'
import { EXPERIMENTS, type ExperimentName } from '../../../src-shared/lab/result.ts'
import { type RecipeFile, readRecipe } from '../training/recipe.ts'
import type { Experiment, ExperimentTable } from './experiment.ts'
import { predictPoint, type RunDeps } from './run.ts'

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
    if (typeof value !== 'string' || value === '' || value.length > MAX_TEXT) throw bad(`recipe.${field} is ${JSON.stringify(value ?? null).slice(0, 60)}, not text`, 'mend that field of the recipe') // biome-ignore format: one thought
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

/** Estimating a long recipe builds many networks: a list does not wait for longer than this. */
const ESTIMATE_MS = 2000

export interface ShippedLabRecipes {
  /** By name of their files. A recipe that cannot run here says why. */
  list(signal?: AbortSignal, experiment?: ExperimentName): Promise<readonly LabRecipe[]>
  /** @throws WorkbenchError `not-found` */
  file(id: string, dataFolder?: string): Promise<LabRecipeFile>
  /** Seconds that the recipe took here, which tells more than a plan. */
  took(sha256: string, seconds: number): void
}

export function createShippedLabRecipes(options: {
  readonly folder: string | undefined
  readonly dataFolders: readonly string[]
  readonly readers: Partial<ExperimentTable>
  readonly deps: Pick<RunDeps, 'predict' | 'fault' | 'now'>
}): ShippedLabRecipes {
  const { folder, dataFolders, readers, deps } = options
  /** By the recipe's sum; a plan that was cut off goes on with the next list. */
  const seconds = new Map<string, number | null>()
  const plans = new Map<string, (number | null)[]>()
  /** Those that can run here: reading one may plan networks. */
  const experiments = new Map<string, Experiment>()

  const all = async (dataFolder?: string): Promise<LabRecipeFile[]> => {
    if (folder === undefined) return []
    const names = (await readdir(folder).catch(() => [])).filter(n => /^lab-.*\.json$/.test(n)).sort()
    return Promise.all(names.map(n => readLabRecipe(join(folder, n), dataFolders, dataFolder ?? null)))
  }

  const estimate = async (recipe: LabRecipeFile, experiment: Experiment, signal: AbortSignal, until: number) => {
    const known = seconds.get(recipe.sha256)
    if (known !== undefined) return known
    const plan = plans.get(recipe.sha256) ?? []
    plans.set(recipe.sha256, plan)
    for (const point of experiment.points.slice(plan.length)) {
      throwIfCancelled(signal)
      if (point.estimateSeconds === undefined && deps.now() > until) return null
      plan.push(point.estimateSeconds ?? (await predictPoint(point, deps, signal))?.totalSeconds ?? null)
      // Building a large graph takes its time: calls of the window come first.
      if (point.estimateSeconds === undefined) await new Promise(next => setImmediate(next))
    }
    const unknown = plan.includes(null)
    const total = unknown ? null : plan.reduce<number>((sum, s) => sum + Math.min(s ?? 0, experiment.pointLimitSeconds), 0) * experiment.visits // biome-ignore format: one thought
    seconds.set(recipe.sha256, total)
    return total
  }

  return {
    async list(signal = new AbortController().signal, only = undefined) {
      const until = deps.now() + ESTIMATE_MS
      const lines: LabRecipe[] = []
      for (const recipe of await all()) {
        throwIfCancelled(signal)
        if (only !== undefined && recipe.experiment !== only) continue
        const { id, experiment, name, summary } = recipe
        try {
          const read = experiments.get(recipe.sha256) ?? (await readExperiment(recipe, readers))
          experiments.set(recipe.sha256, read)
          const estimatedSeconds = await estimate(recipe, read, signal, until)
          lines.push({ id, experiment, name, summary, points: read.points.length, estimatedSeconds, unavailable: null })
        } catch (error) {
          const e = asWorkbenchError(error)
          if (e.code === 'cancelled') throw e
          lines.push({ id, experiment, name, summary, points: 0, estimatedSeconds: null, unavailable: `${e.message} - ${e.remedy}` }) // biome-ignore format: one thought
        }
      }
      return lines
    },
    async file(id, dataFolder) {
      const found = (await all(dataFolder)).find(r => r.id === id)
      if (!found) throw new WorkbenchError('not-found', `there is no recipe '${id.slice(0, 60)}' of the lab`, 'choose one of the list, or give the path of a file') // biome-ignore format: one thought
      return found
    },
    took: (sha256, took) => void seconds.set(sha256, took),
  }
}
