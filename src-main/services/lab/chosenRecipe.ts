import { existsSync } from 'node:fs'
import { WorkbenchError } from '../../../src-shared/ipc/errors.ts'
import type { LabRecipe } from '../../../src-shared/ipc/labMethods.ts'
import type { ExperimentName } from '../../../src-shared/lab/result.ts'
import type { Lab } from './lab.ts'
import type { LabRecipeFile } from './recipes.ts'

/**
 * The recipe that an experiment runs with: a file, one of the program's by its id, or the program's first for the experiment.
 * @throws WorkbenchError `wrong-usage` for a recipe of another experiment; `not-found`; `bad-input`
 */
export async function chosenRecipe(
  lab: Lab,
  experiment: ExperimentName,
  asked: string | undefined,
  dataFolder: string | undefined,
  signal: AbortSignal,
): Promise<LabRecipeFile> {
  const recipe =
    asked === undefined
      ? await lab.recipeFile(await firstRecipe(lab, experiment, signal), dataFolder)
      : existsSync(asked) || /[\\/]|\.json$/.test(asked)
        ? await lab.readRecipe(asked, dataFolder)
        : await lab.recipeFile(asked, dataFolder)
  if (recipe.experiment !== experiment) throw new WorkbenchError('wrong-usage', `the recipe '${recipe.id}' is of the experiment '${recipe.experiment}', not '${experiment}'`, `use 'diploscope bench ${recipe.experiment}'`) // biome-ignore format: one thought
  return recipe
}

/** `lab-<experiment>` where it can run here, else the first that can. */
async function firstRecipe(lab: Lab, experiment: ExperimentName, signal: AbortSignal): Promise<string> {
  const all = await lab.recipes(signal, experiment)
  const usable = all.filter(r => r.unavailable === null)
  const found = usable.find(r => r.id === `lab-${experiment}`) ?? usable[0]
  if (found) return found.id
  const why = all[0]?.unavailable
  throw new WorkbenchError('not-found', `no recipe of '${experiment}' can run here${why ? `: ${why}` : ''}`, 'give one with --recipe FILE') // biome-ignore format: one thought
}

function duration({ estimatedSeconds: seconds, plannedPoints, points }: LabRecipe): string {
  if (seconds === null) return plannedPoints === null ? '-' : `being worked out: ${plannedPoints} of ${points}`
  return seconds < 90 ? `${Math.ceil(seconds)} s` : `${Math.ceil(seconds / 60)} min`
}

/** A line a recipe: experiment, id, points, estimated duration, summary, or why it cannot run here. */
export const recipeList = (recipes: readonly LabRecipe[]): string =>
  [
    'experiment\trecipe\tpoints\testimated\t',
    ...recipes.map(r => [r.experiment, r.id, r.unavailable === null ? r.points : '-', duration(r), r.unavailable === null ? r.summary : `not here: ${r.unavailable}`].join('\t')), // biome-ignore format: one line
    '',
  ].join('\n')
