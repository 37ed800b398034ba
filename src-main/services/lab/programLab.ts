import type { ProcessLauncher } from '../../compute/launcher.ts'
import type { ModelRegistry } from '../../models/registry.ts'
import type { Planner } from '../planner/planner.ts'
import { createLab, type Lab, labDataFolders } from './lab.ts'
import { rememberedPlans } from './planMemory.ts'
import { planningCode, planPointInThread, planRecipesInThread } from './recipePlanThread.ts'

/** The lab as this program runs it, in whichever host: with its recipes, and the planner's word before each point. */
export function createProgramLab(options: {
  readonly dataDir: string
  readonly recipesDir: string | undefined
  readonly registry: ModelRegistry
  readonly planner: Planner
  readonly threads: number
  readonly version: string
  readonly launcher?: ProcessLauncher
  readonly now: () => number
  readonly fault: (error: unknown) => void
}): Lab {
  const { planner, ...rest } = options
  const dataFolders = labDataFolders()
  return createLab({
    ...rest,
    dataFolders,
    planRecipes: rememberedPlans(
      {
        dataDir: rest.dataDir,
        planner: () => planningCode(rest.version),
        rates: () => planner.rates(),
        fault: rest.fault,
      },
      planRecipesInThread(dataFolders, () => planner.rates()),
    ),
    planPoint: planPointInThread(dataFolders, planner),
  })
}
