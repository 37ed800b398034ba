import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { DIPLOTYPE_CODES } from '../../../src-shared/genome/diplotype.ts'
import { type RiskModelFacts, type RiskScore, SIMULATED_LABEL } from '../../../src-shared/genome/risk.ts'
import { WorkbenchError } from '../../../src-shared/ipc/errors.ts'
import type { WorkContext } from '../../../src-shared/job.ts'
import type { Compute } from '../../compute/client.ts'
import type { Device, Session } from '../../compute/engine.ts'
import { cleaner, type Encoder, encoderOf } from '../../domain/cohort/encoding.ts'
import { SPECIALS } from '../../domain/cohort/peopleTokenizer.ts'
import { snpEncoder, snpSpans } from '../../domain/cohort/snpModel.ts'
import { logisticScores } from '../../domain/statistics/logisticRegression.ts'
import { loadTokenizer } from '../../domain/tokenizer/tokenizer.ts'
import { mapTensors, sameNames } from '../../models/checkpoints/mapTensors.ts'
import type { ModelJson } from '../../models/folder/modelJson.ts'
import type { LogisticConfig } from '../../models/logistic.ts'
import type { ModelRegistry } from '../../models/registry.ts'
import type { ModelView } from '../../workers/riskReadingRun.ts'
import { buildOnnx } from '../models/exportOnnx.ts'
import { fileSha256 } from '../models/fileSource.ts'
import { type OpenModelFolder, openModelFolder } from '../models/modelFolder.ts'
import { caseLogits } from './network.ts'
import { peopleListOf, readTrainedPeople, type TrainedPeople } from './trainedPeople.ts'

export interface RiskDeps {
  readonly compute: Compute
  readonly registry: ModelRegistry
  readonly device?: Device
}

/** A risk model, open: its network loaded, its tokenizer read; or the coefficients of a logistic one. */
export interface RiskModel {
  readonly folder: string
  readonly json: ModelJson
  readonly facts: RiskModelFacts
  readonly encoder: Encoder
  /** Numbers in a row at most: of a logistic model those that it is given. */
  readonly maxTokens: number
  /** How it reads a sample, as another thread is told. */
  readonly view: ModelView
  /** Who trained it; null where its folder does not say. */
  readonly trainedPeople: TrainedPeople | null
  /** SHA-256 over weights, tokenizer, calibration, panel and who trained it: all of the folder that a score shows. */
  readonly scoreKey: string
  /** Characters of each token of a cleaned text, [CLS] and [SEP] as none. */
  spans(cleaned: string): readonly { readonly from: number; readonly to: number }[]
  unknownTokens(ids: Int32Array): number
  /** logit of a case for each row of ids. */
  logits(rows: readonly Int32Array[], signal: AbortSignal): Promise<Float64Array>
  readonly summary: RiskScore['model']
  device(): string
  close(): Promise<void>
}

/** Rows that run at once; more are several runs. */
const SMALL_BATCH = 8

/**
 * Opens a model folder for scoring.
 * @throws WorkbenchError `bad-model` when it is no risk model, or its tokenizer is not the one it was trained with or lacks codes of the alphabet
 */
