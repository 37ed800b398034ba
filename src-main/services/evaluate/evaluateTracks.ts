import { formatLocus } from '../../../src-shared/genome/locus.ts'
import { throwIfCancelled, WorkbenchError } from '../../../src-shared/ipc/errors.ts'
import type { WorkContext } from '../../../src-shared/job.ts'
import { chooseTracks } from '../../analyses/chooseTracks.ts'
import { type Comparison, compareJudges, type TrackEvaluation, TrackJudge } from '../../analyses/evaluate.ts'
import { fitKmerRidge, GC_SPANS, KMER_SPANS } from '../../analyses/kmerRidge.ts'
import { type WindowGeometry, windowGeometry } from '../../analyses/predict.ts'
import { type Draw, fillBatch, type TrackRegion, tiledWindows, UNKNOWN_CODE } from '../../analyses/trackBatches.ts'
import type { Compute } from '../../compute/client.ts'
import type { Device, ProviderReport } from '../../compute/engine.ts'
import type { ModelJson, ModelTrack } from '../../models/folder/modelJson.ts'
import type { ModelRegistry } from '../../models/registry.ts'
import { readModelJson } from '../models/modelFolder.ts'
import { verifyWeights } from '../models/verifyWeights.ts'
import { openTrackNetwork } from '../predict/trackNetwork.ts'
import type { RecipeFile } from '../training/recipe.ts'
import { loadTrackData, type TrackData } from '../training/tracks/trackData.ts'
import type { RecipeTrack } from '../training/tracks/trackRecipe.ts'
import { type EvaluationRecipe, type Published, parseEvaluationRecipe } from './evaluateRecipe.ts'

export interface EvaluateRequest {
  readonly model: string
  readonly recipe: RecipeFile
  /** Another model folder, judged on the same windows. */
  readonly compare?: string
  /** Fits GC content and k-mer ridge regression on the recipe's training regions and judges them too. */
  readonly baselines: boolean
  /** Windows whose tracks are given whole, for pictures. */
  readonly panels: number
  readonly resamples: number
  readonly seed: number
  readonly threads?: number
  readonly device?: Device
}

export interface Panel {
  readonly region: string
  readonly binSize: number
  readonly tracks: readonly {
    readonly name: string
    readonly experiment: readonly number[]
    readonly predicted: readonly number[]
    readonly compared?: readonly number[]
  }[]
}

export interface JudgedModel extends TrackEvaluation {
  readonly model: string
  readonly kind: string
  readonly sha256: string
  readonly parameters: number
  readonly device: Readonly<Record<string, number>>
}

export interface Baseline {
  readonly name: string
  readonly features: number
  readonly rows: number
  readonly strength: number
  readonly mean: number | null
  readonly tracks: readonly { readonly name: string; readonly r: number | null }[]
}

export interface EvaluationReport {
  readonly recipe: string
  readonly metric: 'pearson_per_track'
  readonly protocol: string
  readonly windows: number
  readonly regions: readonly string[]
  readonly data: { readonly files: Readonly<Record<string, string>>; readonly cut: string }
  readonly judged: JudgedModel
  readonly compared: (JudgedModel & { readonly comparison: Comparison }) | null
  readonly baselines: readonly Baseline[]
  readonly published: readonly Published[]
  readonly panels: readonly Panel[]
  /** What a person should know before trusting the numbers, in sentences. */
  readonly warnings: readonly string[]
}

/**
 * Judges a model's predictions against experiments on real windows.
 * @throws WorkbenchError `not-found` (a track that the model has not), `bad-input` (windows of two models differ), `build`, `bad-model`, `not-finite`
 */
