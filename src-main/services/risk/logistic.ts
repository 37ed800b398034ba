import { DIPLOTYPES } from '../../../src-shared/genome/apoe.ts'
import { WorkbenchError } from '../../../src-shared/ipc/errors.ts'
import type { Tensor } from '../../../src-shared/tensor.ts'
import { type Split, stratifiedSplit } from '../../domain/cohort/splits.ts'
import { publishedLiability } from '../../domain/liability/liability.ts'
import { logisticScores } from '../../domain/statistics/logisticRegression.ts'
import { LOGISTIC_FEATURES, type LogisticFeatures } from '../../models/logistic.ts'
import { type RecipeFile, readingRecipe } from '../training/recipe.ts'
import type { TaskRunner } from '../training/tasks.ts'
import { type Trained, writeClassifier } from './classifierFolder.ts'
import { fitBaselines, judgeSplit, type SplitResult, snpsOf } from './judge.ts'
import type { RiskPeople } from './people.ts'
import { type ClassifyRecipe, headOf, peopleOf } from './recipe.ts'
import { peopleLine, recipePeople, splitLine } from './recipePeople.ts'
import { checkTarget } from './trainingTarget.ts'

/** What a recipe says of a logistic model of the two SNPs: the people and the splits of any risk model, and no network. */
export interface LogisticRecipe
  extends Pick<
    ClassifyRecipe,
    'id' | 'name' | 'licence' | 'limits' | 'created' | 'people' | 'flankBp' | 'caller' | 'uncovered'
  > {
  /** Fitted on the training people, or the published odds ratios of the genotypes, with the training people's share of cases alone. */
  readonly coefficients: 'fitted' | 'published'
  readonly training: { readonly seed: number; readonly splits: number }
}

export const isLogistic = ({ json }: RecipeFile): boolean =>
  (json['model'] as { kind?: unknown } | undefined)?.kind === 'logistic'

/** @throws WorkbenchError `bad-input` that names the field of the recipe and its value */
export function parseLogisticRecipe(file: RecipeFile): LogisticRecipe {
  return readingRecipe(file, fields => {
    for (const known of ['format', 'formatVersion', 'task', 'note']) fields.raw(known)
    const model = fields.inner('model')
    const training = fields.inner('training')
    model.raw('kind')
    const recipe: LogisticRecipe = {
      ...headOf(fields),
      people: peopleOf(fields.inner('people'), file),
      flankBp: fields.count('flankBp', { least: 0 }),
      caller: fields.choice('caller', ['robust', 'top2'], 'robust'),
      uncovered: 'N',
      coefficients: model.choice('coefficients', ['fitted', 'published'], 'fitted'),
      training: { seed: training.count('seed', { least: 0 }), splits: training.count('splits') },
    }
    if (fields.has('start')) throw fields.fault('start', "nothing: a logistic model is fitted, it begins with no other model's weights") // biome-ignore format: one line
    if (fields.has('tokenizer')) throw fields.fault('tokenizer', 'nothing: a logistic model reads two SNPs, no tokens')
    if (recipe.people.kind === 'simulate' && recipe.people.spec.regionFlankBp < recipe.flankBp)
      throw fields.fault('flankBp', `at most the simulated flank of ${recipe.people.spec.regionFlankBp}`)
    model.end()
    training.end()
    fields.end()
    return recipe
  })
}

const exact = (values: ArrayLike<number>): Tensor => ({ dtype: 'float64', shape: [values.length], data: Float64Array.from(values) }) // biome-ignore format: one line

/**
 * The two-SNP baseline of every report as a model of its own, on the splits that a network of the same people and seed has: its probabilities are
 * the baseline's to the last bit. Nothing is calibrated afterwards: a logistic fit gives probabilities. People without an APOE genotype at the
 * two sites get no score of it, and so are left out of its splits, which the notes and the limits say.
 */
export const trainLogistic: TaskRunner = async (request, deps, context) => {
  const recipe = parseLogisticRecipe(request.recipe)
  const seed = request.seed ?? recipe.training.seed
  await checkTarget(request)
  const people = await recipePeople(recipe, request.out, context)
  deps.note(peopleLine(people))
  const leftOut = (await snpsOf(people, recipe.flankBp)).flatMap((s, i) => (s.genotype === null ? [people.names[i]!] : [])) // biome-ignore format: one line
  const said = `${leftOut.length} of ${people.names.length} people left out of training and figures: no APOE genotype at rs429358 and rs7412`
  if (leftOut.length > 0) deps.note(`${said} (${leftOut.join(', ')})`)
  const results: SplitResult[] = []
  let first: Trained | undefined
  for (let which = 0; which < recipe.training.splits; which++) {
    const fitted = await fitSplit(which, recipe, seed, people, deps.registry.configure)
    results.push(fitted.judged.result)
    deps.note(splitLine(fitted.judged.result))
    first ??= fitted
  }
  const limits = [...recipe.limits, ...(leftOut.length > 0 ? [`${said}.`] : [])]
  return writeClassifier(first!, results, { request, recipe: { ...recipe, limits }, seed, people, deps, context })
}

/**
 * The split that a network has, without the people whose sites hold no APOE genotype.
 * @throws WorkbenchError `bad-input` where a part is left with one class
 */
export async function genotypedSplit(
  people: Pick<RiskPeople, 'texts' | 'labels'>,
  seed: number,
  which: number,
  flankBp: number,
): Promise<Split> {
  const whole = stratifiedSplit(people.labels, seed, which)
  const snps = await snpsOf(people, flankBp)
  const kept = (part: Int32Array) => part.filter(i => snps[i]!.genotype !== null)
  const split = { train: kept(whole.train), validation: kept(whole.validation), test: kept(whole.test) }
  for (const [name, part] of Object.entries(split))
    if (new Set(Array.from(part, i => people.labels[i])).size < 2) throw new WorkbenchError('bad-input', `of the ${name} people of split ${which + 1} only ${part.length} have an APOE genotype at rs429358 and rs7412, and not in both classes`, 'give more people, or deeper reads') // biome-ignore format: one line
  return split
}

async function fitSplit(
  which: number,
  { flankBp, coefficients: from }: LogisticRecipe,
  seed: number,
  people: RiskPeople,
  configure: (kind: string, architecture: unknown) => Trained['network'],
): Promise<Trained> {
  const split = await genotypedSplit(people, seed, which, flankBp)
  const baselines = await fitBaselines(people, split.train, flankBp)
  const published = from === 'published'
  const features: LogisticFeatures = published ? 'genotypes' : 'allele-counts'
  const { genotypeLogOdds } = publishedLiability()
  const intercept = published ? baselines.oddsRatioIntercept : baselines.twoSnp.intercept
  const coefficients = Float64Array.from(published ? DIPLOTYPES.map(d => genotypeLogOdds[d]) : baselines.twoSnp.coefficients) // biome-ignore format: one line
  const logits = published
    ? Float64Array.from(await snpsOf(people, flankBp), s => intercept + s.logOdds)
    : logisticScores({ intercept, coefficients }, baselines.rows) // biome-ignore format: one line
  const architecture = { features, length: LOGISTIC_FEATURES[features] }
  return {
    weights: { intercept: exact([intercept]), coefficients: exact(coefficients) },
    network: configure('logistic', architecture),
    architecture,
    tokenizer: null,
    panel: null,
    split,
    baselines,
    judged: await judgeSplit(which + 1, people, split, logits, baselines, flankBp, 'as-is'),
    steps: 0,
    keptStep: 0,
    maxTokens: null,
    tokens: null,
    device: 'no network',
  }
}
