import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { WorkbenchError } from '../../../../src-shared/ipc/errors.ts'
import { assayOf } from '../../../analyses/evaluate.ts'
import type { ConfigFields } from '../../../models/layers/configFields.ts'
import { parseEvaluationRecipe } from '../../evaluate/evaluateRecipe.ts'
import { type RecipeFile, readRecipe } from '../../training/recipe.ts'
import { parseTrackRecipe, type TrackDataRecipe } from '../../training/tracks/trackRecipe.ts'
import { readingLabRecipe } from '../labRecipe.ts'
import { type ParityReport, readParityReport } from './parityReport.ts'

/** Where one of the two models of a pair comes from. */
export type ParitySide =
  | { readonly kind: 'folder'; readonly folder: string }
  | { readonly kind: 'train'; readonly recipe: RecipeFile; readonly seed: number; readonly steps: number }

export interface ParityTrack {
  readonly name: string
  readonly type: string
}

/** A full and a sparse model that are judged on the same windows, or the report of such a judgement. */
export interface ParityPair {
  readonly name: string
  readonly tracks: readonly ParityTrack[]
  /** How many windows are drawn one by one. */
  readonly windows: number
  readonly judged:
    | { readonly kind: 'report'; readonly report: ParityReport }
    | { readonly kind: 'models'; readonly full: ParitySide; readonly sparse: ParitySide; readonly evaluation: RecipeFile } // biome-ignore format: one line
}

export interface ParityRecipe {
  readonly visits: number
  readonly pointLimitSeconds: number
  readonly pairs: readonly ParityPair[]
  readonly resamples: number
  /** Of one training, on a slow machine with two cores. */
  readonly trainingSeconds: number | undefined
  readonly notes: readonly string[]
}

/**
 * `evaluation`: a recipe whose regions both models are judged on; `pairs`: each with `name` and either `report` (the JSON of `evaluate
 * --compare`), or `full` and `sparse`, each a `folder` of a model or `recipe`, `seed`, `steps` of a training; `windows` drawn singly.
 * @throws WorkbenchError `bad-input` that names the field, `not-found` for data and models that are not here
 */
export async function readParityRecipe(file: RecipeFile): Promise<ParityRecipe> {
  const plain = readingLabRecipe(file, (fields, header) => ({
    ...header,
    notes: fields.texts('notes', []),
    evaluation: fields.has('evaluation') ? fields.text('evaluation') : undefined,
    resamples: fields.count('resamples', { least: 0, otherwise: 400 }),
    windows: fields.count('windows', { least: 0, otherwise: 0 }),
    trainingSeconds: fields.optionalCount('trainingSeconds'),
    pairs: fields.list('pairs').map(pairOf),
  }))
  const evaluation = plain.evaluation === undefined ? undefined : await besideLab(file, plain.evaluation)
  const data = evaluation && parseEvaluationRecipe(evaluation).data
  const pairs: ParityPair[] = []
  for (const pair of plain.pairs) {
    if (pair.report !== undefined) {
      const report = await readParityReport(file.file(pair.report))
      const tracks = report.full.tracks.map(t => ({ name: t.name, type: t.assay }))
      pairs.push({ name: pair.name, tracks, windows: Math.min(plain.windows, report.windows), judged: { kind: 'report', report } }) // biome-ignore format: one thought
      continue
    }
    if (!evaluation || !data) throw new WorkbenchError('bad-input', `recipe.evaluation is missing, and the pair '${pair.name}' has no report`, 'name a recipe of an evaluation or a training') // biome-ignore format: one thought
    checkData(data)
    const full = await sideOf(file, pair.full!)
    const sparse = await sideOf(file, pair.sparse!)
    const tracks = data.tracks.map(t => ({ name: t.table.name, type: assayOf(t.table) }))
    pairs.push({ name: pair.name, tracks, windows: plain.windows, judged: { kind: 'models', full, sparse, evaluation } }) // biome-ignore format: one thought
  }
  const names = new Set(pairs.map(p => p.name))
  if (names.size < pairs.length) throw new WorkbenchError('bad-input', 'recipe.pairs has a name twice', 'give each pair a name of its own') // biome-ignore format: one thought
  const { visits, pointLimitSeconds, resamples, trainingSeconds, notes } = plain
  return { visits, pointLimitSeconds, resamples, trainingSeconds, notes, pairs }
}

