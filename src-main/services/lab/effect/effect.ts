import type { Factors } from '../../../../src-shared/lab/result.ts'
import { MODELS } from '../../../models/kinds.ts'
import { modelRegistry } from '../../../models/registry.ts'
import { readingRecipe } from '../../training/recipe.ts'
import type { ExperimentReader, PlannedGraph, PointContext, PointPlan, Visit } from '../experiment.ts'
import { costPoint } from './costPoint.ts'
import { effectNetwork } from './effectNetwork.ts'
import { type EffectModel, type EffectRecipe, type EffectSet, parseEffectRecipe } from './effectRecipe.ts'
import { type DigitSets, digitsFolder, readDigits } from './mnist.ts'
import { trainPoint } from './trainPoint.ts'

const REGISTRY = modelRegistry(MODELS)

interface EffectPoint extends PointPlan {
  visit(digits: DigitSets, context: PointContext): Promise<Visit>
}

/**
 * What low rank and linear attention cost and lose on real data: transformer, low-rank transformer and Linformer on MNIST as sequences of
 * pixels (Cahyawijaya 2021, Table 3.1), trained on the same examples in the same order.
 * @throws WorkbenchError `bad-input` that names the field; `not-found` where the images are not
 */
export const readEffectExperiment: ExperimentReader = async recipe => {
  const read = parseEffectRecipe(recipe)
  // A network that cannot be is a fault of the recipe, told before anything runs.
  for (const set of read.sets) for (const model of set.models) readingRecipe(recipe, () => effectNetwork(REGISTRY, set, model)) // biome-ignore format: one thought
  const folder = digitsFolder(read.folder, recipe.file('mnist'))
  let digits: Promise<DigitSets> | undefined
  const points = read.sets.flatMap(set => pointsOf(read, set))
  return {
    name: 'effect',
    visits: read.visits,
    pointLimitSeconds: read.pointLimitSeconds,
    ...(read.totalLimitSeconds === undefined ? {} : { totalLimitSeconds: read.totalLimitSeconds }),
    notes: [
      ...read.notes,
      ...(read.folder === undefined ? [] : ["Images from a folder of the recipe's own: not checked to be MNIST's."]),
    ],
    points,
    async visit(point, context) {
      digits ??= readDigits(folder, { published: read.folder === undefined })
      return (point as EffectPoint).visit(await digits, context)
    },
  }
}

/** Seed by seed, so that a run that is stopped has compared all models as far as it came. */
function pointsOf({ cost }: EffectRecipe, set: EffectSet): EffectPoint[] {
  if (cost)
    return set.models.map(model => ({
      factors: factorsOf('cost', set, model),
      graph: planOf(set, model, { runs: cost.warmUp + cost.repeats, enough: cost }),
      visit: (digits, context) => costPoint(set, model, cost, digits, context),
    }))
  const models = set.models.map(model => ({ model, graph: planOf(set, model, { runs: set.budget.steps }) }))
  return set.seeds.flatMap(seed =>
    models.map(({ model, graph }) => ({
      factors: { ...factorsOf('train', set, model), seed },
      graph,
      visit: (digits, context) => trainPoint({ set, model, seed }, digits, context),
    })),
  )
}

const factorsOf = (
  job: 'cost' | 'train',
  { tokens, width, layers, budget }: EffectSet,
  { kind, rank }: EffectModel,
): Factors => ({
  job,
  model: kind,
  tokens,
  width,
  layers,
  ...(rank === undefined ? {} : { rank }),
  batch: budget.batch,
  examples: budget.batch * budget.steps,
})

/** Built when the planner asks, once for all seeds. */
function planOf(set: EffectSet, model: EffectModel, runs: Pick<PlannedGraph, 'runs' | 'enough'>): () => PlannedGraph {
  let planned: PlannedGraph | undefined
  return () => {
    if (!planned) {
      const { outputs } = effectNetwork(REGISTRY, set, model).step()
      planned = { graph: outputs[0]!.graph, outputs, ...runs, work: 'training', workload: 'fixed' }
    }
    return planned
  }
}
