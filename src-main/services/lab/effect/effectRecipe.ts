import type { ConfigFields } from '../../../models/layers/configFields.ts'
import type { RecipeFile } from '../../training/recipe.ts'
import { type LabHeader, readingLabRecipe } from '../labRecipe.ts'
import type { Repetitions } from '../timedRuns.ts'
import { SIDE } from './mnist.ts'

const DIGITS = 10

/** A network of a set: its kind and the whole `architecture` of model.json. */
export interface EffectModel {
  readonly kind: 'transformer' | 'lrt' | 'linformer'
  /** r of the low-rank transformer, k of Linformer. */
  readonly rank: number | undefined
  readonly architecture: Readonly<Record<string, unknown>>
}

export interface Budget {
  readonly batch: number
  readonly steps: number
  readonly rate: number
  readonly warmupSteps: number
  readonly weightDecay: number
  readonly clipNorm: number
  readonly checkpointEvery: number
  /** After each so many steps, and after the last, the first `images` of the test set are judged for the curve. */
  readonly curve: { readonly every: number; readonly images: number }
}

/** Networks that are trained on the same examples in the same order. */
export interface EffectSet {
  /** Pixels along a side that become one by their mean. */
  readonly pool: number
  readonly tokens: number
  readonly width: number
  readonly layers: number
  readonly models: readonly EffectModel[]
  readonly seeds: readonly number[]
  readonly budget: Budget
}

export interface EffectRecipe extends LabHeader {
  /** IDX files in place of the package's. */
  readonly folder: string | undefined
  readonly sets: readonly EffectSet[]
  /** Only time steps, train nothing: how many after how many for warming up. */
  readonly cost: Repetitions | undefined
  /** Of the whole run; the runner's own when absent. */
  readonly totalLimitSeconds: number | undefined
  readonly notes: readonly string[]
}

/** Reads a recipe of the experiment `effect`. @throws WorkbenchError `bad-input` that names the field */
export const parseEffectRecipe = (recipe: RecipeFile): EffectRecipe =>
  readingLabRecipe(recipe, (fields, header) => ({
    ...header,
    folder: fields.has('data') ? folderOf(fields.inner('data'), recipe) : undefined,
    sets: fields.list('sets').map(setOf),
    cost: fields.has('cost') ? repetitionsOf(fields.inner('cost')) : undefined,
    totalLimitSeconds: fields.optionalCount('totalLimitSeconds'),
    notes: fields.texts('notes', []),
  }))

function folderOf(fields: ConfigFields, recipe: RecipeFile): string {
  const folder = recipe.file(fields.text('folder'))
  fields.end()
  return folder
}

function repetitionsOf(fields: ConfigFields): Repetitions {
  const read = {
    warmUp: fields.count('warmUp', { least: 0 }),
    repeats: fields.count('repeats'),
    seconds: fields.count('seconds'),
  }
  fields.end()
  return read
}

function setOf(fields: ConfigFields): EffectSet {
  const pool = fields.count('pool', { otherwise: 1 })
  if (SIDE % pool !== 0) throw fields.fault('pool', `a divisor of ${SIDE}`)
  const tokens = 1 + (SIDE / pool) ** 2
  const base = fields.raw('architecture')
  const sizes = fields.inner('architecture')
  const common = { ...(base as Record<string, unknown>), maxTokens: tokens, classes: DIGITS, tokenHead: 'none' }
  const budget = budgetOf(fields.inner('training'))
  const set = {
    pool,
    tokens,
    width: sizes.count('width'),
    layers: sizes.count('layers'),
    models: fields.list('models').map(model => modelOf(model, common)),
    seeds: fields.counts('seeds'),
    budget,
  }
  fields.end()
  return set
}

function modelOf(fields: ConfigFields, common: Readonly<Record<string, unknown>>): EffectModel {
  const kind = fields.choice('kind', ['transformer', 'lrt', 'linformer'] as const)
  const name = { transformer: undefined, lrt: 'rank', linformer: 'projection' }[kind]
  const rank = name === undefined ? undefined : fields.count(name)
  fields.end()
  return { kind, rank, architecture: name === undefined ? common : { ...common, [name]: rank } }
}

function budgetOf(fields: ConfigFields): Budget {
  const steps = fields.count('steps')
  const curve = fields.inner('curve')
  const budget = {
    batch: fields.count('batch'),
    steps,
    rate: fields.number('rate', { least: 0, below: 1 }),
    warmupSteps: fields.count('warmupSteps', { otherwise: 0, least: 0 }),
    weightDecay: fields.number('weightDecay', { otherwise: 0, least: 0, below: 1 }),
    clipNorm: fields.number('clipNorm', { otherwise: 1, least: 0, below: 1e6 }),
    checkpointEvery: fields.count('checkpointEvery', { otherwise: steps }),
    curve: { every: curve.count('every'), images: curve.count('images') },
  }
  if (budget.warmupSteps >= steps) throw fields.fault('warmupSteps', `fewer than the ${steps} steps`)
  curve.end()
  fields.end()
  return budget
}
