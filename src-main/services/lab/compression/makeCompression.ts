import { stat } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { asWorkbenchError } from '../../../../src-shared/ipc/errors.ts'
import type { WorkContext } from '../../../../src-shared/job.ts'
import type {
  CompressionChoice,
  CompressionReport,
  PredictionChange,
  SizeAndSpeed,
} from '../../../../src-shared/lab/compression.ts'
import { worstTrack } from '../../../../src-shared/lab/sameness.ts'
import type { Compute } from '../../../compute/client.ts'
import { modelCard } from '../../../models/folder/card.ts'
import { CARD_FILE, MODEL_FILE, type ModelJson } from '../../../models/folder/modelJson.ts'
import { parseModelJson } from '../../../models/folder/parseModelJson.ts'
import type { ModelRegistry } from '../../../models/registry.ts'
import { openReference } from '../../../readers/reference.ts'
import { writeFileAtomic } from '../../../storage/atomic.ts'
import { type Factoriser, factoriseModel } from '../../models/factoriseModel.ts'
import { readModelJson } from '../../models/modelFolder.ts'
import { verifyWeights } from '../../models/verifyWeights.ts'
import type { RecipeFile } from '../../training/recipe.ts'
import type { Repetitions } from '../timedRuns.ts'
import { type ChangeDeps, outputChange, trackChange } from './change.ts'
import { genomeWindows, randomWindows, recipeWindows, type Windows } from './inputs.ts'
import { riskChange } from './riskChange.ts'
import { measureBoth } from './timing.ts'

export interface MakeRequest {
  readonly id: string
  readonly folder: string
  /** Where the smaller model is written. */
  readonly out: string
  readonly choice: CompressionChoice
  readonly now: number
  readonly replace?: boolean
  /** Of NMF and semi-NMF; default 1. */
  readonly seed?: number
  /** Experiments that the model can be judged on. */
  readonly recipe?: RecipeFile
  /** Where no recipe judges it: the genome whose windows it is compared on. */
  readonly referencePath?: string
}

export interface MakeDeps {
  readonly registry: ModelRegistry
  readonly factoriser: Factoriser
  /** A fresh compute process. */
  readonly compute: () => Promise<Compute>
  readonly threads?: number
  /** How often it is timed. */
  readonly timing?: { readonly visits: number; readonly repetitions: Repetitions }
}

export const SEED = 1
export const WINDOWS = 16
export const PEOPLE = 1000
export const TIMING = { visits: 4, repetitions: { warmUp: 3, repeats: 25, seconds: 3 } }

/**
 * Makes a smaller model out of a trained one and measures both: size, time and peak memory in fresh processes taken in turns, change of the
 * predictions. What was measured is written into the smaller model's description.
 */
export async function makeCompression(
  request: MakeRequest,
  deps: MakeDeps,
  context: WorkContext,
): Promise<CompressionReport> {
  const { registry, factoriser } = deps
  const { folder, out, choice } = request
  const of = await readModelJson(folder)
  await verifyWeights(folder, of, context)
  // What it is compared on is read first: it must not fail after minutes of work.
  const windows = of.risk || of.input.type !== 'dna' ? {} : { windows: await windowsFor(of, request, WINDOWS, context) } // biome-ignore format: one thought
  const made = await factoriseModel(
    { folder, out, method: choice.method, choice: { keptEnergy: choice.keptEnergy, layers: choice.layers }, seed: request.seed ?? SEED, now: request.now, replace: request.replace ?? false }, // biome-ignore format: one thought
    registry,
    context,
    factoriser,
  )
  const folders = [folder, out] as const
  const sizes = [await sizeOf(folder, of), await sizeOf(out, made.json)] as const
  const threads = deps.threads === undefined ? {} : { threads: deps.threads }
  const { visits, repetitions } = deps.timing ?? TIMING
  const timing = { folders, batch: 1, visits, repetitions, compute: deps.compute, ...threads }
  const [before, after] = await measureBoth(timing, sizes, registry, context)
  const compute = await deps.compute()
  let change: PredictionChange
  try {
    change = await measureChange(folders, of, { ...request, ...windows }, { compute, registry, ...threads }, context)
  } finally {
    await compute.close()
  }
  const report: CompressionReport = {
    id: request.id,
    of: { id: of.id, name: of.name, kind: of.kind, sha256: of.weights.sha256 },
    model: { id: made.json.id, name: made.json.name },
    method: choice.method,
    choice,
    layers: made.layers,
    kept: made.kept.map(({ name, why }) => ({ name, why })),
    before,
    after,
    batch: 1,
    change,
    createdAt: request.now,
    notes: [
      'Factorised after training and not trained further; metrics of the original do not hold.',
      `Times: ${before.seconds.n} and ${after.seconds.n} runs of one input, in ${visits} fresh processes each, taken in turns. Research use only.`,
      ...(of.limits.length ? [`The model says of itself: ${of.limits[0]}`] : []),
    ],
  }
  await describe(out, made.json, report)
  return report
}