export async function openRiskModel(folder: string, deps: RiskDeps, context: WorkContext): Promise<RiskModel> {
  const model = await openModelFolder(folder)
  try {
    const { json } = model
    const facts = riskFacts(json, folder)
    if (json.kind === 'logistic') return await openLogistic(model, facts, deps)
    const mismatch = (what: string) => new WorkbenchError('bad-model', `'${folder}': ${what}`, 'use an intact model folder, as train wrote it') // biome-ignore format: one line
    if (!model.tokenizerPath || !json.tokenizer) throw mismatch('it has no tokenizer')
    const { tokenizerPath } = model
    const sha256 = await fileSha256(model.tokenizerPath, context)
    if (sha256 !== json.tokenizer.sha256) throw mismatch(`its tokenizer has SHA-256 ${sha256.slice(0, 12)}…, model.json says ${json.tokenizer.sha256.slice(0, 12)}…`) // biome-ignore format: one line
    const tokenizer = loadTokenizer(await readFile(model.tokenizerPath))
    const vocabulary = json.architecture['vocabulary']
    if (tokenizer.size !== vocabulary) throw mismatch(`its tokenizer has ${tokenizer.size} pieces, the network a vocabulary of ${vocabulary}`) // biome-ignore format: one line
    const missing = DIPLOTYPE_CODES.filter(c => !tokenizer.vocabulary.mergeable.has(c.char))
    if (missing.length > 0) throw mismatch(`its tokenizer is not of the diplotype alphabet: ${missing.length} of the 66 codes are missing (${missing.slice(0, 5).map(c => `${c.allele1}/${c.allele2}`).join(', ')}…)`) // biome-ignore format: one line
    for (const [name, id] of [['[CLS]', SPECIALS.cls], ['[SEP]', SPECIALS.sep], ['[PAD]', SPECIALS.pad]] as const) if (tokenizer.vocabulary.pieces[id] !== name) throw mismatch(`piece ${id} of its tokenizer is '${tokenizer.vocabulary.pieces[id]}', not ${name}`) // biome-ignore format: one line
    const maxTokens = Number(json.architecture['maxTokens'])
    const width = Number(json.architecture['width'])
    const batch = maxTokens * width <= 32_768 ? SMALL_BATCH : 1
    const { bytes } = await buildOnnx(model, deps.registry, { batch }, context)
    const session: Session = await deps.compute.load({ bytes }, { workload: 'fixed', device: deps.device ?? 'cpu' }, context.signal) // biome-ignore format: one line
    const panel = facts.panel ? { sites: facts.panel } : null
    const trainedPeople = await readTrainedPeople(folder, { flankBp: facts.flankBp, caller: facts.caller.caller })
    const scoreKey = await scoreKeyOf(folder, json, sha256)
    const lengths = new Map(tokenizer.vocabulary.pieces.map((p, id) => [id, id < 5 ? 0 : p.replaceAll('\u2581', '').length])) // biome-ignore format: one line
    const encoder = encoderOf(tokenizer, cleaner(facts.reference, panel, facts.uncovered))
    return {
      folder,
      json,
      facts,
      encoder,
      maxTokens,
      view: { kind: 'tokens', tokenizerPath, tokenizerSha256: sha256, reference: facts.reference, flankBp: facts.flankBp, panel, uncovered: facts.uncovered }, // biome-ignore format: one line
      trainedPeople,
      scoreKey,
      spans(cleaned) {
        let at = 0
        return Array.from(encoder.ids(cleaned), id => {
          const from = at
          // An unknown piece would stand for letters that cannot be counted; every code of the alphabet is a piece, so there is none.
          at += lengths.get(id) ?? 0
          return { from, to: at }
        })
      },
      unknownTokens: ids => ids.reduce((n, id) => n + (id === SPECIALS.unknown ? 1 : 0), 0),
      logits: (rows, signal) => caseLogits({ session }, {}, rows, { batch, length: maxTokens, pad: SPECIALS.pad }, signal), // biome-ignore format: one line
      summary: summaryOf(folder, json, facts),
      device: () => Object.keys(session.provider.ran).join(', ') || 'not run',
      close: () => session.close(),
    }
  } finally {
    await model.close()
  }
}

/** A logistic model of the two SNPs: two or ten numbers, in float64, and no session. */
async function openLogistic(model: OpenModelFolder, facts: RiskModelFacts, { registry }: RiskDeps): Promise<RiskModel> {
  const { folder, json } = model
  const { parameters } = registry.configure(json.kind, json.architecture)
  const { features } = json.architecture as unknown as LogisticConfig
  await mapTensors(model.weights, parameters, sameNames) // names and shapes; it reads float32, which is not exact
  const numbers = async (name: string) => Float64Array.from((await model.weights.read(name)).data as Float64Array)
  const fit = { intercept: (await numbers('intercept'))[0]!, coefficients: await numbers('coefficients') }
  const { reference, flankBp } = facts
  return {
    folder,
    json,
    facts,
    encoder: snpEncoder(reference, flankBp, features),
    maxTokens: fit.coefficients.length,
    view: { kind: 'snps', features, reference, flankBp },
    trainedPeople: await readTrainedPeople(folder, { flankBp, caller: facts.caller.caller }),
    scoreKey: await scoreKeyOf(folder, json, null),
    spans: () => snpSpans(flankBp),
    unknownTokens: () => 0,
    logits: async rows => logisticScores(fit, rows),
    summary: summaryOf(folder, json, facts),
    device: () => 'no network',
    async close() {},
  }
}

