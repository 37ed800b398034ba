import { createHash } from 'node:crypto'
import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { WorkbenchError } from '../../../../src-shared/ipc/errors.ts'
import { elementCount, float32, type Tensor, type Tensors } from '../../../../src-shared/tensor.ts'
import { drawWindows, fillBatch } from '../../../analyses/trackBatches.ts'
import type { TrackCorrelations } from '../../../domain/statistics/pearson.ts'
import { learningRate } from '../../../graph/optimizer/schedule.ts'
import { MODEL_FILE } from '../../../models/folder/modelJson.ts'
import type { Json } from '../checkpoint.ts'
import { readingRecipe } from '../recipe.ts'
import type { TaskRunner, TrainRequest } from '../tasks.ts'
import { trainLoop, type Validation } from '../trainLoop.ts'
import { meanTargets, withMeanBias } from './headBias.ts'
import { named, startWeights } from './startWeights.ts'
import { loadTrackData, type TrackData } from './trackData.ts'
import { trackArchitecture } from './trackGeometry.ts'
import { SEQUENCE, TARGET, trackForwardGraph, trackTrainingGraph } from './trackGraphs.ts'
import { parseTrackRecipe, SPLITS, type TrackRecipe } from './trackRecipe.ts'
import { type ScoreRequest, scoreTracks } from './trackScores.ts'
import { writeTrainedTracks } from './writeTrained.ts'

/** Where the best weights so far stand, in validations. */
interface Best {
  readonly score: number
  readonly step: number
  /** Validations since then. */
  readonly since: number
}

/**
 * Trains a network of sequence to tracks: batches drawn from the training regions, the mean correlation per track on the validation
 * regions every so many steps, the best weights kept, and at the end judged on the test regions and written as a model folder.
 */
export const trainTracks: TaskRunner = async (request, deps, context) => {
  const { compute, registry } = deps
  const recipe = parseTrackRecipe(request.recipe)
  const seed = request.seed ?? recipe.training.seed
  await checkTarget(request)
  const geometry = readingRecipe(request.recipe, () => trackArchitecture(recipe.kind, recipe.architecture))
  const model = readingRecipe(request.recipe, () => registry.configure(recipe.kind, recipe.architecture))
  checkHead(recipe, geometry.outputs, geometry.binBp)
  const data = await loadTrackData(recipe.data, geometry, SPLITS, recipe.training.augmentation.shiftBp, context)
  deps.note(sayData(data))
  const given = await startWeights(model.parameters, seed, recipe.pattern, recipe.start)
  const start = recipe.training.headBias === 'zero' ? given : withMeanBias(given, geometry.headBias, meanTargets(data.splits.train!, recipe.data.tracks.length)) // biome-ignore format: one thought
  const structure = new Map<string, ArrayLike<number>>()
  for (const spec of model.parameters) if (spec.structure) structure.set(spec.name, start.weights.get(spec.name)!.data as Int32Array) // biome-ignore format: one thought
  const { train } = recipe.start ?? { train: [] }
  const graphOf = (batch: number) => trackTrainingGraph(model, { ...recipe.training, batch }, structure, name => train.length === 0 || named(train, name)) // biome-ignore format: one thought
  const graph = graphOf(recipe.training.batch)
  if (recipe.start) deps.note(`from '${recipe.start.model}': ${start.taken.length} tensors taken over, ${graph.trained.length} trained, all others frozen`) // biome-ignore format: one thought
  const planned = ({ outputs }: typeof graph) => ({ graph: outputs[0]!.graph, outputs, runs: recipe.training.steps, work: 'training', workload: 'fixed' }) as const // biome-ignore format: one line
  await deps.plan?.(planned(graph), { batch: recipe.training.batch, graph: batch => planned(graphOf(batch)) })
  const forward = trackForwardGraph(model, recipe.training.batch, structure)
  const load = { workload: 'fixed' as const, device: request.device ?? 'cpu', ...(request.threads !== undefined ? { threads: request.threads } : {}) } // biome-ignore format: one thought
  const session = await compute.load(graph.onnx, load, context.signal)
  const judging = await compute.load(forward.onnx, load, context.signal)
  const scoring = (weights: Tensors): ScoreRequest => ({
    session: judging,
    weights,
    output: forward.output,
    batch: recipe.training.batch,
    geometry,
    tracks: recipe.data.tracks.length,
    strandPartners: data.strandPartners,
  })
  const pick = (state: Tensors) => Object.fromEntries(forward.inputs.map(name => [name, state[name]!]))
  const validation: Validation = {
    every: recipe.training.validateEvery,
    async run(step, fetch, before) {
      const weights = await fetch(forward.inputs)
      const scores = (
        await scoreTracks(data.splits.valid!, scoring(weights), compute, { ...context, report() {} })
      ).result()
      const best = before?.memory as unknown as Best | undefined
      const score = scores.mean ?? -1
      const better = !best || score > best.score
      const now: Best = better ? { score, step, since: 0 } : { ...best, since: best.since + 1 }
      deps.note(`step ${step}: validation r ${score.toFixed(4)}${better ? ', the best so far' : ''}`)
      return {
        metrics: validationLine(scores, recipe),
        memory: { ...now } as unknown as Json,
        kept: better ? weights : before!.kept,
        stop: now.since >= recipe.training.patience,
      }
    },
  }
  const plan = {
    geometry,
    tracks: recipe.data.tracks.length,
    strandPartners: data.strandPartners,
    batch: recipe.training.batch,
    augmentation: recipe.training.augmentation,
    seed,
  }
  const { batch } = recipe.training
  const done = await trainLoop(
    {
      compute,
      session,
      initialState: () => initialState(graph, start.weights),
      async batch(cursor) {
        const { step } = cursor as { step: number }
        const { sequences, targets } = fillBatch(drawWindows(data.splits.train!, plan, step), plan)
        return {
          tensors: {
            [SEQUENCE]: float32(sequences, [batch, geometry.windowBp, 4]),
            [TARGET]: float32(targets, [batch, geometry.bins, plan.tracks]),
          },
          cursor: { step: step + 1 },
        }
      },
      firstCursor: { step: 0 },
      rate: step => learningRate(recipe.training.schedule, step),
      seed,
      steps: recipe.training.steps,
      checkpointEvery: recipe.training.checkpointEvery,
      fingerprint: fingerprint(request, data, seed, start.source?.sha256),
      validation,
      ...(deps.onStep ? { onStep: deps.onStep } : {}),
    },
    request.out,
    context,
    { resume: request.resume },
  )
  const best = done.standing!.memory as unknown as Best
  const kept = pick(done.standing!.kept)
  const [valid, test] = [
    (await scoreTracks(data.splits.valid!, scoring(kept), compute, context)).result(),
    (await scoreTracks(data.splits.test!, scoring(kept), compute, context)).result(),
  ]
  return writeTrainedTracks({ request, recipe, geometry, data, start, structure, kept, seed, best, steps: done.step, scores: { valid, test }, model, provider: session.provider }, context) // biome-ignore format: one thought
}