type PlainSide = { readonly folder: string } | { readonly recipe: string; readonly seed: number; readonly steps: number } // biome-ignore format: one line

interface PlainPair {
  readonly name: string
  readonly report?: string
  readonly full?: PlainSide
  readonly sparse?: PlainSide
}

function pairOf(fields: ConfigFields): PlainPair {
  const name = fields.text('name')
  const pair = fields.has('report')
    ? { name, report: fields.text('report') }
    : { name, full: plainSide(fields.inner('full')), sparse: plainSide(fields.inner('sparse')) }
  fields.end()
  return pair
}

function plainSide(fields: ConfigFields): PlainSide {
  const side = fields.has('folder')
    ? { folder: fields.text('folder') }
    : {
        recipe: fields.text('recipe'),
        seed: fields.count('seed', { least: 0 }),
        steps: fields.count('steps'),
      }
  fields.end()
  return side
}

/** Another recipe, named by a recipe of the lab: what it does not find beside itself is where the lab's recipe finds it. */
async function besideLab(lab: RecipeFile, path: string): Promise<RecipeFile> {
  const recipe = await readRecipe(lab.file(path))
  return {
    ...recipe,
    file(relative) {
      const own = recipe.file(relative)
      return existsSync(own) ? own : lab.file(relative)
    },
  }
}

async function sideOf(lab: RecipeFile, side: PlainSide): Promise<ParitySide> {
  if ('folder' in side) {
    const folder = lab.file(side.folder)
    if (!existsSync(join(folder, 'model.json'))) throw new WorkbenchError('not-found', `there is no model in '${side.folder}'`, 'train one there, or name another folder in the recipe') // biome-ignore format: one thought
    return { kind: 'folder', folder }
  }
  const recipe = await besideLab(lab, side.recipe)
  const cut = cutTo(recipe, side.steps)
  checkData(parseTrackRecipe(cut).data)
  return { kind: 'train', recipe: cut, seed: side.seed, steps: side.steps }
}

/**
 * The same recipe with so many steps: a schedule keeps its shape (a tenth of it at most warms up), and validations and checkpoints come
 * often enough for a short training. A recipe of as many steps stays as it is, byte for byte.
 */
export function cutTo(recipe: RecipeFile, steps: number): RecipeFile {
  const training = recipe.json['training'] as Record<string, unknown> | undefined
  if (!training || training['steps'] === steps) return recipe
  const schedule = training['schedule'] as Record<string, unknown> | undefined
  const validation = training['validation'] as Record<string, unknown> | undefined
  const most = (value: unknown, limit: number) => Math.min(typeof value === 'number' ? value : limit, Math.max(1, Math.floor(limit))) // biome-ignore format: one line
  const json = {
    ...recipe.json,
    training: {
      ...training,
      steps,
      ...(schedule && 'warmupSteps' in schedule ? { schedule: { ...schedule, warmupSteps: most(schedule['warmupSteps'], steps / 10) } } : {}), // biome-ignore format: one thought
      ...(validation ? { validation: { ...validation, every: most(validation['every'], steps / 4) } } : {}),
      checkpointEvery: most(training['checkpointEvery'], steps / 4),
    },
  }
  return { ...recipe, json, text: `${JSON.stringify(json, null, 1)}\n` }
}

/** @throws WorkbenchError `not-found` that names the file */
function checkData(data: TrackDataRecipe): void {
  for (const path of [data.reference, ...data.tracks.map(t => t.file)])
    if (!existsSync(path)) throw new WorkbenchError('not-found', `the data of this recipe are not here: '${path}' does not exist`, 'set DIPLOSCOPE_DATA to the folder that holds them, or give --data DIR') // biome-ignore format: one thought
}
