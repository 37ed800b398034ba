import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { WorkbenchError } from '../../../../src-shared/ipc/errors.ts'
import type { Factors } from '../../../../src-shared/lab/result.ts'
import { MODEL_FILE } from '../../../models/folder/modelJson.ts'
import { writeFileAtomic } from '../../../storage/atomic.ts'
import { evaluateTracks } from '../../evaluate/evaluateTracks.ts'
import { readModelJson } from '../../models/modelFolder.ts'
import { trainTracks } from '../../training/tracks/trainTracks.ts'
import type { ExperimentReader, PointContext, PointPlan, Visit } from '../experiment.ts'
import { type ParityPair, type ParityRecipe, type ParitySide, readParityRecipe } from './parityRecipe.ts'
import { type Interval, type JudgedSide, type ParityReport, readParityReport } from './parityReport.ts'

const SIDES = ['full', 'sparse'] as const
type SideName = (typeof SIDES)[number]

/** Of the bootstrap over windows. */
const SEED = 1
const EVALUATION_SECONDS = 30

interface Work {
  readonly plan: PointPlan
  run(context: PointContext): Promise<Visit>
}

/**
 * Full against sparse attention on the same windows: Figures 4 to 6 of the S-Enformer report. Models are trained as the recipe says, or
 * taken from folders; then judged; then each figure is a point, by pair, track type and metric. The two metrics are never one: mean of r
 * per track, and r pooled over the tracks of a type window by window.
 */
export const readSparseParity: ExperimentReader = async file => {
  const recipe = await readParityRecipe(file)
  const works = recipe.pairs.flatMap((pair, i) => [...preparing(pair, i, recipe), ...reading(pair, i)])
  const byPlan = new Map(works.map(w => [w.plan, w]))
  return {
    name: 'sparse-parity',
    visits: 1,
    pointLimitSeconds: recipe.pointLimitSeconds,
    notes: notesOf(recipe),
    points: works.map(w => w.plan),
    visit: (point, context) => byPlan.get(point)!.run(context),
  }
}

/** Trainings and the evaluation of a pair: what its figures are read from. */
function preparing(pair: ParityPair, index: number, { trainingSeconds, resamples }: ParityRecipe): Work[] {
  const { judged } = pair
  if (judged.kind === 'report') return []
  const folderOf = (name: SideName, context: PointContext): string => {
    const side = judged[name]
    return side.kind === 'folder' ? side.folder : join(context.sharedFolder, `pair-${index + 1}-${name}`)
  }
  const trainings = SIDES.flatMap((name): Work[] => {
    const side = judged[name]
    if (side.kind === 'folder') return []
    const factors: Factors = { pair: pair.name, job: 'training', model: name }
    const estimate = trainingSeconds === undefined ? {} : { estimateSeconds: trainingSeconds }
    return [{ plan: { factors, ...estimate }, run: context => train(side, folderOf(name, context), context) }]
  })
  const evaluation: Work = {
    plan: { factors: { pair: pair.name, job: 'evaluation' }, estimateSeconds: EVALUATION_SECONDS },
    async run(context) {
      const [model, compare] = SIDES.map(name => folderOf(name, context)) as [string, string]
      for (const folder of [model, compare]) await checkTrained(folder)
      const { evaluation: judgedOn } = judged
      const request = { model, compare, recipe: judgedOn, baselines: false, panels: 0, resamples, seed: SEED, threads: context.threads } // biome-ignore format: one thought
      const report = await evaluateTracks(request, { compute: await context.compute(), registry: context.registry }, context) // biome-ignore format: one thought
      await writeFileAtomic(reportPath(index, context), JSON.stringify(report))
      return { windows: [report.windows] }
    },
  }
  return [...trainings, evaluation]
}

const reportPath = (index: number, { sharedFolder }: PointContext) => join(sharedFolder, `pair-${index + 1}.json`)

async function checkTrained(folder: string): Promise<void> {
  if (await stat(join(folder, MODEL_FILE)).catch(() => undefined)) return
  throw new WorkbenchError('not-found', 'a model of this pair was not trained', 'see why its training failed')
}

/** Trains, or goes on with a training that was stopped; one that had ended, and was not noted, is not repeated. */
async function train(side: Extract<ParitySide, { kind: 'train' }>, out: string, context: PointContext): Promise<Visit> {
  if (await stat(join(out, MODEL_FILE)).catch(() => undefined)) {
    const { weights } = await readModelJson(out)
    return { steps: [side.steps], parameters: [weights.parameters] }
  }
  const times: number[] = []
  let last: number | undefined
  const { threads, registry, now } = context
  const done = await trainTracks(
    { recipe: side.recipe, out, resume: true, seed: side.seed, threads, now: now() },
    {
      compute: await context.compute(),
      registry,
      note() {},
      onStep() {
        const at = performance.now()
        if (last !== undefined) times.push((at - last) / 1000)
        last = at
      },
    },
    context,
  )
  return {
    steps: [done.steps],
    keptSteps: [done.keptStep],
    parameters: [done.parameters],
    ...(times.length > 0 ? { stepSeconds: times } : {}),
  }
}