/** A folder that holds a finished model is not trained over; what is neither a model nor a training is not touched. */
async function checkTarget({ out, resume }: TrainRequest): Promise<void> {
  const names = await readdir(out).catch((): string[] => [])
  if ((await stat(join(out, MODEL_FILE)).catch(() => undefined))?.isFile()) throw new WorkbenchError('bad-input', `'${out}' holds a finished model`, 'choose another folder, or remove it first') // biome-ignore format: one thought
  if (names.length && !resume && !names.includes('metrics.jsonl')) throw new WorkbenchError('bad-input', `'${out}' holds other files`, 'choose an empty or a new folder') // biome-ignore format: one thought
}

function checkHead(recipe: TrackRecipe, outputs: ReadonlyMap<string, number>, binBp: number): void {
  const { tracks } = recipe.data
  const [entry, more] = [...outputs]
  const head = tracks[0]!.table.head
  if (more || entry![0] !== head || entry![1] !== tracks.length)
    throw new WorkbenchError('bad-input', `recipe.model.architecture.outputs is ${JSON.stringify(Object.fromEntries(outputs))}, the recipe has ${tracks.length} tracks of head '${head}'`, `set it to {"${head}": ${tracks.length}}`) // biome-ignore format: one thought
  if (tracks[0]!.table.binSize !== binBp) throw new WorkbenchError('bad-input', `recipe.data.binSize is ${tracks[0]!.table.binSize}, the network's bins are of ${binBp} bp`, `set it to ${binBp}`) // biome-ignore format: one thought
}

function initialState(graph: ReturnType<typeof trackTrainingGraph>, weights: ReadonlyMap<string, Tensor>): Tensors {
  const state: Record<string, Tensor> = {}
  for (const name of graph.inputs) state[name] = weights.get(name)!
  for (const [name, { shape }] of graph.moments) state[name] = float32(new Float32Array(elementCount(shape)), shape)
  return state
}

function validationLine(scores: TrackCorrelations, recipe: TrackRecipe): Record<string, number> {
  const line: Record<string, number> = { validation: scores.mean ?? Number.NaN }
  scores.perTrack.forEach((r, i) => {
    if (r !== undefined) line[`validation ${recipe.data.tracks[i]!.table.name}`] = r
  })
  return line
}

const fingerprint = (request: TrainRequest, data: TrackData, seed: number, start = ''): string =>
  createHash('sha256')
    .update(JSON.stringify([request.recipe.text, data.sha256, seed, start]))
    .digest('hex')

const sayData = (data: TrackData): string =>
  SPLITS.map(split => `${split} ${data.regions[split]!.join(', ')}`).join('; ')
