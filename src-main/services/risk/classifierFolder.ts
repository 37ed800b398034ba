import { readFile } from 'node:fs/promises'
import { join, posix, win32 } from 'node:path'
import { type RiskModelFacts, SIMULATED_LABEL } from '../../../src-shared/genome/risk.ts'
import type { WorkContext } from '../../../src-shared/job.ts'
import type { Tensor, Tensors } from '../../../src-shared/tensor.ts'
import { RISK_GENE } from '../../domain/cohort/locus.ts'
import type { Panel } from '../../domain/cohort/panel.ts'
import type { Split } from '../../domain/cohort/splits.ts'
import { DIPLOTYPE_DEFAULTS } from '../../domain/diplotype/call.ts'
import type { ModelJson } from '../../models/folder/modelJson.ts'
import type { ConfiguredModel } from '../../models/registry.ts'
import type { TrainDeps, TrainRequest, TrainResult } from '../training/tasks.ts'
import { type fitBaselines, type judgeSplit, quantiles, type SplitResult } from './judge.ts'
import { type RiskPeople, textsSha256 } from './people.ts'
import type { ClassifyRecipe } from './recipe.ts'
import { cardLines, type RiskReport, reportMarkdown } from './report.ts'
import { PEOPLE_JOURNAL } from './sheetPeople.ts'
import type { StartFacts } from './startModel.ts'
import { PEOPLE_FILE, trainedPeopleText } from './trainedPeople.ts'
import { writeTrained } from './writeTrained.ts'

/** What is taken over of a model that a training begins with. */
export interface Started {
  readonly weights: ReadonlyMap<string, Tensor>
  readonly architecture: Readonly<Record<string, unknown>>
  readonly tokenizer: Uint8Array
  readonly sha256: string
  readonly risk: RiskModelFacts | undefined
}

/** What the folder of a model says of its recipe, whatever was trained. */
export type WrittenRecipe = Pick<ClassifyRecipe, 'id' | 'name' | 'licence' | 'limits' | 'created' | 'flankBp' | 'caller' | 'uncovered'> & { readonly training: { readonly splits: number } } // biome-ignore format: one line

/** What all splits of a training have in common. */
export interface Run<Recipe extends WrittenRecipe = WrittenRecipe> {
  readonly request: TrainRequest
  readonly recipe: Recipe
  readonly seed: number
  readonly people: RiskPeople
  readonly deps: TrainDeps
  readonly context: WorkContext
  /** Steps that earlier splits took: where the progress of this one begins. */
  readonly before?: number
  /** Of a training that begins with a model's weights: what must be said of them. */
  readonly start?: StartFacts | undefined
  /** Its weights, tokenizer and panel, read once for all splits. */
  readonly started?: Started | undefined
}

/** One split, trained and judged. */
export interface Trained {
  readonly weights: Tensors
  readonly network: ConfiguredModel
  readonly architecture: Readonly<Record<string, unknown>>
  /** Null, as all that is said of tokens, for a logistic model, which reads none. */
  readonly tokenizer: Uint8Array | null
  readonly panel: Panel | null
  readonly split: Split
  readonly baselines: Awaited<ReturnType<typeof fitBaselines>>
  readonly judged: Awaited<ReturnType<typeof judgeSplit>>
  readonly steps: number
  readonly keptStep: number
  readonly maxTokens: number | null
  readonly tokens: { readonly least: number; readonly most: number; readonly mean: number } | null
  readonly device: string
}

/** One split of a network. */
export interface TrainedNetwork extends Trained {
  readonly tokenizer: Uint8Array
  readonly maxTokens: number
  readonly tokens: NonNullable<Trained['tokens']>
}

