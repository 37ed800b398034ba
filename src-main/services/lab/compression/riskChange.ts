import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { RiskModelFacts } from '../../../../src-shared/genome/risk.ts'
import { throwIfCancelled, WorkbenchError } from '../../../../src-shared/ipc/errors.ts'
import type { WorkContext } from '../../../../src-shared/job.ts'
import type { PredictionChange } from '../../../../src-shared/lab/compression.ts'
import { COHORT_DEFAULTS, type CohortSpec } from '../../../domain/cohort/cohort.ts'
import { sigmoid } from '../../../domain/liability/liability.ts'
import { pairedDeLong } from '../../../domain/statistics/pairedDeLong.ts'
import type { ModelJson } from '../../../models/folder/modelJson.ts'
import { writeFileAtomic } from '../../../storage/atomic.ts'
import { breathe } from '../../../workers/pileupRun.ts'
import { readModelJson } from '../../models/modelFolder.ts'
import { simulatedPeople } from '../../risk/people.ts'
import { parseClassifyRecipe } from '../../risk/recipe.ts'
import { openRiskModel, type RiskModel, riskFacts } from '../../risk/riskModel.ts'
import type { ChangeDeps } from './change.ts'

export interface CohortChoice {
  readonly people: number
  /** Of the population where the model's own is not known. */
  readonly seed: number
  /** Where people who were drawn are kept for the next call. */
  readonly keep?: string
}

interface Drawn {
  readonly on: string
  readonly labels: readonly number[]
  readonly texts: readonly string[]
}

/**
 * Simulated people for a risk model: new ones of the population that it was trained on where its provenance tells it (the same variants and
 * effects, other people), else of a population of the two SNPs alone.
 */
export async function simulatedFor(
  json: ModelJson,
  facts: RiskModelFacts,
  choice: CohortChoice,
  context: WorkContext,
): Promise<Drawn> {
  // biome-ignore format: one line
  const trained = trainingPopulation(json)
  const spec: CohortSpec = { ...(trained ?? { ...COHORT_DEFAULTS, seed: choice.seed, regionFlankBp: facts.flankBp, neutralEveryBp: 0, privatePerKb: 0 }), people: choice.people } // biome-ignore format: one thought
  const first = trained ? trained.people : 0
  const folder = await mkdtemp(join(tmpdir(), 'diploscope-cohort-'))
  try {
    const { start, end } = facts.gene.GRCh38
    const from = start - facts.flankBp
    const path = join(folder, 'reference.fa')
    const name = `chr19:${from + 1}-${end + facts.flankBp}`
    const { length } = facts.reference
    await writeFile(path, `>${name}\n${facts.reference}\n`)
    await writeFile(`${path}.fai`, `${[name, length, name.length + 2, length, length + 1].join('\t')}\n`)
    const people = await simulatedPeople({ spec, reference: path, haplotypes: undefined, first }, facts.flankBp, facts.caller.caller, context) // biome-ignore format: one thought
    // Weights that it began with may be of more people of the same population.
    const apart = (json.provenance.dataset as { readonly start?: unknown } | undefined)?.start ? 'who are not among its own training people; whether they trained the weights that it began with is not known' : 'none of whom trained it' // biome-ignore format: one thought
    const who = trained ? `people ${first + 1} to ${first + choice.people} of the population that the model was trained on (seed ${spec.seed}), ${apart}` : `people of a population in which the two SNPs alone have an effect (seed ${spec.seed})` // biome-ignore format: one thought
    return { on: `simulated ${who}, depth ${spec.depth}; not for use on people`, labels: [...people.labels], texts: people.texts } // biome-ignore format: one thought
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** What the recipe in the model's provenance says of its simulated people; undefined where it has none. */
function trainingPopulation(json: ModelJson): CohortSpec | undefined {
  const { recipe } = json.provenance
  if (typeof recipe !== 'string') return undefined
  try {
    const parsed = JSON.parse(recipe) as Record<string, unknown>
    const { people } = parseClassifyRecipe({ path: '', text: recipe, task: 'classify', json: parsed, file: p => p })
    return people.kind === 'simulate' && people.haplotypes === undefined ? people.spec : undefined
  } catch {
    return undefined // provenance is for people to read; what is no recipe of ours tells nothing here
  }
}

/** Probabilities of a case and the AUC of a risk model before and after, on the same simulated people. */
export async function riskChange(
  folders: readonly [before: string, after: string],
  choice: CohortChoice,
  deps: ChangeDeps,
  context: WorkContext,
): Promise<PredictionChange> {
  const json = await readModelJson(folders[0])
  const drawn = await keptPeople(json, choice, () => simulatedFor(json, riskFacts(json, folders[0]), choice, context))
  const probabilities: Float64Array[] = []
  let rows: readonly Int32Array[] | undefined
  for (const folder of folders) {
    const model = await openRiskModel(folder, deps, context)
    try {
      // A model that was made of another has its tokenizer and its panel: people are encoded once.
      rows ??= await encoded(drawn.texts, model, context)
      const { intercept, slope } = model.facts.platt
      probabilities.push((await model.logits(rows, context.signal)).map(l => sigmoid(intercept + slope * l)))
    } finally {
      await model.close()
    }
  }
  const [before, after] = probabilities as [Float64Array, Float64Array]
  const compared = pairedDeLong(after, before, drawn.labels)
  if (!compared) throw new WorkbenchError('bad-input', `${drawn.labels.length} simulated people are too few to compare two AUCs`, 'give more people') // biome-ignore format: one thought
  const changes = Array.from(before, (p, i) => Math.abs(after[i]! - p))
  return {
    kind: 'risk',
    on: drawn.on,
    people: drawn.labels.length,
    cases: drawn.labels.reduce((a, b) => a + b, 0),
    aucBefore: compared.aucB,
    aucAfter: compared.aucA,
    difference: compared.difference,
    interval95: compared.ci,
    meanProbabilityChange: changes.reduce((a, b) => a + b, 0) / changes.length,
    largestProbabilityChange: changes.reduce((a, b) => Math.max(a, b), 0),
  }
}

/** Ids of everybody. A person takes tens of milliseconds: others get their turn in between. */
async function encoded(
  texts: readonly string[],
  model: RiskModel,
  context: WorkContext,
): Promise<readonly Int32Array[]> {
  // biome-ignore format: one line
  const rows: Int32Array[] = []
  for (const [i, text] of texts.entries()) {
    throwIfCancelled(context.signal)
    context.report({ phase: 'reading people', done: i, total: texts.length })
    const ids = model.encoder.ids(model.encoder.clean(text).text)
    if (ids.length > model.maxTokens) throw new WorkbenchError('bad-input', `a simulated person has ${ids.length} tokens, the model takes ${model.maxTokens}`, 'take another model') // biome-ignore format: one thought
    rows.push(ids)
    await breathe()
  }
  return rows
}

/** People of a file of an earlier call with the same model and numbers, or new ones, which are kept there. */
async function keptPeople(
  json: ModelJson,
  { keep, people, seed }: CohortChoice,
  draw: () => Promise<Drawn>,
): Promise<Drawn> {
  // biome-ignore format: one line
  if (keep === undefined) return draw()
  const path = join(keep, `people-${json.weights.sha256.slice(0, 16)}-${people}-${seed}.json`)
  const text = await readFile(path, 'utf8').catch(() => undefined)
  if (text !== undefined) return JSON.parse(text) as Drawn
  const drawn = await draw()
  await writeFileAtomic(path, JSON.stringify(drawn))
  return drawn
}
