import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type RiskModelFacts, SIMULATED_LABEL } from '../../../src-shared/genome/risk.ts'
import type { WorkContext } from '../../../src-shared/job.ts'
import type { Tensors } from '../../../src-shared/tensor.ts'
import { RISK_GENE } from '../../domain/cohort/locus.ts'
import type { Panel } from '../../domain/cohort/panel.ts'
import type { Split } from '../../domain/cohort/splits.ts'
import { DIPLOTYPE_DEFAULTS } from '../../domain/diplotype/call.ts'
import type { ModelJson } from '../../models/folder/modelJson.ts'
import type { ConfiguredModel } from '../../models/registry.ts'
import type { TrainDeps, TrainRequest, TrainResult } from '../training/tasks.ts'
import { type fitBaselines, type judgeSplit, quantiles, type SplitResult } from './judge.ts'
import type { RiskPeople } from './people.ts'
import type { ClassifyRecipe } from './recipe.ts'
import { cardLines, type RiskReport, reportMarkdown } from './report.ts'
import { PEOPLE_JOURNAL } from './sheetPeople.ts'
import { startFacts } from './startModel.ts'
import { PEOPLE_FILE, trainedPeopleText } from './trainedPeople.ts'
import { writeTrained } from './writeTrained.ts'

/** What all splits of a training have in common. */
export interface Run {
  readonly request: TrainRequest
  readonly recipe: ClassifyRecipe
  readonly seed: number
  readonly people: RiskPeople
  readonly deps: TrainDeps
  readonly context: WorkContext
  /** Steps that earlier splits took: where the progress of this one begins. */
  readonly before?: number
}

/** One split, trained and judged. */
export interface Trained {
  readonly weights: Tensors
  readonly network: ConfiguredModel
  readonly architecture: Readonly<Record<string, unknown>>
  readonly tokenizer: Uint8Array
  readonly panel: Panel | null
  readonly split: Split
  readonly baselines: ReturnType<typeof fitBaselines>
  readonly judged: ReturnType<typeof judgeSplit>
  readonly steps: number
  readonly keptStep: number
  readonly maxTokens: number
  readonly tokens: { readonly least: number; readonly most: number; readonly mean: number }
  readonly device: string
}

/** Writes the model of the first split, with the report over all of them. */
export async function writeClassifier(
  trained: Trained,
  results: readonly SplitResult[],
  run: Run,
): Promise<TrainResult> {
  const { request, recipe, seed, people, context } = run
  const { judged, split, weights, network } = trained
  const start = recipe.start === undefined ? undefined : await startFacts(recipe.start)
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
    panelSites: trained.panel?.sites.length ?? null,
    optimum: people.truth ? { auc: people.truth.optimalAuc, twoSnpAuc: people.truth.twoSnpOptimalAuc } : null,
    splits: results,
    simulation: people.truth?.description ?? null,
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
    input: { type: 'diplotype-tokens', maxTokens: trained.maxTokens, flank: recipe.flankBp, region: 'APOE' },
    output: { classes: ['NC', 'AD'] },
    tracks: [],
    attentionPattern: null,
    risk,
    provenance: {
      source: people.simulated ? 'simulated people (diploscope simulate)' : 'people of a sample sheet',
      trainedBy: `diploscope ${process.env['DIPLOSCOPE_VERSION'] ?? 'unknown'}`,
      recipe: request.recipe.text,
      dataset: { people: people.names.length, cases: report.cases, textsSha256: createHash('sha256').update(people.texts.join('\n')).digest('hex'), split: '70/15/15 by person, stratified by label, split 1', start: recipe.start ?? null, ...(start ? { startId: start.id, startWeightsSha256: start.sha256 } : {}), device: trained.device }, // biome-ignore format: one line
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
      files: { 'report.json': `${JSON.stringify(report, null, 2)}\n`, 'REPORT.md': reportMarkdown(report), 'metrics.jsonl': await joinedMetrics(request.out, count), [PEOPLE_FILE]: trainedPeopleText(people, split, recipe.flankBp) }, // biome-ignore format: one line
      folders: [...Array.from({ length: count }, (_, i) => `split-${i + 1}`), PEOPLE_JOURNAL],
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

/** One metrics.jsonl over all splits. */
async function joinedMetrics(out: string, splits: number): Promise<string> {
  const parts: string[] = []
  for (let which = 1; which <= splits; which++) {
    const text = await readFile(join(out, `split-${which}`, 'metrics.jsonl'), 'utf8')
    parts.push(...text.trim().split('\n').map(line => JSON.stringify({ split: which, ...JSON.parse(line) }))) // biome-ignore format: one line
  }
  return `${parts.join('\n')}\n`
}