/** Writes the model of the first split, with the report over all of them. */
export async function writeClassifier(
  trained: Trained,
  results: readonly SplitResult[],
  run: Run,
): Promise<TrainResult> {
  const { request, recipe, seed, people, context, start } = run
  const { judged, split, weights, network } = trained
  const report: RiskReport = {
    id: recipe.id,
    simulated: people.simulated,
    people: people.names.length,
    cases: people.labels.reduce((a, b) => a + b, 0),
    regionBp: people.reference.length,
    flankBp: recipe.flankBp,
    depth: people.depth,
    referenceNote: people.referenceNote,
    tokens: trained.tokens,
    panelSites: trained.tokenizer ? (trained.panel?.sites.length ?? null) : 2,
    optimum: people.truth ? { auc: people.truth.optimalAuc, twoSnpAuc: people.truth.twoSnpOptimalAuc } : null,
    splits: results,
    simulation: people.truth?.description ?? null,
    ...(start ? { startNote: start.limit } : {}),
  }
  const on = (of: Int32Array, label?: 0 | 1) => Array.from(of).filter(i => label === undefined || people.labels[i] === label).map(i => judged.probabilities[i]!) // biome-ignore format: one line
  const trainLabels = Array.from(split.train, i => people.labels[i]!)
  const risk: RiskModelFacts = {
    formatVersion: 1,
    trainedOnSimulated: people.simulated,
    gene: RISK_GENE,
    flankBp: recipe.flankBp,
    reference: people.reference,
    referenceNote: people.referenceNote,
    caller: { ...DIPLOTYPE_DEFAULTS, caller: recipe.caller },
    uncovered: recipe.uncovered,
    panel: trained.panel?.sites ?? null,
    caseShare: trainLabels.reduce((a, b) => a + b, 0) / trainLabels.length,
    platt: judged.platt,
    threshold: judged.threshold,
    calibration: judged.result.metrics.model!.calibration,
    distribution: { all: quantiles(on(split.test)), cases: quantiles(on(split.test, 1)), controls: quantiles(on(split.test, 0)) }, // biome-ignore format: one line
    twoSnp: trained.baselines.twoSnp,
    trainingDepth: people.depth,
    causalSites: people.truth?.causalSites ?? [],
  }
  const json: Omit<ModelJson, 'format' | 'formatVersion' | 'weights' | 'tokenizer'> = {
    id: recipe.id,
    name: people.simulated ? `${recipe.name} (${SIMULATED_LABEL})` : recipe.name,
    kind: network.kind,
    architecture: trained.architecture,
    input: trained.maxTokens === null ? { type: 'alleles', sites: ['rs429358', 'rs7412'], flank: recipe.flankBp, region: 'APOE' } : { type: 'diplotype-tokens', maxTokens: trained.maxTokens, flank: recipe.flankBp, region: 'APOE' }, // biome-ignore format: one line
    output: { classes: ['NC', 'AD'] },
    tracks: [],
    attentionPattern: null,
    risk,
    provenance: {
      source: people.simulated ? 'simulated people (diploscope simulate)' : 'people of a sample sheet',
      trainedBy: `diploscope ${process.env['DIPLOSCOPE_VERSION'] ?? 'unknown'}`,
      recipe: recipeText(request.recipe),
      dataset: { people: people.names.length, cases: report.cases, textsSha256: await textsSha256(people), split: '70/15/15 by person, stratified by label, split 1', start: start?.id ?? null, ...(start ? { startWeightsSha256: start.sha256 } : {}), device: trained.device }, // biome-ignore format: one line
      seed,
      steps: trained.keptStep,
      metrics: cardLines(report),
      created: recipe.created ?? new Date(request.now).toISOString(),
    },
    licence: recipe.licence,
    citation: null,
    limits: [...(people.simulated ? [`${SIMULATED_LABEL[0]!.toUpperCase()}${SIMULATED_LABEL.slice(1)}.`] : []), ...(start ? [start.limit] : []), ...recipe.limits], // biome-ignore format: one line
  }
  const count = recipe.training.splits
  const written = await writeTrained(
    request.out,
    {
      json,
      weights,
      specs: network.parameters,
      tokenizer: trained.tokenizer,
      files: { 'report.json': `${JSON.stringify(report, null, 2)}\n`, 'REPORT.md': reportMarkdown(report), ...(trained.tokenizer ? { 'metrics.jsonl': await joinedMetrics(request.out, count) } : {}), [PEOPLE_FILE]: `${await trainedPeopleText(people, split, recipe.flankBp)}${start?.people ?? ''}` }, // biome-ignore format: one line
      // The letters of people first: whatever ends the program now, they are not what stays.
      folders: [PEOPLE_JOURNAL, ...Array.from({ length: count }, (_, i) => `split-${i + 1}`)],
    },
    context,
  )
  return {
    folder: request.out,
    model: written.id,
    steps: trained.steps,
    keptStep: trained.keptStep,
    sha256: written.weights.sha256,
    parameters: written.weights.parameters,
    metrics: { report: report as unknown as Record<string, unknown> },
    device: trained.device,
  }
}

/**
 * The recipe as a model may show it: whole, but for the folders of this machine in its paths. A recipe without absolute paths stays as it was
 * written.
 */
function recipeText({ text, json }: TrainRequest['recipe']): string {
  let found = false
  const named = (value: unknown): unknown => {
    if (typeof value !== 'string' || !(posix.isAbsolute(value) || win32.isAbsolute(value))) return value
    found = true
    return win32.basename(value)
  }
  const shown = (fields: Readonly<Record<string, unknown>>, paths: readonly string[]) =>
    Object.fromEntries(Object.entries(fields).map(([key, value]) => [key, paths.includes(key) ? named(value) : value]))
  const part = (name: string) => {
    const fields = json[name]
    return typeof fields === 'object' && fields !== null ? { [name]: shown(fields as Record<string, unknown>, PATHS) } : {} // biome-ignore format: one line
  }
  const clean = { ...shown(json, PATHS), ...part('people'), ...part('tokenizer') }
  return found ? `${JSON.stringify(clean, null, 2)}\n` : text
}

/** Fields of a recipe, of its people and of its tokenizer that are paths. */
const PATHS = ['start', 'sheet', 'reference', 'haplotypes', 'file']

/** One metrics.jsonl over all splits. */
async function joinedMetrics(out: string, splits: number): Promise<string> {
  const parts: string[] = []
  for (let which = 1; which <= splits; which++) {
    const text = await readFile(join(out, `split-${which}`, 'metrics.jsonl'), 'utf8')
    parts.push(...text.trim().split('\n').map(line => JSON.stringify({ split: which, ...JSON.parse(line) }))) // biome-ignore format: one line
  }
  return `${parts.join('\n')}\n`
}