export async function evaluateTracks(
  request: EvaluateRequest,
  deps: { readonly compute: Compute; readonly registry: ModelRegistry },
  context: WorkContext,
): Promise<EvaluationReport> {
  const recipe = parseEvaluationRecipe(request.recipe)
  const json = await readModelJson(request.model)
  const geometry = windowGeometry(json)
  const other = request.compare === undefined ? undefined : await readModelJson(request.compare)
  if (other) checkSameWindows(json, geometry, other)
  await verifyWeights(request.model, json, context)
  if (other) await verifyWeights(request.compare!, other, context)
  const binSize = recipe.data.tracks[0]!.table.binSize
  if (binSize !== geometry.binBp) throw new WorkbenchError('bad-input', `recipe.data.binSize is ${binSize}, bins of model '${json.id}' are of ${geometry.binBp} bp`, 'evaluate on a recipe of the same bins') // biome-ignore format: one thought
  const splits = request.baselines ? (['train', 'valid', recipe.split] as const) : [recipe.split]
  const data = await loadTrackData(recipe.data, geometry, [...new Set(splits)], 0, context)
  const regions = data.splits[recipe.split]!
  const windows = tiledWindows(regions, geometry)
  const own = await judge({ folder: request.model, json, recipe, data, geometry, windows, request }, deps, context)
  const second = other && (await judge({ folder: request.compare!, json: other, recipe, data, geometry, windows, request }, deps, context)) // biome-ignore format: one thought
  const { resamples, seed } = request
  return {
    recipe: recipe.name,
    metric: 'pearson_per_track',
    protocol: `one r a track over all bins of ${geometry.binBp} bp of ${windows.length} windows of ${geometry.windowBp} bp whose kept bins lie edge to edge; forward strand; targets transformed as the recipe says; constant tracks left out; intervals: percentiles of ${resamples} resamples of windows, seed ${seed}`,
    windows: windows.length,
    regions: data.regions[recipe.split]!,
    data: { files: data.files, cut: data.sha256 },
    judged: own.report(resamples, seed),
    compared: second ? { ...second.report(resamples, seed), comparison: compareJudges([own.judge, second.judge], resamples, seed) } : null, // biome-ignore format: one thought
    baselines: request.baselines ? baselines(data, recipe, regions, geometry, context) : [],
    published: recipe.published,
    panels: panelsOf(own, second, recipe, geometry, windows, request.panels),
    warnings: [...otherGenome(json, recipe), ...(other ? otherGenome(other, recipe) : []), ...unknownWindows(windows, geometry)], // biome-ignore format: one list
  }
}

function checkSameWindows(a: ModelJson, geometry: WindowGeometry, b: ModelJson): void {
  const g = windowGeometry(b)
  const say = (x: WindowGeometry) => `${x.bins} bins of ${x.binBp} bp in windows of ${x.windowBp} bp`
  if (say(g) !== say(geometry)) throw new WorkbenchError('bad-input', `models '${a.id}' and '${b.id}' answer for other windows: ${say(geometry)}, ${say(g)}`, 'compare models of the same windows') // biome-ignore format: one thought
}

const ASSEMBLY: Readonly<Record<string, string>> = { hg38: 'grch38', hg19: 'grch37' }
const assembly = (name: string): string => ASSEMBLY[name.toLowerCase()] ?? name.toLowerCase()

function otherGenome({ id, input }: ModelJson, { data }: EvaluationRecipe): string[] {
  const trained = input.type === 'dna' ? input.genome : null
  return trained !== null && assembly(trained) !== assembly(data.genome)
    ? [`model '${id}' was made for ${trained}, the recipe's experiments are on ${data.genome}`]
    : []
}

/** Windows that say little: more than half of what the network reads is unknown. */
function unknownWindows(windows: readonly Draw[], { windowBp, binBp, cropBins }: WindowGeometry): string[] {
  const dark = windows.filter(({ region, bin }) => {
    const first = (bin - cropBins) * binBp + region.marginBp
    let known = 0
    for (let i = first; i < first + windowBp; i++) if ((region.codes[i] ?? UNKNOWN_CODE) !== UNKNOWN_CODE) known++
    return known < windowBp / 2
  })
  return dark.length ? [`in ${dark.length} of ${windows.length} windows over half of the bases are unknown (N)`] : []
}

interface Work {
  readonly folder: string
  readonly json: ModelJson
  readonly recipe: EvaluationRecipe
  readonly data: TrackData
  readonly geometry: WindowGeometry
  readonly windows: readonly Draw[]
  readonly request: EvaluateRequest
}

interface JudgedWindows {
  readonly judge: TrackJudge
  /** Predictions [bins, tracks] of the first windows. */
  readonly shown: readonly Float32Array[]
  report(resamples: number, seed: number): JudgedModel
}

async function judge(
  work: Work,
  deps: { readonly compute: Compute; readonly registry: ModelRegistry },
  context: WorkContext,
): Promise<JudgedWindows> {
  const { json, geometry, windows, recipe, request } = work
  const channels = recipe.data.tracks.map(track => channelOf(track, json))
  const tracks = channels.map(channel => json.tracks[channel]!)
  const load = { device: request.device ?? ('cpu' as const), workload: 'fixed' as const, ...(request.threads !== undefined ? { threads: request.threads } : {}) } // biome-ignore format: one thought
  const network = await openTrackNetwork({ folder: work.folder, json, channels, batch: 1, load }, deps.compute, deps.registry, context) // biome-ignore format: one thought
  const judging = new TrackJudge(tracks)
  const shown: Float32Array[] = []
  let provider: ProviderReport
  try {
    const columns = channels.map(channel => network.columns.get(channel)!)
    const unknown = json.input.type === 'dna' ? json.input.unknown : 'zeros'
    const plan = { geometry, unknown, tracks: channels.length, strandPartners: work.data.strandPartners, batch: 1 }
    for (const [i, window] of windows.entries()) {
      throwIfCancelled(context.signal)
      context.report({ phase: `evaluating ${json.id}`, done: i, total: windows.length })
      const { sequences, targets } = fillBatch([window], plan)
      const [values] = await network.run(sequences, context.signal)
      const predicted = pickColumns(values!, network.columns.size, columns)
      const odd = predicted.findIndex(x => !Number.isFinite(x))
      if (odd >= 0) throw new WorkbenchError('not-finite', `model '${json.id}' predicts ${predicted[odd]} in ${regionOf(window, geometry)}`, 'check the model with `diploscope models check`') // biome-ignore format: one thought
      judging.add(regionOf(window, geometry), predicted, targets)
      if (i < request.panels) shown.push(predicted)
    }
    provider = network.provider
  } finally {
    await network.close()
  }
  const { id, kind, weights } = json
  return {
    judge: judging,
    shown,
    report: (resamples, seed) => ({ model: id, kind, sha256: weights.sha256, parameters: weights.parameters, device: provider.ran, ...judging.evaluation(resamples, seed) }), // biome-ignore format: one thought
  }
}

