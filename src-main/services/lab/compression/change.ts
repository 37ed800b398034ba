import type { WorkContext } from '../../../../src-shared/job.ts'
import type { PredictionChange } from '../../../../src-shared/lab/compression.ts'
import { isLost } from '../../../../src-shared/lab/sameness.ts'
import type { Compute } from '../../../compute/client.ts'
import { TrackPearson } from '../../../domain/statistics/pearson.ts'
import { spearman } from '../../../domain/statistics/spearman.ts'
import type { ModelJson } from '../../../models/folder/modelJson.ts'
import type { ModelRegistry } from '../../../models/registry.ts'
import { evaluateTracks } from '../../evaluate/evaluateTracks.ts'
import { readModelJson } from '../../models/modelFolder.ts'
import { openTrackNetwork } from '../../predict/trackNetwork.ts'
import type { RecipeFile } from '../../training/recipe.ts'
import type { Windows } from './inputs.ts'
import { openForRuns } from './timing.ts'

export interface ChangeDeps {
  readonly compute: Compute
  readonly registry: ModelRegistry
  readonly threads?: number
}

/** Predictions of every track over all windows, [bins of all windows, tracks] in the order of the track table. */
export async function predictAll(
  folder: string,
  windows: Windows,
  { compute, registry, threads }: ChangeDeps,
  context: WorkContext,
): Promise<{ readonly json: ModelJson; readonly values: Float32Array }> {
  const json = await readModelJson(folder)
  const channels = json.tracks.map((_, i) => i)
  const load = { device: 'cpu' as const, workload: 'fixed' as const, ...(threads === undefined ? {} : { threads }) }
  const network = await openTrackNetwork({ folder, json, channels, batch: 1, load }, compute, registry, context)
  try {
    const parts: Float32Array[] = []
    for (const [i, sequence] of windows.sequences.entries()) {
      context.report({ phase: `predicting with ${json.id}`, done: i, total: windows.sequences.length })
      const [values] = await network.run(sequence, context.signal)
      parts.push(inTableOrder(values!, channels.map(c => network.columns.get(c)!), network.columns.size)) // biome-ignore format: one thought
    }
    const out = new Float32Array(parts.reduce((n, p) => n + p.length, 0))
    let at = 0
    for (const part of parts) {
      out.set(part, at)
      at += part.length
    }
    return { json, values: out }
  } finally {
    await network.close()
  }
}

function inTableOrder(values: Float32Array, columns: readonly number[], width: number): Float32Array {
  const rows = values.length / width
  const out = new Float32Array(rows * columns.length)
  for (let r = 0; r < rows; r++) columns.forEach((c, t) => { out[r * columns.length + t] = values[r * width + c]! }) // biome-ignore format: one thought
  return out
}

/** Pearson's and Spearman's r of each track, after with before, its scale and largest change, over all bins of all windows. */
export function comparePredictions(
  names: readonly string[],
  before: Float32Array,
  after: Float32Array,
): Pick<Extract<PredictionChange, { kind: 'tracks' }>, 'tracks' | 'meanPearson' | 'largestChange'> {
  const pearson = new TrackPearson(names.length)
  pearson.add(after, before)
  const { perTrack } = pearson.result()
  const rows = before.length / names.length
  const column = (values: Float32Array, t: number) => Float32Array.from({ length: rows }, (_, r) => values[r * names.length + t]!) // biome-ignore format: one thought
  let largest = 0
  for (let i = 0; i < before.length; i++) largest = Math.max(largest, Math.abs(after[i]! - before[i]!))
  const tracks = names.map((name, t) => {
    const [then, now] = [column(before, t), column(after, t)]
    return {
      name,
      pearson: perTrack[t] ?? null,
      spearman: spearman(now, then) ?? null,
      scale: perTrack[t] === undefined ? null : deviation(now) / deviation(then),
      largestShare: largestShare(then, now),
    }
  })
  // The mean must not rise because a track that was predicted is not any more.
  const counted = tracks.flatMap(t => (isLost(t) ? [0] : (t.pearson ?? [])))
  return {
    tracks,
    meanPearson: counted.length > 0 ? counted.reduce((sum, r) => sum + r, 0) / counted.length : null,
    largestChange: largest,
  }
}

