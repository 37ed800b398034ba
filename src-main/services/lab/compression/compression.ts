import { existsSync } from 'node:fs'
import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { asWorkbenchError, WorkbenchError } from '../../../../src-shared/ipc/errors.ts'
import {
  COMPRESSION_METHODS,
  type CompressionMethod,
  choicesOfPart,
  energyCurve,
  type FactorisedLayer,
  inPart,
  LAYER_PARTS,
  type LayerPart,
  largestSavingRank,
  type PredictionChange,
} from '../../../../src-shared/lab/compression.ts'
import type { Factors } from '../../../../src-shared/lab/result.ts'
import { isLost, worstTrack } from '../../../../src-shared/lab/sameness.ts'
import type { ConfigFields } from '../../../models/layers/configFields.ts'
import { denseForm, type LayerMap } from '../../../models/lowRank/layerMaps.ts'
import { writeFileAtomic } from '../../../storage/atomic.ts'
import { openFactoriseThread } from '../../../workers/factoriseClient.ts'
import { type FactoriseRequest, factoriseModel, modelSpectra } from '../../models/factoriseModel.ts'
import { readModelJson } from '../../models/modelFolder.ts'
import { type RecipeFile, readRecipe } from '../../training/recipe.ts'
import type { ExperimentReader, PointContext, PointPlan, Visit } from '../experiment.ts'
import { readingLabRecipe } from '../labRecipe.ts'
import type { Repetitions } from '../timedRuns.ts'
import { measureChange, SEED } from './makeCompression.ts'
import { timeModel } from './timing.ts'

interface CompressedModel {
  readonly name: string
  readonly folder: string
  /** Experiments that it is judged on. */
  readonly evaluate: RecipeFile | undefined
}

interface CompressionRecipe {
  readonly visits: number
  readonly pointLimitSeconds: number
  readonly models: readonly CompressedModel[]
  readonly methods: readonly CompressionMethod[]
  readonly parts: readonly LayerPart[]
  readonly keptEnergy: readonly number[]
  readonly ranks: readonly number[]
  readonly batch: number
  readonly repetitions: Repetitions
  readonly windows: number
  readonly people: number
  readonly notes: readonly string[]
}

/** What a point compares: a model as it is, or made smaller. */
type Setup = {
  readonly model: CompressedModel
  readonly method: CompressionMethod | 'none'
  readonly part: LayerPart
} & ({ readonly keptEnergy: number } | { readonly rank: number })

/** Trained models with their layers as two factors: size, speed and what becomes of the predictions, against how much is kept. */
export const readCompressionExperiment: ExperimentReader = async file => {
  const recipe = await parse(file)
  const setups = recipe.models.flatMap(model => setupsOf(model, recipe))
  const points = new Map<PointPlan, Setup>(setups.map(s => [{ factors: factorsOf(s), estimateSeconds: 6 }, s]))
  return {
    name: 'compression',
    visits: recipe.visits,
    pointLimitSeconds: recipe.pointLimitSeconds,
    notes: [
      'Factorised after training and not trained further. Every layer keeps the same share of its energy (Σσ²); one that would not become smaller stays as it is. Attention and feed-forward: the maps of the transformer blocks alone.',
      `Times are of one run of ${recipe.batch === 1 ? 'one input' : `${recipe.batch} inputs`} in a fresh process for each visit, the points taken in turns.`,
      ...(recipe.methods.includes('semi-nmf') || recipe.methods.includes('nmf') ? ['Semi-NMF and NMF take the ranks of the SVD and start from a seed (200 rounds).'] : []), // biome-ignore format: one list
      ...recipe.notes,
    ],
    points: [...points.keys()],
    visit: (point, context) => visit(points.get(point)!, recipe, context),
  }
}

function setupsOf(model: CompressedModel, { methods, parts, keptEnergy, ranks }: CompressionRecipe): Setup[] {
  return [
    { model, method: 'none', part: 'all', keptEnergy: 1 },
    ...methods.flatMap(method =>
      parts.flatMap(part => [
        ...keptEnergy.map((share): Setup => ({ model, method, part, keptEnergy: share })),
        ...ranks.map((rank): Setup => ({ model, method, part, rank })),
      ]),
    ),
  ]
}

const factorsOf = (s: Setup): Factors => ({
  model: s.model.name,
  method: s.method,
  part: s.part,
  ...('rank' in s ? { rank: s.rank } : { keptEnergy: s.keptEnergy }),
})