const regionOf = ({ region, bin }: Draw, { binBp, bins }: WindowGeometry): string =>
  formatLocus({ contig: region.contig, start: region.start + bin * binBp, end: region.start + (bin + bins) * binBp })

function pickColumns(values: Float32Array, width: number, columns: readonly number[]): Float32Array {
  const rows = values.length / width
  const out = new Float32Array(rows * columns.length)
  for (let r = 0; r < rows; r++) columns.forEach((c, t) => { out[r * columns.length + t] = values[r * width + c]! }) // biome-ignore format: one thought
  return out
}

/** The channel that predicts a track of the recipe: by identifier, else by name. @throws WorkbenchError `not-found` */
function channelOf({ table }: RecipeTrack, json: ModelJson): number {
  const one = (test: (t: ModelTrack) => boolean) => {
    const found = json.tracks.flatMap((t, i) => (test(t) ? [i] : []))
    return found.length === 1 ? found[0] : undefined
  }
  const channel = one(t => t.sourceId === table.sourceId) ?? one(t => t.name === table.name)
  if (channel === undefined) throw new WorkbenchError('not-found', `model '${json.id}' has no track '${table.sourceId}' and none named '${table.name}'`, `give the recipe's track the sourceId of one of: ${chooseTracks(undefined, json.tracks).slice(0, 5).map(i => json.tracks[i]!.sourceId ?? json.tracks[i]!.name).join(', ')}`) // biome-ignore format: one thought
  return channel
}

/** GC content and k-mers, fitted on the training regions, judged on the bins of the same windows. */
function baselines(
  data: TrackData,
  recipe: EvaluationRecipe,
  regions: readonly TrackRegion[],
  geometry: WindowGeometry,
  context: WorkContext,
): Baseline[] {
  const tracks = recipe.data.tracks.map(t => t.table)
  return (
    [
      ['GC content, ridge regression', GC_SPANS],
      [`GC content and k-mers (k to ${KMER_SPANS.k}), ridge regression`, KMER_SPANS],
    ] as const
  ).map(([name, spans]) => {
    // biome-ignore format: one thought
    const fit = fitKmerRidge(data.splits.train!, data.splits.valid!, {
      binBp: geometry.binBp,
      strandPartners: data.strandPartners,
      spans,
      onPart: () => context.report({ phase: `fitting ${name}`, done: 0, total: 0 }),
    })
    const judging = new TrackJudge(tracks)
    for (const region of regions) {
      const kept = Math.floor(region.bins / geometry.bins) * geometry.bins * tracks.length
      judging.add(region.contig, fit.predict(region).subarray(0, kept), region.targets.subarray(0, kept))
    }
    const { mean, tracks: each } = judging.evaluation(0, 0)
    return { name, features: fit.features, rows: fit.rows, strength: fit.strength, mean: mean.r, tracks: each.map(t => ({ name: t.name, r: t.r })) } // biome-ignore format: one thought
  })
}

function panelsOf(
  own: JudgedWindows,
  second: JudgedWindows | undefined,
  recipe: EvaluationRecipe,
  geometry: WindowGeometry,
  windows: readonly Draw[],
  count: number,
): Panel[] {
  const n = recipe.data.tracks.length
  return windows.slice(0, count).map((window, i) => {
    const column = (values: ArrayLike<number>, t: number) =>
      Array.from({ length: geometry.bins }, (_, b) => values[b * n + t]!)
    const from = window.bin * n
    const target = window.region.targets.subarray(from, from + geometry.bins * n)
    return {
      region: regionOf(window, geometry),
      binSize: geometry.binBp,
      tracks: recipe.data.tracks.map(({ table }, t) => ({
        name: table.name,
        experiment: column(target, t),
        predicted: column(own.shown[i]!, t),
        ...(second ? { compared: column(second.shown[i]!, t) } : {}),
      })),
    }
  })
}
