import { dirname, resolve } from 'node:path'
import { SUM_STATS, type TargetTransform } from '../../../analyses/targetTransform.ts'
import type { Augmentation } from '../../../analyses/trackBatches.ts'
import type { Optimizer } from '../../../graph/optimizer/optimizer.ts'
import type { Schedule } from '../../../graph/optimizer/schedule.ts'
import type { ModelTrack } from '../../../models/folder/modelJson.ts'
import type { ConfigFields } from '../../../models/layers/configFields.ts'
import type { PatternDraw } from '../../../models/trunkInitialisation.ts'
import { type RecipeFile, readingRecipe } from '../recipe.ts'
import type { HeadBias } from './headBias.ts'

export const SPLITS = ['train', 'valid', 'test'] as const
export type Split = (typeof SPLITS)[number]

/** A track that is learned: a channel of the output, and the file that holds the experiment. */
export interface RecipeTrack {
  readonly file: string
  readonly table: ModelTrack
  readonly transform: TargetTransform
}

export interface TrackDataRecipe {
  /** A FASTA, bgzip or gzip FASTA, or 2bit. */
  readonly reference: string
  /** Name of the assembly, for people. */
  readonly genome: string
  readonly tracks: readonly RecipeTrack[]
  /** Regions as text, 1-based, both ends included (`chrIV`, `chrXVI:1-474,000`), contigs under any usual alias; or rows of a BED file. */
  readonly splits: Readonly<Record<Split, RegionList>>
  /** Where the data come from and under which terms, for people. */
  readonly source: string
}

export type TrackLoss =
  | { readonly kind: 'poisson' }
  | { readonly kind: 'poisson-multinomial'; readonly totalWeight: number }

export interface TrainingRecipe {
  readonly batch: number
  readonly steps: number
  readonly optimizer: Optimizer
  readonly schedule: Schedule
  readonly loss: TrackLoss
  readonly clipNorm: number | undefined
  readonly clipEach: number | undefined
  readonly augmentation: Augmentation
  readonly batchNorm: 'batch' | 'frozen'
  readonly headBias: HeadBias
  readonly seed: number
  readonly validateEvery: number
  /** Ends after so many validations without a better score. */
  readonly patience: number
  readonly checkpointEvery: number
}

/** Weights of another model folder to start from; its path is relative to the recipe, also where the data are elsewhere. */
export interface StartRecipe {
  readonly model: string
  /** Names of weights (parts of them) that are not taken over: they start anew. */
  readonly fresh: readonly string[]
  /** Names of weights (parts of them) that are trained; all others are frozen. */
  readonly train: readonly string[]
}

export interface TrackRecipe {
  readonly id: string
  readonly name: string
  readonly licence: string
  readonly citation: string | null
  readonly limits: readonly string[]
  /** Fixes the date in provenance, so that the same recipe gives the same model.json. */
  readonly created: string | undefined
  readonly kind: string
  readonly architecture: Readonly<Record<string, unknown>>
  readonly pattern: PatternDraw | undefined
  readonly start: StartRecipe | undefined
  readonly data: TrackDataRecipe
  readonly training: TrainingRecipe
}

/** @throws WorkbenchError `bad-input` that names the field of the recipe and its value */
export function parseTrackRecipe(file: RecipeFile): TrackRecipe {
  return readingRecipe(file, fields => {
    for (const known of ['format', 'formatVersion', 'task']) fields.raw(known)
    const id = fields.text('id')
    if (!/^[\w.-]{1,100}$/.test(id)) throw fields.fault('id', 'letters, digits, dots, dashes')
    const model = fields.inner('model')
    const recipe: TrackRecipe = {
      id,
      name: fields.text('name'),
      licence: fields.text('licence'),
      citation: fields.has('citation') ? fields.text('citation') : null,
      limits: fields.texts('limits'),
      created: optionalDate(fields),
      kind: model.text('kind'),
      architecture: objectOf(model, 'architecture'),
      pattern: model.has('pattern') ? patternOf(model.inner('pattern')) : undefined,
      start: fields.has('start') ? startOf(fields.inner('start'), file) : undefined,
      data: dataOf(fields.inner('data'), file),
      training: trainingOf(fields.inner('training')),
    }
    model.end()
    fields.end()
    return recipe
  })
}

