import type { ProcessLauncher } from '../../compute/launcher.ts'
import { MODELS } from '../../models/kinds.ts'
import { modelRegistry } from '../../models/registry.ts'
import { createLab, type Lab, labDataFolders } from './lab.ts'

/** The lab as this program runs it, in whichever host: with its recipes, and the planner's word before each point. */
export function createProgramLab(options: {
  readonly dataDir: string
  readonly recipesDir: string | undefined
  readonly threads: number
  readonly version: string
  readonly launcher?: ProcessLauncher
  readonly now: () => number
  readonly fault: (error: unknown) => void
}): Lab {
  const registry = modelRegistry(MODELS)
  return createLab({ ...options, dataFolders: labDataFolders(options.recipesDir), registry })
}
