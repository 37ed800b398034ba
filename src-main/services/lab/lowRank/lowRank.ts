import { WorkbenchError } from '../../../../src-shared/ipc/errors.ts'
import type { ExperimentReader, PointPlan } from '../experiment.ts'
import { encoderParameters, inferenceRun, type LowRankModel, largestBatch, trainingRun } from './lowRankNetworks.ts'
import { LOW_RANK_JOBS, type LowRankJob, type LowRankRecipe, parseLowRankRecipe } from './lowRankRecipe.ts'
import { visitLowRank } from './visitLowRank.ts'

/** A point of the experiment. */
export interface LowRankSetup {
  readonly model: LowRankModel
  readonly tokens: number
  readonly batch: number
  readonly job: LowRankJob
}

/**
 * Time, memory and size of the low-rank transformer and Linformer against the transformer (chapter 3 of the Greenformers thesis): the
 * sequence length n and the rank r (or k) vary, the batch is the transformer's largest at that length.
 */
export const readLowRankExperiment: ExperimentReader = async file => {
  const recipe = parseLowRankRecipe(file)
  const setups = await setupsOf(recipe)
  const points = new Map(setups.map(setup => [planOf(setup, recipe), setup]))
  return {
    name: 'low-rank',
    visits: recipe.visits,
    pointLimitSeconds: recipe.pointLimitSeconds,
    notes: notesOf(recipe, setups),
    points: [...points.keys()],
    visit: (point, context) => visitLowRank(points.get(point)!, recipe, context),
  }
}

async function setupsOf({ sizes, lengths, ranks, memoryBytes, mostTokens }: LowRankRecipe): Promise<LowRankSetup[]> {
  const models: readonly LowRankModel[] = [
    { name: 'transformer' },
    ...ranks.map(rank => ({ name: 'lrt' as const, rank })),
    ...ranks.map(rank => ({ name: 'linformer' as const, rank })),
  ]
  const setups: LowRankSetup[] = []
  for (const tokens of lengths) {
    const batch = largestBatch(sizes, tokens, memoryBytes, mostTokens)
    if (batch === 0)
      throw new WorkbenchError(
        'bad-input',
        `recipe.memoryBytes is ${memoryBytes}, too few for one sequence of ${tokens} tokens`,
        'raise memoryBytes or leave that length out of lengths',
      )
    for (const job of LOW_RANK_JOBS) setups.push(...models.map(model => ({ model, tokens, batch, job })))
    // Finding a batch takes a dozen plans: calls of the window come between.
    await new Promise(next => setImmediate(next))
  }
  return setups
}

function planOf(setup: LowRankSetup, recipe: LowRankRecipe): PointPlan {
  const { model, tokens, batch, job } = setup
  const { sizes, warmUp, repeats } = recipe
  return {
    factors: { model: model.name, tokens, job, batch, ...(model.name === 'transformer' ? {} : { rank: model.rank }) },
    graph() {
      const { graph, outputs } = (job === 'training' ? trainingRun : inferenceRun)(model, sizes, batch, tokens)
      return {
        graph,
        outputs: Object.values(outputs),
        runs: warmUp + repeats,
        enough: recipe,
        work: job,
        workload: 'fixed',
      }
    },
  }
}

function notesOf(recipe: LowRankRecipe, setups: readonly LowRankSetup[]): string[] {
  const { layers, width, heads, feedForward } = recipe.sizes
  const batches = [...new Map(setups.map(s => [s.tokens, s.batch]))].map(([n, batch]) => `${n}: ${batch}`).join(', ')
  const capped = Number.isSafeInteger(recipe.mostTokens) && recipe.mostTokens < Number.MAX_SAFE_INTEGER
  const count = (model: LowRankModel) => encoderParameters(model, recipe.sizes, recipe.lengths[0]!).toLocaleString('en')
  return [
    `${layers} encoder layers, width ${width}, feed-forward ${feedForward}, ${heads} heads: ${count({ name: 'transformer' })} parameters; random weights and inputs.`,
    `Batch: the largest whose training step of the transformer is planned within ${(recipe.memoryBytes / 1e9).toFixed(1)} GB${capped ? ` and ${recipe.mostTokens.toLocaleString('en')} tokens` : ''}, the same for all models (length: batch): ${batches}.`,
    'Training is forward with dropout 0.1 and backward to all weights, without an update; inference is forward without dropout. Inputs and weights lie in the process: only the computing is timed.',
    'Memory is the peak of a process of its own for each visit, so that it holds the runtime itself (about 0.1 GB) as well.',
    `${recipe.warmUp} warm-up runs, then up to ${recipe.repeats} timed ones in ${recipe.visits} visits each.`,
  ]
}