function optionalDate(fields: ConfigFields): string | undefined {
  if (!fields.has('created')) return undefined
  const date = fields.text('created')
  if (Number.isNaN(Date.parse(date))) throw fields.fault('created', 'a date and time')
  return date
}

function objectOf(fields: ConfigFields, field: string): Readonly<Record<string, unknown>> {
  const value = fields.raw(field)
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw fields.fault(field, 'an object')
  return value as Record<string, unknown>
}

function patternOf(fields: ConfigFields): PatternDraw {
  const pattern = { rule: fields.choice('rule', ['uniform', 'upstream']), seed: fields.count('seed', { least: 0 }) }
  fields.end()
  return pattern
}

function startOf(fields: ConfigFields, file: RecipeFile): StartRecipe {
  const start = {
    model: resolve(dirname(file.path), fields.text('model')),
    fresh: fields.texts('fresh', []),
    train: fields.texts('train', []),
  }
  fields.end()
  return start
}

/** The part of a recipe that says which experiments on which sequence: evaluation needs no more of it. */
export function dataOf(fields: ConfigFields, file: RecipeFile): TrackDataRecipe {
  const list = fields.list('tracks')
  const binSize = fields.count('binSize')
  const head = fields.text('head', 'tracks')
  const tracks = list.map((track, index) => trackOf(track, index, list.length, head, binSize, file))
  tracks.forEach(({ table }, i) => {
    if (table.strandPair !== undefined && tracks[table.strandPair]!.table.strandPair !== i)
      throw list[i]!.fault('pair', `a track that names track ${i} as its pair`)
  })
  const splits = fields.inner('splits')
  const data: TrackDataRecipe = {
    reference: file.file(fields.text('reference')),
    genome: fields.text('genome'),
    tracks,
    splits: {
      train: regionsOf(splits, 'train', file),
      valid: regionsOf(splits, 'valid', file),
      test: regionsOf(splits, 'test', file),
    },
    source: fields.text('source', 'not said'),
  }
  splits.end()
  fields.end()
  return data
}

/** A list of regions, or `@FILE NAME`: the rows of a BED file whose fourth column is NAME. */
export interface RegionList {
  readonly texts: readonly string[]
  readonly beds: readonly { readonly path: string; readonly name: string }[]
}

function regionsOf(fields: ConfigFields, split: Split, file: RecipeFile): RegionList {
  const all = fields.texts(split, [])
  const beds = all.flatMap(text => {
    if (!text.startsWith('@')) return []
    const [path = '', name = ''] = text.slice(1).split(/\s+/)
    if (path === '' || name === '') throw fields.fault(split, '@FILE NAME for the rows NAME of a BED file')
    return [{ path: file.file(path), name }]
  })
  return { texts: all.filter(text => !text.startsWith('@')), beds }
}

function trackOf(
  fields: ConfigFields,
  index: number,
  count: number,
  head: string,
  binSize: number,
  file: RecipeFile,
): RecipeTrack {
  const name = fields.text('name')
  const strand = fields.choice('strand', ['+', '-', '.'], '.')
  const pair = fields.has('pair') ? fields.count('pair', { least: 0 }) : undefined
  if (pair !== undefined && pair >= count) throw fields.fault('pair', `the place of a track, 0 to ${count - 1}`)
  if (strand !== '.' && pair === undefined)
    throw fields.fault('pair', `the place of the other strand's track, since strand is ${strand}`)
  const target = fields.has('target') ? fields.text('target') : undefined
  const transform = fields.has('transform') ? transformOf(fields.inner('transform')) : { sum_stat: 'mean' as const }
  const assay = fields.text('assay', name.split(':')[0]!)
  const track: RecipeTrack = {
    file: file.file(fields.text('file')),
    transform,
    table: {
      index,
      head,
      name,
      assay,
      ...(target !== undefined ? { target } : {}),
      sourceId: fields.text('sourceId', `${assay}.${index}`),
      strand,
      strandPair: pair ?? index,
      binSize,
      transform: { ...transform },
      unit: fields.text('unit', 'transformed coverage'),
    },
  }
  fields.end()
  return track
}