/** The figures of a pair, each read from its report. */
function reading(pair: ParityPair, index: number): Work[] {
  const { judged } = pair
  const point = (factors: Factors, of: (report: ParityReport) => Visit): Work => ({
    plan: { factors: { pair: pair.name, ...factors }, estimateSeconds: 0.05 },
    async run(context) {
      if (judged.kind === 'report') return of(judged.report)
      const path = reportPath(index, context)
      if (!(await stat(path).catch(() => undefined))) throw new WorkbenchError('not-found', 'this pair was not evaluated', 'see why its evaluation failed') // biome-ignore format: one thought
      return of(await readParityReport(path))
    },
  })
  const types = [...new Set(pair.tracks.map(t => t.type))]
  const perTrack = SIDES.flatMap(model => [
    point({ metric: 'pearson_per_track', model, type: 'all' }, r => estimateOf(r[model].mean)),
    ...types.map(type => point({ metric: 'pearson_per_track', model, type }, r => estimateOf(assay(r[model], type)))),
    ...pair.tracks.map(({ name, type }) =>
      point({ metric: 'pearson_per_track', model, type, track: name }, r =>
        estimateOf(r[model].tracks.find(t => t.name === name)),
      ),
    ),
  ])
  return [
    ...perTrack,
    point({ metric: 'difference_per_track', type: 'all' }, r => estimateOf(r.difference)),
    ...types.map(type => point({ metric: 'pearson_pooled', type }, r => pooledOf(r, type))),
    ...types.flatMap(type =>
      Array.from({ length: pair.windows }, (_, window) =>
        point({ metric: 'pearson_pooled', type, window: window + 1 }, r => windowOf(r, type, window)),
      ),
    ),
  ]
}

const undefinedR = (what: string) => new WorkbenchError('not-finite', `${what} is undefined: constant over the windows`, 'judge on more windows') // biome-ignore format: one line

const assay = (side: JudgedSide, type: string) => side.assays.find(a => a.assay === type)

function estimateOf(estimate: Interval | undefined): Visit {
  if (!estimate || estimate.r === null) throw undefinedR('r')
  const ends = estimate.interval95
  return { r: [estimate.r], ...(ends ? { low95: [ends[0]], high95: [ends[1]] } : {}) }
}

function pooledOf({ byAssay, points }: ParityReport, type: string): Visit {
  const found = byAssay.find(a => a.assay === type)
  const own = points.filter(p => p.assay === type)
  if (!found || own.length === 0) throw undefinedR('pooled r')
  return {
    fullPooled: own.map(p => p.x),
    sparsePooled: own.map(p => p.y),
    fullMean: [found.meanFull],
    sparseMean: [found.meanSparse],
    sparseAtLeastShare: [found.sparseAtLeast],
    ...(found.r === null ? {} : { betweenModels: [found.r] }),
  }
}

function windowOf({ points }: ParityReport, type: string, window: number): Visit {
  const own = points.filter(p => p.assay === type)[window]
  if (!own) throw undefinedR(`pooled r of window ${window + 1}`)
  return { fullPooled: [own.x], sparsePooled: [own.y] }
}

function notesOf({ pairs, notes }: ParityRecipe): string[] {
  const trained = pairs.flatMap(p => (p.judged.kind === 'models' ? SIDES.flatMap(s => describeSide(p, s)) : []))
  return [
    ...notes,
    ...trained,
    'r per track is the mean over tracks of one r a track over all bins of all windows. Pooled r is one r over the bins of a window and all tracks of a type, averaged over windows: it is dominated by differences of scale between tracks, and the two are not to be compared.', // biome-ignore format: one sentence
    'Intervals are percentiles of resamples of windows: they tell the chance of which windows were judged, not that of the training.',
    'Research use only.',
  ]
}

function describeSide(pair: ParityPair, name: SideName): string[] {
  const side = pair.judged.kind === 'models' ? pair.judged[name] : undefined
  if (side?.kind !== 'train') return []
  const model = side.recipe.json['model'] as {
    readonly kind?: unknown
    readonly architecture?: Record<string, unknown>
  }
  const { length, layers, block, randomBlocks } = model.architecture ?? {}
  const pattern = block === undefined ? '' : `, blocks of ${block} tokens, ${randomBlocks} random ones`
  return [`${pair.name}, ${name}: ${model.kind}, ${length} bp, ${layers} layers${pattern}; ${side.steps} steps, seed ${side.seed}.`] // biome-ignore format: one thought
}
