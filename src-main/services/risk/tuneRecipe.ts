import type { TuneNetwork, TuneSettings } from '../../../src-shared/genome/tune.ts'
import type { ModelJson } from '../../models/folder/modelJson.ts'
import { RECIPE_FORMAT } from '../training/recipe.ts'
import { START_FOLDER } from './startModel.ts'

/** What a recipe says beyond the settings. Paths are absolute; what it begins with lies beside the recipe (copyStart). */
export interface TuneSource {
  readonly id: string
  readonly sheetPath: string
  readonly sheetName: string
  readonly referencePath: string
  readonly simulated: boolean
  /** The sheet calls all its people simulated; else their files must agree. */
  readonly declared: boolean
  readonly cases: number
  readonly controls: number
  /** Null: fresh. */
  readonly start: { readonly folder: string; readonly json: ModelJson } | null
  readonly createdAt: number
}

/** Of a Linformer, but for what the data decide. */
export const freshArchitecture = (network: TuneNetwork) => ({ ...network, dropout: 0 })
/** Characters of the longest piece, and people whose diplotypes a fresh tokenizer learns from. */
const TOKENIZER = { maxPieceLength: 64, people: 100 } as const

/**
 * The recipe of a training that was set up in the window, of task `classify`: with the same files, device and thread count `diploscope train`
 * makes the same bytes of it.
 */
export function tuneRecipe(settings: TuneSettings, source: TuneSource): string {
  const { start, cases, controls } = source
  const who = source.simulated ? 'simulated people' : 'people'
  const limits = [
    `Fitted on the ${cases + controls} ${who} (${cases} cases, ${controls} controls) of one sample sheet, ${source.sheetName}. Research use only; of people unlike them it says nothing.`, // biome-ignore format: one line
    `The probability refers to a group with the sheet's share of cases, ${((100 * cases) / (cases + controls)).toFixed(1)} %, not to a population.`, // biome-ignore format: one line
  ]
  const recipe = {
    format: RECIPE_FORMAT,
    formatVersion: 1,
    task: 'classify',
    note: `Set up in the window of the workbench. Paths are those of the machine where that was${start ? `; '${START_FOLDER}' lies in the folder of the training, which --data names for a copy of this recipe` : ''}.`,
    id: source.id,
    name: settings.name.trim(),
    licence: 'not stated',
    created: new Date(source.createdAt).toISOString(),
    limits,
    people: { from: 'samples', sheet: source.sheetPath, reference: source.referencePath, simulated: source.declared, depth: 'as read' }, // biome-ignore format: one line
    flankBp: settings.flankBp,
    caller: settings.caller,
    uncovered: start?.json.risk?.uncovered ?? 'reference',
    panelShare: settings.panelShare,
    // A risk model's tokenizer and longest sequence are made for its own sites.
    ...(start?.json.risk ? { panelFrom: 'start' } : {}),
    tokenizer: start?.json.tokenizer
      ? { file: `${START_FOLDER}/${start.json.tokenizer.file}` }
      : { vocabulary: settings.vocabulary, ...TOKENIZER },
    model: start ? { kind: start.json.kind, architecture: {} } : { kind: 'linformer', architecture: freshArchitecture(settings.network) }, // biome-ignore format: one line
    ...(start ? { start: START_FOLDER } : {}),
    training: {
      seed: settings.seed,
      batch: settings.batch,
      epochs: settings.epochs,
      patience: settings.patience,
      stopBy: settings.stopBy ?? 'auc',
      splits: settings.splits,
      rate: settings.rate,
      warmupSteps: settings.warmupSteps,
      factor: 0.9995,
      weightDecay: 0.01,
      clipNorm: 1,
    },
  }
  return `${JSON.stringify(recipe, null, 2)}\n`
}
