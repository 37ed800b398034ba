import { createHash, randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { WorkbenchError } from '../../../src-shared/ipc/errors.ts'
import type { LabRecipe } from '../../../src-shared/ipc/labMethods.ts'
import type { WorkContext } from '../../../src-shared/job.ts'
import type { JobCost } from '../../../src-shared/lab/plan.ts'
import type { ExperimentName, LabPoint, LabResult, ResultState } from '../../../src-shared/lab/result.ts'
import { runtimeVersion } from '../../compute/runtimeVersion.ts'
import { MAX_NOTES, readResult } from './checkResult.ts'
import { RecipeEstimates } from './estimates.ts'
import type { Experiment, ExperimentTable } from './experiment.ts'
import { EXPERIMENT_READERS } from './experiments.ts'
import { checkSameMachine, thisMachine } from './machine.ts'
import { plainText } from './plainText.ts'
import { type PlanRecipes, planRecipes } from './recipePlan.ts'
import { createShippedLabRecipes, type LabRecipeFile, readExperiment, readLabRecipe } from './recipes.ts'
import { type PlanPoint, predictPoint, type RunDeps, runVisits } from './run.ts'
import { createLabStore, type OpenResult, type StoredResult } from './store.ts'
import { laterLosses, pointsById, poolVisits, type VisitRecord } from './visits.ts'

export interface LabOptions extends Omit<RunDeps, 'fault'> {
  readonly dataDir: string
  /** Where the recipes of the program lie. */
  readonly recipesDir: string | undefined
  /** Where data of recipes are looked for besides their own folders. */
  readonly dataFolders: readonly string[]
  readonly version: string
  readonly fault?: (error: unknown) => void
  readonly readers?: Partial<ExperimentTable>
  /** Plans recipes that are listed; default: here and now, between other calls. */
  readonly planRecipes?: PlanRecipes
  /** Plans a point before its visit; default: here, by `predict`. */
  readonly planPoint?: PlanPoint
}

/** The folder that DIPLOSCOPE_DATA names. */
export const labDataFolders = (environment = process.env): readonly string[] =>
  environment['DIPLOSCOPE_DATA'] ? [environment['DIPLOSCOPE_DATA']] : []

/** A result that is open for measuring. */
export interface LabRun {
  readonly resultId: string
  readonly recipe: LabResult['recipe']
  /**
   * Measures what is missing, and tells of every point that arrived or got another visit. When it is stopped, what was measured is kept.
   * @throws WorkbenchError `cancelled`, or a fault of the store
   */
  go(context: WorkContext, tell: (result: LabResult, point: LabPoint | null) => void): Promise<LabResult>
  close(): Promise<void>
}

/** Experiments, their recipes and results. */
export interface Lab {
  /** All, or those of one experiment. With `wait` every duration is planned that can be, which may take minutes. */
  recipes(signal?: AbortSignal, experiment?: ExperimentName, wait?: WorkContext): Promise<readonly LabRecipe[]>
  /** What the whole run of a recipe will cost, as far as it was planned when recipes were listed. */
  cost(recipeSha256: string): JobCost | undefined
  /** Durations were planned by rates that are others now: they are planned anew. */
  forgetPlans(): void
  /** A shipped recipe. @throws WorkbenchError `not-found` */
  recipeFile(id: string, dataFolder?: string): Promise<LabRecipeFile>
  /** A recipe by path; `dataFolder` is where its paths are looked for first. */
  readRecipe(path: string, dataFolder?: string): Promise<LabRecipeFile>
  begin(recipe: LabRecipeFile): Promise<LabRun>
  /** @throws WorkbenchError `not-found`; `bad-input` when it is done, imported, of another machine or version, or its recipe has changed */
  resume(resultId: string): Promise<LabRun>
  /** The newest result of this recipe that can be gone on with. */
  unfinished(recipe: LabRecipeFile): Promise<string | undefined>
  results(): Promise<readonly StoredResult[]>
  result(resultId: string): Promise<LabResult>
  remove(resultId: string): Promise<void>
  /** @throws WorkbenchError `bad-input` that names the field */
  import(name: string, text: string): Promise<LabResult>
}

export function createLab(options: LabOptions): Lab {
  const { dataDir, recipesDir, dataFolders, threads, version, now, readers = EXPERIMENT_READERS, fault = () => {} } = options // biome-ignore format: one line
  const deps: RunDeps = { ...options, fault }
  const store = createLabStore(join(dataDir, 'lab'))
  let running = 0
  const plan = options.planRecipes ?? planRecipesHere({ dataFolders, readers, deps })
  const estimates = new RecipeEstimates(plan, () => running > 0, fault)
  const shipped = createShippedLabRecipes({ folder: recipesDir, dataFolders, estimates })
  const machine = () => thisMachine(threads, { diploscope: version, 'onnxruntime-node': runtimeVersion() })

  const runOf = (open: OpenResult, experiment: Experiment, recipe: LabRecipeFile): LabRun => {
    const { planPoint } = options
    const points = pointsById(experiment.points)
    const visits: VisitRecord[] = [...open.visits]
    const resultNow = (state: ResultState): LabResult => ({
      ...open.result,
      state,
      finishedAt: state === 'done' ? new Date(now()).toISOString() : null,
      points: poolVisits(points, visits),
      notes: [...experiment.notes, ...laterLosses(points, visits)].map(plainText).slice(0, MAX_NOTES),
    })
    const keep = async (state: ResultState): Promise<LabResult> => {
      const result = resultNow(state)
      await open.write(result)
      return result
    }
    return {
      resultId: open.result.id,
      recipe: open.result.recipe,
      close: () => open.close(),
      async go(context, tell) {
        tell(await keep('running'), null)
        let state: ResultState = 'partial'
        running++
        try {
          state = await runVisits(
            {
              experiment,
              known: open.visits,
              folders: id => open.folders(id),
              ...(planPoint ? { planPoint: (index, signal) => planPoint(recipe, index, signal) } : {}),
              async record(visit) {
                await open.record(visit)
                visits.push(visit)
                const result = await keep('running')
                tell(result, result.points.find(p => p.id === visit.point) ?? null)
              },
            },
            deps,
            context,
          )
        } catch (error) {
          tell(await keep('partial'), null)
          throw error
        } finally {
          running--
          await open.tidy(state === 'done').catch(fault) // what stays is room on the disk, no more
        }
        if (state === 'done') estimates.took(open.result.recipe.sha256, visits.reduce((sum, v) => sum + v.seconds, 0)) // biome-ignore format: one line
        const result = await keep(state)
        tell(result, null)
        return result
      },
    }
  }

  const resumable = (stored: StoredResult): string | undefined => {
    if (stored.origin.imported || stored.origin.recipePath === null) return 'was loaded from a file'
    if (stored.result.state === 'done') return 'is done'
    return undefined
  }

  return {
    recipes: (signal, only, wait) => shipped.list(signal, only, wait),
    cost: sha256 => estimates.cost(sha256),
    forgetPlans: () => estimates.forget(),
    recipeFile: (id, dataFolder) => shipped.file(id, dataFolder),
    readRecipe: (path, dataFolder) => readLabRecipe(path, dataFolders, dataFolder ?? null),
    async begin(recipe) {
      const experiment = await readExperiment(recipe, readers)
      const startedAt = new Date(now()).toISOString()
      const stamp = startedAt.replace(/\D/g, '').slice(0, 14)
      const result: LabResult = {
        format: 'diploscope-lab',
        formatVersion: 1,
        id: `${recipe.experiment}-${stamp}-${randomBytes(3).toString('hex')}`,
        experiment: recipe.experiment,
        recipe: { id: recipe.id, name: recipe.name, sha256: recipe.sha256, text: recipe.text },
        machine: machine(),
        startedAt,
        finishedAt: null,
        state: 'partial',
        total: pointsById(experiment.points).size,
        points: [],
        notes: experiment.notes.map(plainText),
      }
      const { path, dataFolder } = recipe
      return runOf(await store.create(result, { imported: false, recipePath: path, dataFolder }), experiment, recipe)
    },
    async resume(resultId) {
      const stored = await store.read(resultId)
      const why = resumable(stored)
      if (why !== undefined) throw new WorkbenchError('bad-input', `the result '${resultId}' ${why}: it cannot be gone on with`, 'run its recipe again') // biome-ignore format: one thought
      checkSameMachine(machine(), stored.result.machine)
      const { id, sha256 } = stored.result.recipe
      const { recipePath, dataFolder } = stored.origin
      // The program may lie elsewhere since: its recipes are found by their ids.
      const recipe = await readLabRecipe(recipePath!, dataFolders, dataFolder).catch(() =>
        shipped.file(id, dataFolder ?? undefined),
      )
      if (recipe.sha256 !== sha256) throw new WorkbenchError('bad-input', `the recipe '${id}' has changed since this result was begun (SHA-256 ${sha256.slice(0, 12)} then, ${recipe.sha256.slice(0, 12)} now)`, 'run the recipe again from its beginning') // biome-ignore format: one thought
      const experiment = await readExperiment(recipe, readers)
      return runOf(await store.open(resultId), experiment, recipe)
    },
    async unfinished(recipe) {
      const found = (await store.list()).find(s => s.result.recipe.sha256 === recipe.sha256 && resumable(s) === undefined) // biome-ignore format: one line
      return found?.result.id
    },
    results: () => store.list(),
    result: async id => (await store.read(id)).result,
    remove: id => store.remove(id),
    async import(name, text) {
      const read = readResult(text, name.slice(0, 200))
      const sum = createHash('sha256').update(JSON.stringify(read)).digest('hex').slice(0, 12)
      const result: LabResult = {
        ...read,
        id: `${read.experiment}-loaded-${sum}`,
        state: read.state === 'running' ? 'partial' : read.state,
      }
      await store.add(result)
      return result
    },
  }
}

const planRecipesHere =
  (options: {
    readonly dataFolders: readonly string[]
    readonly readers: Partial<ExperimentTable>
    readonly deps: Pick<RunDeps, 'predict' | 'fault'>
  }): PlanRecipes =>
  (requests, points, tell, signal) =>
    planRecipes(
      requests,
      {
        ...options,
        points,
        signal,
        async costOf(point) {
          const planned = await predictPoint(point, options.deps, signal)
          const seconds = point.estimateSeconds ?? planned?.totalSeconds
          return seconds === undefined ? null : { seconds, peakBytes: planned?.peakBytes ?? 0 }
        },
      },
      tell,
    )