async function parse(file: RecipeFile): Promise<CompressionRecipe> {
  const read = readingLabRecipe(file, (fields, header) => ({
    ...header,
    models: fields.list('models').map(m => {
      const model = { name: m.text('name'), model: m.text('model'), evaluate: m.has('evaluate') ? m.text('evaluate') : undefined } // biome-ignore format: one thought
      m.end()
      return model
    }),
    methods: fields.texts('methods').map(m => oneMethod(fields, m)),
    parts: fields.texts('parts', ['all']).map(p => onePart(fields, p)),
    keptEnergy: shares(fields, 'keptEnergy'),
    ranks: fields.has('ranks') ? fields.counts('ranks') : [],
    batch: fields.count('batch', { otherwise: 1 }),
    repetitions: {
      warmUp: fields.count('warmUp', { otherwise: 3, least: 0 }),
      repeats: fields.count('repeats', { otherwise: 20 }),
      seconds: fields.count('seconds', { otherwise: 2 }),
    },
    windows: fields.count('windows', { otherwise: 8 }),
    people: fields.count('people', { otherwise: 400, least: 20 }),
  }))
  const notes: string[] = []
  const models: CompressedModel[] = []
  for (const { name, model, evaluate } of read.models) {
    const folder = file.file(model)
    const { input } = await readModelJson(folder)
    const judged = evaluate === undefined ? undefined : await experimentsOf(evaluate, file)
    if (evaluate !== undefined && judged === undefined) notes.push(`The experiments of ${name} are not here: its predictions are compared on random bases, which are no genome, and with nothing measured.`) // biome-ignore format: one sentence
    if (evaluate === undefined && input.type === 'dna') notes.push(`The recipe names no experiments of ${name}: its predictions are compared on random bases, which are no genome.`) // biome-ignore format: one sentence
    models.push({ name, folder, evaluate: judged })
  }
  return { ...read, models, notes }
}

function oneMethod(fields: ConfigFields, asked: string): CompressionMethod {
  const method = COMPRESSION_METHODS.find(m => m === asked)
  if (!method) throw fields.fault('methods', `a list of ${COMPRESSION_METHODS.join(', ')}`)
  return method
}

function onePart(fields: ConfigFields, asked: string): LayerPart {
  const part = LAYER_PARTS.find(p => p === asked)
  if (!part) throw fields.fault('parts', `a list of ${LAYER_PARTS.join(', ')}`)
  return part
}

function shares(fields: ConfigFields, field: string): readonly number[] {
  const value = fields.raw(field)
  if (!Array.isArray(value) || value.length === 0 || !value.every(v => typeof v === 'number' && v > 0 && v <= 1)) throw fields.fault(field, 'a list of shares above 0 and at most 1') // biome-ignore format: one thought
  return value as number[]
}

/** A recipe of experiments with paths as the lab looks for them; undefined when a file of it is not here. */
async function experimentsOf(name: string, lab: RecipeFile): Promise<RecipeFile | undefined> {
  const own = await readRecipe(lab.file(name))
  const recipe = { ...own, file: (path: string) => (existsSync(own.file(path)) ? own.file(path) : lab.file(path)) }
  const { data } = own.json as { readonly data?: { readonly reference?: string; readonly tracks?: readonly { readonly file?: string }[] } } // biome-ignore format: one thought
  const paths = [data?.reference, ...(data?.tracks ?? []).map(t => t.file)]
  return paths.every(p => typeof p === 'string' && existsSync(recipe.file(p))) ? recipe : undefined
}

const MADE = 'made.json'

/** What is measured once for a point and does not change between visits: kept until a visit that tells it is. */
interface Made {
  readonly folder: string
  readonly measures: Visit
}

async function visit(setup: Setup, recipe: CompressionRecipe, context: PointContext): Promise<Visit> {
  const path = join(context.folder, MADE)
  const before = await readFile(path, 'utf8').then(text => JSON.parse(text) as Made, () => undefined) // biome-ignore format: one thought
  const made = before ?? (await make(setup, context))
  const compute = await context.compute()
  const request = {
    folder: made.folder,
    batch: recipe.batch,
    threads: context.threads,
    repetitions: recipe.repetitions,
  }
  const { seconds, peakBytes } = await timeModel(request, compute, context.registry, context)
  // The process is not timed any more: what is compared in it does not count.
  const change = before || setup.method === 'none' ? {} : await changeOf(setup, made.folder, recipe, context)
  const measures = { ...made.measures, ...change }
  if (!before) await writeFileAtomic(path, JSON.stringify({ folder: made.folder, measures } satisfies Made))
  return { seconds, peakBytes: [peakBytes], ...(context.first ? measures : {}) }
}

/** Shares of the full rank at which the kept energy is told. */
const STEPS = [5, 10, 20, 30, 40, 50, 60, 70, 80, 90] as const