type Compared = Pick<MakeRequest, 'recipe' | 'referencePath'>

/** How predictions changed: tracks on windows of experiments, of a genome or of random bases (and against experiments), risk on simulated people, anything else on random tokens. */
export async function measureChange(
  folders: readonly [string, string],
  json: ModelJson,
  judged: Compared & {
    /** Of a model of tracks: those that were chosen before. */
    readonly windows?: Windows
  },
  deps: ChangeDeps,
  context: WorkContext,
  sizes: { readonly windows: number; readonly people: number; readonly keep?: string } = {
    windows: WINDOWS,
    people: PEOPLE,
  },
): Promise<PredictionChange> {
  if (json.risk)
    return riskChange(
      folders,
      { people: sizes.people, seed: SEED, ...(sizes.keep === undefined ? {} : { keep: sizes.keep }) },
      deps,
      context,
    )
  if (json.input.type !== 'dna') return outputChange(folders, deps, context)
  const windows = judged.windows ?? (await windowsFor(json, judged, sizes.windows, context))
  return trackChange(folders, windows, judged.recipe, deps, context)
}

/** Of experiments where there are some, else of the genome, else random bases: where the genome cannot be read too, which the text says. */
async function windowsFor(
  json: ModelJson,
  { recipe, referencePath }: Compared,
  count: number,
  context: WorkContext,
): Promise<Windows> {
  if (recipe) return recipeWindows(json, recipe, count, context)
  const random = randomWindows(json, count, SEED)
  if (referencePath === undefined) return random
  const name = basename(referencePath)
  const instead = (why: string): Windows => ({ ...random, on: `${random.on}: ${why}` })
  try {
    const reference = await openReference(referencePath)
    try {
      const found = await genomeWindows(json, reference, count, SEED, context)
      return found ?? instead(`${name} has no window of this length without unknown bases`)
    } finally {
      await reference.close()
    }
  } catch (error) {
    const { code, message } = asWorkbenchError(error)
    if (code === 'cancelled') throw error
    return instead(message.replaceAll(referencePath, name)) // cards are given away: without the folder
  }
}

const sizeOf = async (folder: string, json: ModelJson): Promise<Pick<SizeAndSpeed, 'parameters' | 'bytes'>> => ({
  parameters: json.weights.parameters,
  bytes: (await stat(join(folder, json.weights.file))).size,
})

/** Adds what was measured to the description of the smaller model, and to its card. */
async function describe(folder: string, json: ModelJson, report: CompressionReport): Promise<void> {
  const told: ModelJson = {
    ...json,
    provenance: { ...json.provenance, metrics: changeSentences(report.change) },
    limits: [...json.limits, `Measured change: ${changeSentences(report.change)[0]}.`],
  }
  const text = `${JSON.stringify(told, undefined, 2)}\n`
  parseModelJson(text)
  await writeFileAtomic(join(folder, MODEL_FILE), text)
  await writeFileAtomic(join(folder, CARD_FILE), modelCard(told))
}

const r = (x: number | null) => (x === null ? 'undefined' : x.toFixed(4))

/** What changed, in sentences; the first is the shortest account of it. */
export function changeSentences(change: PredictionChange): readonly string[] {
  switch (change.kind) {
    case 'tracks': {
      const worst = worstTrack(change.tracks)
      const moved = worst.largestShare === null ? '; neither scale nor the largest change of a track was recorded' : `, scale ${r(worst.scale)}, a value moved by ${(100 * worst.largestShare).toFixed(1)} % of the largest of its track` // biome-ignore format: one thought
      const own = `predictions agree with those of the original at mean r ${r(change.meanPearson)} over ${change.tracks.length} tracks, at worst r ${r(worst.pearson)}${moved} (${change.on})`
      const e = change.experiment
      if (!e) return [own]
      return [own, `pearson_per_track against experiments ${r(e.before)} before and ${r(e.after)} after${e.interval95 ? ` (difference, 95 %: ${r(e.interval95[0])} to ${r(e.interval95[1])})` : ''}; ${e.protocol}`] // biome-ignore format: one thought
    }
    case 'risk':
      return [`AUC ${r(change.aucBefore)} before and ${r(change.aucAfter)} after${change.interval95 ? ` (difference ${r(change.difference)}, 95 % ${r(change.interval95[0])} to ${r(change.interval95[1])})` : ''}; a probability moved by at most ${r(change.largestProbabilityChange)}, on average ${r(change.meanProbabilityChange)} (${change.people} ${change.on})`] // biome-ignore format: one thought
    case 'outputs':
      return [`outputs move by at most ${(100 * change.relativeChange).toFixed(2)} % of the largest, r ${r(change.pearson)} (${change.on})`] // biome-ignore format: one thought
  }
}