/** Standard deviation, in float64 about the mean. */
function deviation(values: Float32Array): number {
  let mean = 0
  for (const v of values) mean += v / values.length
  let squares = 0
  for (const v of values) squares += (v - mean) ** 2 / values.length
  return Math.sqrt(squares)
}

function largestShare(before: Float32Array, after: Float32Array): number {
  let [moved, size] = [0, 0]
  before.forEach((b, i) => {
    moved = Math.max(moved, Math.abs(after[i]! - b))
    size = Math.max(size, Math.abs(b))
  })
  return moved === 0 ? 0 : size === 0 ? 1 : moved / size
}

/** Change of the tracks of a sequence model on given windows, and against experiments where a recipe of them is given. */
export async function trackChange(
  folders: readonly [before: string, after: string],
  windows: Windows,
  recipe: RecipeFile | undefined,
  deps: ChangeDeps,
  context: WorkContext,
): Promise<PredictionChange> {
  const before = await predictAll(folders[0], windows, deps, context)
  const after = await predictAll(folders[1], windows, deps, context)
  const names = before.json.tracks.map(t => t.name)
  return {
    kind: 'tracks',
    on: windows.on,
    ...comparePredictions(names, before.values, after.values),
    experiment: recipe ? await againstExperiments(folders, recipe, deps, context) : null,
  }
}

const RESAMPLES = 1000

async function againstExperiments(
  [before, after]: readonly [string, string],
  recipe: RecipeFile,
  deps: ChangeDeps,
  context: WorkContext,
): Promise<Extract<PredictionChange, { kind: 'tracks' }>['experiment']> {
  const report = await evaluateTracks(
    { model: before, compare: after, recipe, baselines: false, panels: 0, resamples: RESAMPLES, seed: 1, ...(deps.threads === undefined ? {} : { threads: deps.threads }) }, // biome-ignore format: one thought
    deps,
    context,
  )
  const { judged, compared } = report
  return {
    protocol: `${report.recipe}: ${report.protocol}`,
    before: judged.mean.r,
    after: compared?.mean.r ?? null,
    interval95: compared?.comparison.difference.interval95 ?? null,
    tracks: judged.tracks.map((t, i) => ({ name: t.name, before: t.r, after: compared?.tracks[i]?.r ?? null })),
  }
}

/** Change of the outputs of a token model that scores nobody: on seeded random tokens. */
export async function outputChange(
  folders: readonly [before: string, after: string],
  deps: ChangeDeps,
  context: WorkContext,
  seeds: readonly number[] = [1, 2, 3, 4],
): Promise<PredictionChange> {
  const outputs: [number[], number[]] = [[], []]
  for (const which of [0, 1] as const)
    for (const seed of seeds) {
      const open = await openForRuns({ folder: folders[which], batch: 1, seed }, deps.compute, deps.registry, context)
      try {
        for (const values of Object.values(await open.run(context.signal))) outputs[which].push(...values)
      } finally {
        await open.close()
      }
    }
  const [before, after] = outputs
  const pearson = new TrackPearson(1)
  pearson.add(after, before)
  let [largest, size] = [0, 0]
  before.forEach((x, i) => {
    largest = Math.max(largest, Math.abs(after[i]! - x))
    size = Math.max(size, Math.abs(x))
  })
  return {
    kind: 'outputs',
    on: `${seeds.length} sequences of random tokens (seeds ${seeds.join(', ')}), which are nobody's`,
    relativeChange: size === 0 ? 0 : largest / size,
    pearson: pearson.result().mean ?? null,
  }
}