async function make(setup: Setup, context: PointContext): Promise<Made> {
  const { model, method } = setup
  const { registry } = context
  const whole = await readModelJson(model.folder)
  const thread = openFactoriseThread(context.signal)
  try {
    if (method === 'none') {
      const { layers } = await modelSpectra(model.folder, registry, context, thread)
      const energyAt = (step: number) => layers.map(l => energyCurve(l.values)[Math.max(0, Math.round((step / 100) * l.values.length) - 1)]!) // biome-ignore format: one thought
      return {
        folder: model.folder,
        measures: {
          parameters: [whole.weights.parameters],
          weightsBytes: [(await stat(join(model.folder, whole.weights.file))).size],
          layersCount: [layers.length],
          factorisedLayersCount: [0],
          effectiveRankShare: layers.map(l => l.effectiveRank / l.values.length),
          ...Object.fromEntries(STEPS.map(step => [`energyAt${step}.energy`, energyAt(step)])),
        },
      }
    }
    const out = join(context.folder, 'model')
    const choice = choiceOf(setup, denseForm(whole, registry).maps)
    const done = await factoriseModel(
      { folder: model.folder, out, method, choice, seed: SEED, now: context.now(), replace: existsSync(out) },
      registry,
      context,
      thread,
    ).catch(error => {
      // biome-ignore format: one thought
      if (nothingSmaller(error)) return undefined
      throw error
    })
    const folder = done ? out : model.folder
    const json = done?.json ?? whole
    const layers: readonly FactorisedLayer[] = done?.layers ?? []
    return {
      folder,
      measures: {
        parameters: [json.weights.parameters],
        weightsBytes: [(await stat(join(folder, json.weights.file))).size],
        factorisedLayersCount: [layers.length],
        ...(layers.length > 0 ? { layerErrorShare: layers.map(l => l.relativeError) } : {}),
      },
    }
  } finally {
    await thread.close()
  }
}

/** A rank goes where it makes a layer smaller. */
function choiceOf(setup: Setup, maps: readonly LayerMap[]): FactoriseRequest['choice'] {
  const names = maps.map(m => m.name)
  if (!('rank' in setup)) return { keptEnergy: setup.keptEnergy, layers: choicesOfPart(names, setup.part, {}) }
  const { rank, part } = setup
  const chosen = maps.filter(m => inPart(m.name, part) && rank <= largestSavingRank(m.out, m.inputs, m.storedRank))
  return { keptEnergy: null, layers: Object.fromEntries(chosen.map(m => [m.name, { rank }])) }
}

/** A choice at which no layer shrinks leaves the model as it is: that is an answer. */
const nothingSmaller = (error: unknown): boolean =>
  error instanceof WorkbenchError && asWorkbenchError(error).message.startsWith('no layer would become smaller')

async function changeOf(
  setup: Setup,
  folder: string,
  recipe: CompressionRecipe,
  context: PointContext,
): Promise<Visit> {
  // biome-ignore format: one line
  const { model } = setup
  const compute = await context.compute()
  const change = await measureChange(
    [model.folder, folder],
    await readModelJson(model.folder),
    model.evaluate ? { recipe: model.evaluate } : {},
    { compute, registry: context.registry, threads: context.threads },
    context,
    { windows: recipe.windows, people: recipe.people, keep: context.sharedFolder },
  )
  return changeMeasures(change)
}

const some = (name: string, values: readonly (number | null | undefined)[]): Visit => {
  const known = values.filter(v => v !== null && v !== undefined)
  return known.length > 0 ? { [name]: known } : {}
}

/** A value a track where there are tracks: their spread is that over tracks. */
function changeMeasures(change: PredictionChange): Visit {
  switch (change.kind) {
    case 'tracks': {
      const worst = worstTrack(change.tracks)
      return {
        ...some('leastPearson', [worst.pearson]),
        ...some('worstScale', [worst.scale]),
        ...some('largestChangeShare', [worst.largestShare]),
        ...some('pearson', change.tracks.map(t => (isLost(t) ? 0 : t.pearson))), // biome-ignore format: one line
        ...some('spearman', change.tracks.map(t => t.spearman)), // biome-ignore format: one line
        ...some('meanPearson', [change.meanPearson]),
        ...some('experimentRBefore', [change.experiment?.before]),
        ...some('experimentRAfter', [change.experiment?.after]),
        ...some('experimentRDifferenceLower', [change.experiment?.interval95?.[0]]),
        ...some('experimentRDifferenceUpper', [change.experiment?.interval95?.[1]]),
      }
    }
    case 'risk':
      return {
        aucBefore: [change.aucBefore],
        aucAfter: [change.aucAfter],
        aucDifference: [change.difference],
        ...some('aucDifferenceLower', [change.interval95?.[0]]),
        ...some('aucDifferenceUpper', [change.interval95?.[1]]),
        largestProbabilityChange: [change.largestProbabilityChange],
        meanProbabilityChange: [change.meanProbabilityChange],
      }
    case 'outputs':
      return { outputChangeShare: [change.relativeChange], ...some('meanPearson', [change.pearson]) }
  }
}