function transformOf(fields: ConfigFields): TargetTransform {
  const positive = (field: string) =>
    fields.has(field) ? { [field]: fields.number(field, { least: Number.MIN_VALUE, below: 1e9 }) } : {}
  const transform = {
    sum_stat: fields.choice('sum_stat', SUM_STATS),
    ...positive('scale'),
    ...positive('clipSoft'),
    ...positive('clip'),
  }
  fields.end()
  return transform as TargetTransform
}

function trainingOf(fields: ConfigFields): TrainingRecipe {
  const steps = fields.count('steps')
  const augmentation = fields.inner('augmentation')
  const stopping = fields.inner('validation')
  const clip = (field: string) => (fields.has(field) ? fields.number(field, { least: 1e-9, below: 1e9 }) : undefined)
  const training: TrainingRecipe = {
    batch: fields.count('batch'),
    steps,
    optimizer: optimizerOf(fields.inner('optimizer')),
    schedule: scheduleOf(fields.inner('schedule'), steps),
    loss: lossOf(fields.inner('loss')),
    clipNorm: clip('clipNorm'),
    clipEach: clip('clipEach'),
    augmentation: {
      shiftBp: augmentation.count('shiftBp', { least: 0 }),
      reverseComplement: augmentation.flag('reverseComplement'),
    },
    batchNorm: fields.choice('batchNorm', ['batch', 'frozen'], 'batch'),
    headBias: fields.choice('headBias', ['zero', 'mean'], 'zero'),
    seed: fields.count('seed', { least: 0 }),
    validateEvery: stopping.count('every'),
    patience: stopping.count('patience'),
    checkpointEvery: fields.count('checkpointEvery', { otherwise: 100 }),
  }
  augmentation.end()
  stopping.end()
  fields.end()
  return training
}

function lossOf(fields: ConfigFields): TrackLoss {
  const kind = fields.choice('kind', ['poisson', 'poisson-multinomial'])
  const loss: TrackLoss =
    kind === 'poisson' ? { kind } : { kind, totalWeight: fields.number('totalWeight', { least: 0, below: 1e6 }) }
  fields.end()
  return loss
}

const SHARE = { least: 0, below: 1 }

/** Shared with other tasks: their recipes say it alike. */
export function optimizerOf(fields: ConfigFields): Optimizer {
  const kind = fields.choice('kind', ['adam', 'adamw', 'sgd'])
  const weightDecay = fields.number('weightDecay', { otherwise: 0, ...SHARE })
  const optimizer: Optimizer =
    kind === 'sgd'
      ? { kind, momentum: fields.number('momentum', { otherwise: 0, ...SHARE }), weightDecay }
      : {
          kind,
          beta1: fields.number('beta1', { otherwise: 0.9, ...SHARE }),
          beta2: fields.number('beta2', { otherwise: 0.999, ...SHARE }),
          epsilon: fields.number('epsilon', { otherwise: 1e-8, least: 0, below: 1 }),
          weightDecay,
        }
  fields.end()
  return optimizer
}

export function scheduleOf(fields: ConfigFields, steps: number): Schedule {
  const kind = fields.choice('kind', ['constant', 'step', 'exponential', 'cosine', 'linear'])
  const rate = fields.number('rate', { least: 0, below: 1e3 })
  const warmupSteps = fields.count('warmupSteps', { least: 0, otherwise: 0 })
  if (warmupSteps >= steps) throw fields.fault('warmupSteps', `fewer than the ${steps} steps`)
  const factor = () => fields.number('factor', { least: 0, below: 1.0000001 })
  const schedule = ((): Schedule => {
    switch (kind) {
      case 'constant':
        return { kind, rate, warmupSteps }
      case 'step':
        return { kind, rate, warmupSteps, factor: factor(), every: fields.count('every') }
      case 'exponential':
        return { kind, rate, warmupSteps, factor: factor() }
      default:
        return {
          kind,
          rate,
          warmupSteps,
          totalSteps: steps,
          end: fields.number('end', { otherwise: 0, least: 0, below: 1e3 }),
        }
    }
  })()
  fields.end()
  return schedule
}