const scoreKeyOf = async (folder: string, json: ModelJson, tokenizerSha256: string | null): Promise<string> =>
  createHash('sha256').update(JSON.stringify([json.weights.sha256, tokenizerSha256, json.risk, (await peopleListOf(folder)) ?? null])).digest('hex') // biome-ignore format: one line

const summaryOf = (folder: string, { id, name }: ModelJson, facts: RiskModelFacts): RiskScore['model'] => ({ id, name, folder, trainedOnSimulated: facts.trainedOnSimulated, caseShare: facts.caseShare }) // biome-ignore format: one line

/** True of what `openRiskModel` opens, as far as model.json says. */
export const isRiskModel = (json: ModelJson): boolean => json.risk !== undefined && (json.input.type === 'diplotype-tokens' || json.input.type === 'alleles') // biome-ignore format: one line

/** @throws WorkbenchError `bad-model` */
export function riskFacts(json: ModelJson, folder: string): RiskModelFacts {
  const { risk, input } = json
  const bad = (what: string) => new WorkbenchError('bad-model', `'${folder}' is no risk model: ${what}`, 'use a model made by a recipe of task classify') // biome-ignore format: one line
  if (input.type !== 'diplotype-tokens' && input.type !== 'alleles') throw bad(`it reads ${input.type}`)
  if (!risk || typeof risk !== 'object') throw bad('model.json has no part "risk"')
  if (risk.formatVersion !== 1) throw new WorkbenchError('unsupported', `'${folder}' has risk facts of version ${String(risk.formatVersion).slice(0, 10)}; this program reads 1`, 'use a newer version of the program') // biome-ignore format: one line
  const length = risk.gene?.GRCh38 ? risk.gene.GRCh38.end - risk.gene.GRCh38.start + 2 * risk.flankBp : 0
  if (typeof risk.reference !== 'string' || risk.reference.length !== length || !/^[ACGT]+$/.test(risk.reference)) throw bad(`its reference has ${String(risk.reference).length} letters, the region ${length}`) // biome-ignore format: one line
  const numbers = [risk.platt?.intercept, risk.platt?.slope, risk.threshold, risk.caseShare, risk.twoSnp?.intercept, ...(risk.twoSnp?.coefficients ?? [])] // biome-ignore format: one line
  if (numbers.length < 7 || numbers.some(x => typeof x !== 'number' || !Number.isFinite(x))) throw bad('a number of its calibration or baseline is missing') // biome-ignore format: one line
  if (!Array.isArray(risk.calibration) || risk.calibration.length === 0 || !risk.distribution) throw bad('it has no calibration or no distribution') // biome-ignore format: one line
  const numeric = (list: unknown, least: number): boolean => Array.isArray(list) && list.length >= least && list.every(x => typeof x === 'number' && Number.isFinite(x)) // biome-ignore format: one line
  if (![risk.distribution.all, risk.distribution.cases, risk.distribution.controls].every(quantiles => numeric(quantiles, 2))) throw bad('a distribution of its scores is not a list of numbers') // biome-ignore format: one line
  if (!risk.calibration.every(b => b && numeric([b.from, b.to, b.n, b.meanProbability, b.observed], 5) && numeric(b.ci95, 2))) throw bad('a bin of its calibration lacks a number') // biome-ignore format: one line
  return risk
}

/** The sentence of a simulated model, first letter raised. */
export const simulatedSentence = `The model was ${SIMULATED_LABEL}.`
