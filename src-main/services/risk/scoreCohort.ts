import { createHash } from 'node:crypto'
import type { Build } from '../../../src-shared/genome/assemblies.ts'
import { type CohortSeen, lineText, type RiskCohort, type RiskCohortRow, type RiskMetrics, type RiskScore, type RiskSeen, type RiskSheet, type RiskSheetProblem, type RiskSheetRow } from '../../../src-shared/genome/risk.ts' // biome-ignore format: one line
import { pText } from '../../../src-shared/genome/riskComparison.ts'
import { hadPart, isJudged, type JudgedRow, partCounts, seenSentence } from '../../../src-shared/genome/riskRows.ts'
import { asWorkbenchError, throwIfCancelled } from '../../../src-shared/ipc/errors.ts'
import type { WorkContext } from '../../../src-shared/job.ts'
import { RESEARCH_USE_ONLY } from '../../domain/apoe/limits.ts'
import { type CohortFigures, cohortFigures, type JudgedPeople } from '../../domain/statistics/cohortFigures.ts'
import { entryNow, fileState, type Journal, type JournalEntry, openJournal } from './cohortJournal.ts'
import type { ReadForModel } from './readForModel.ts'
import { type RiskModel, simulatedSentence } from './riskModel.ts'
import { classCautions } from './sampleSheet.ts'
import { scoreSample } from './scoreSample.ts'

export interface CohortRequest {
  readonly sheet: RiskSheet
  /** Build of all samples; `auto`: that of the first that can be read. */
  readonly build?: Build | 'auto'
  /** For CRAM. */
  readonly referencePath?: string | undefined
  /**
   * A file to which each row is added as it is done, and from which a run goes on: what it has of files that did not change is taken over. It
   * stays: whoever gave it removes it once the result is kept elsewhere.
   */
  readonly journal?: string | undefined
  /** How files are read; absent: in this thread. */
  readonly read?: ReadForModel
  /** Where figures are computed; absent: in this thread. */
  readonly figures?: FiguresOf | undefined
}

/** Samples under way at a time: two are read in threads while the network runs on another. More would only wait for each other. */
const AT_ONCE = 3

/**
 * Scores every sample of a sheet, a few at a time: memory does not grow with the cohort but for its rows. A sample that fails is listed and the
 * rest goes on; samples of another build than the first fail with `build`. Figures where both labels are there.
 * @throws WorkbenchError `cancelled`; nothing else stops a cohort
 */
export async function scoreCohort(
  request: CohortRequest,
  model: RiskModel,
  context: WorkContext,
  onRow: (row: RiskCohortRow) => void = () => {},
): Promise<RiskCohort> {
  const { sheet, journal } = request
  const kept = journal === undefined ? undefined : await openJournal(journal, fingerprintOf(request, model))
  const rows: RiskCohortRow[] = []
  const failures: RiskSheetProblem[] = [...sheet.problems]
  const ahead = new Map<number, Promise<Look>>()
  const look = (i: number): Promise<Look> => {
    const known = ahead.get(i) ?? lookAt(sheet.rows[i]!, kept, request, model, context)
    known.catch(() => {}) // one that is under way when the cohort is cancelled
    ahead.set(i, known)
    return known
  }
  let build = request.build ?? 'auto'
  let resumed = 0
  for (const [i, sample] of sheet.rows.entries()) {
    throwIfCancelled(context.signal)
    context.report({ phase: 'scoring samples', done: i, total: sheet.rows.length })
    for (let next = i; next < Math.min(i + AT_ONCE, sheet.rows.length); next++) void look(next)
    let { entry, before } = await look(i)
    ahead.delete(i)
    // What was scored before may be of another build than the samples that are there now.
    if (before && build !== 'auto' && entry.row?.build !== build) {
      entry = { ...entry, ...(await scoreOne(sample, request, model, context)) }
      before = false
    }
    if (entry.row && build !== 'auto' && entry.row.build !== build) {
      const message = `'${sample.path}' is ${entry.row.build}, the samples before it are ${build}`
      const { row: _other, ...rest } = entry
      entry = {
        ...rest,
        failure: {
          line: sample.line,
          sample: sample.sample,
          code: 'build',
          message,
          remedy: 'score samples of one build in a sheet of their own',
        },
      }
    }
    if (before) resumed++
    else await kept?.add(sample.sample, entry)
    if (entry.failure) failures.push(entry.failure)
    if (entry.row) {
      if (build === 'auto') build = entry.row.build
      rows.push(entry.row)
      onRow(entry.row)
    }
  }
  context.report({ phase: 'scoring samples', done: sheet.rows.length, total: sheet.rows.length })
  return summary(rows, failures.sort((a, b) => a.line - b.line), resumed, sheet, model, context, request.figures) // biome-ignore format: one line
}

interface Look {
  readonly entry: JournalEntry
  /** Taken over from the journal. */
  readonly before: boolean
}

/** What the journal has of a sample whose file did not change, else its score now. A failure is tried again: its cause may lie beside the file. */
async function lookAt(
  sample: RiskSheetRow,
  kept: Journal | undefined,
  request: CohortRequest,
  model: RiskModel,
  context: WorkContext,
): Promise<Look> {
  const { path } = sample
  const state = await fileState(path)
  const before = entryNow(kept?.known.get(sample.sample), sample)
  if (before?.row && before.state === state) return { entry: before, before: true }
  return { entry: { path, state, ...(await scoreOne(sample, request, model, context)) }, before: false }
}

async function scoreOne(
  sample: RiskSheetRow,
  { build, referencePath, read }: CohortRequest,
  model: RiskModel,
  context: WorkContext,
): Promise<Pick<JournalEntry, 'row' | 'failure'>> {
  const quiet: WorkContext = { signal: context.signal, report() {} }
  try {
    const score = await scoreSample({ path: sample.path, sample: sample.sample, build: build ?? 'auto', referencePath, evidence: 0, ...(read ? { read } : {}) }, model, quiet) // biome-ignore format: one line
    return { row: rowOf(score, sample) }
  } catch (error) {
    const e = asWorkbenchError(error)
    if (e.code === 'cancelled' || context.signal.aborted) throw e
    return { failure: { line: sample.line, sample: sample.sample, code: e.code, message: e.message, remedy: e.remedy } }
  }
}

export const rowOf = (s: RiskScore, sheet: Pick<RiskSheetRow, 'label'>): RiskCohortRow => ({
  sample: s.sample,
  path: s.path,
  label: sheet.label,
  genotype: s.genotype,
  probability: s.probability,
  intervalLow: s.interval?.low ?? null,
  intervalHigh: s.interval?.high ?? null,
  place: s.place?.all ?? null,
  twoSnp: s.baseline.twoSnp,
  logOddsRatio: s.baseline.logOddsRatio,
  meanDepth: s.coverage.meanDepth,
  covered: s.coverage.covered / s.coverage.positions,
  heterozygousShare: s.coverage.heterozygousShare,
  build: s.build,
  noCall: s.noCall?.code ?? null,
  ...(s.seen ? { seen: s.seen } : {}),
})

/** A cohort of the rows that are there, with figures where the labels allow them. */
export async function summary(
  rows: readonly RiskCohortRow[],
  failures: readonly RiskSheetProblem[],
  resumed: number,
  sheet: RiskSheet,
  model: RiskModel,
  context: WorkContext,
  figuresOf: FiguresOf = figuresHere,
): Promise<RiskCohort> {
  // The same people for every model: those that have a label, a score and a called genotype.
  const judged = rows.filter(isJudged)
  const cautions = [...new Set([...sheet.cautions, ...classCautions(judged)])]
  const of = (people: readonly JudgedRow[]) => figuresOf(columnsOf(people), model.facts.threshold, context)
  const figures = await of(judged)
  const counts = seenOf(rows)
  const seen = counts && { ...counts, heldOut: await of(judged.filter(r => !hadPart(r))) }
  return {
    model: model.summary,
    rows,
    failures,
    resumed,
    cautions,
    metrics: figures?.metrics ?? null,
    comparison: figures?.comparison ?? null,
    paired: figures?.paired ?? null,
    roc: figures?.roc ?? null,
    ...(seen ? { seen } : {}),
    limits: [
      ...(model.facts.trainedOnSimulated ? [simulatedSentence] : []),
      RESEARCH_USE_ONLY,
      ...(figures ? [figuresSentence(model, seen)] : []),
    ],
  }
}

/** Figures of judged people: here, or in a thread. For a thousand people they are some 20 ms of work. */
export type FiguresOf = (people: JudgedPeople, threshold: number, context: WorkContext) => Promise<CohortFigures | null>
const figuresHere: FiguresOf = async (people, threshold) => cohortFigures(people, threshold)

const columnsOf = (judged: readonly JudgedRow[]): JudgedPeople => ({
  labels: judged.map(r => r.label),
  genotypes: judged.map(r => r.genotype ?? 'not called'),
  probabilities: judged.map(r => r.probability),
  twoSnp: judged.map(r => r.twoSnp),
  logOddsRatios: judged.map(r => r.logOddsRatio),
})

/** Undefined when nobody of the cohort, nor anybody who reads like them, had a part in the training. */
function seenOf(rows: readonly RiskCohortRow[]): Omit<CohortSeen, 'heldOut'> | undefined {
  const count = (of: (seen: RiskSeen) => boolean) => rows.filter(r => r.seen && of(r.seen)).length
  const part = (p: RiskSeen['part']) => count(s => s.sameName && s.part === p)
  const alike = count(s => !s.sameName && hadPart({ seen: s }))
  const counts = { training: part('training'), validation: part('validation'), test: part('test'), alike }
  return counts.training + counts.validation + counts.test + alike === 0 ? undefined : counts
}

function figuresSentence(model: RiskModel, seen: Omit<CohortSeen, 'heldOut'> | undefined): string {
  if (!model.trainedPeople) return 'Figures are of this cohort. People of the training cohort among them would make them too good; this model does not say who they were.' // biome-ignore format: one line
  const unknown = model.trainedPeople.unknown.length > 0 ? ' Who trained the weights that it began with is not recorded: people of this cohort may have.' : '' // biome-ignore format: one line
  return `${seenSentence(seen) ?? 'Figures are of this cohort. Nobody of it, by name or letters, trained the model.'}${unknown}`
}

const fingerprintOf = (request: CohortRequest, model: RiskModel): string =>
  createHash('sha256')
    .update(JSON.stringify([model.scoreKey, request.build ?? 'auto']))
    .digest('hex')

const cell = (x: string | number | null) => (x === null ? '.' : typeof x === 'number' ? String(Number(x.toPrecision(6))) : x.replaceAll(/[\t\r\n]/g, ' ')) // biome-ignore format: one line
const COLUMNS = ['sample', 'path', 'label', 'genotype', 'probability', 'intervalLow', 'intervalHigh', 'place', 'twoSnp', 'logOddsRatio', 'meanDepth', 'covered', 'heterozygousShare', 'build', 'noCall'] as const // biome-ignore format: one line

/** Part of the training; `~` before it where only the letters agree. */
const seenCell = (seen: RiskSeen | undefined) => (seen ? `${seen.sameName ? '' : '~'}${seen.part}` : '.')

/** Figures of those who had no part in the model, in a line; null where everybody is held out, or where there are no figures at all. */
export function heldOutLine({ seen, metrics }: RiskCohort): string | null {
  const { own, alike } = partCounts(seen)
  if (!seen || !metrics || own + alike === 0) return null
  const { model, ...baselines } = seen.heldOut?.metrics ?? {}
  if (!model) return 'held out: too few people of both labels for figures'
  const auc = (m: RiskMetrics | undefined) => (m?.auc ? `${m.auc.auc.toFixed(4)} (95 % ${m.auc.ci95?.map(x => x.toFixed(4)).join(' to ') ?? 'none'})` : 'none') // biome-ignore format: one line
  const against = seen.heldOut?.paired['two-snp']
  return `held out, ${model.n} people (${model.cases} cases): AUC ${auc(model)}, Brier ${model.brier.toFixed(4)}; two SNPs ${auc(baselines['two-snp'])}, published odds ratios ${auc(baselines['odds-ratio'])}${against ? `; model minus two SNPs ${against.difference.toFixed(4)} (95 % ${against.ci?.map(x => x.toFixed(4)).join(' to ') ?? 'none'}), p ${pText(against.p)} (DeLong, paired)` : ''}` // biome-ignore format: one line
}

/** The table of a cohort: what it rests on as comments, one line a sample, failures at the end as comments. */
export function cohortTsv(cohort: RiskCohort): string {
  const seen = cohort.rows.some(r => r.seen)
  const heldOut = heldOutLine(cohort)
  const lines = [
    ...cohort.limits.map(l => `## ${l}`),
    ...cohort.cautions.map(c => `## caution: ${c}`),
    ...(heldOut === null ? [] : [`## ${heldOut}`]),
    `## model ${cohort.model.id}: ${cohort.model.name}`,
    [...COLUMNS, ...(seen ? ['seen'] : [])].join('\t'),
    ...cohort.rows.map(row => [...COLUMNS.map(c => cell(row[c])), ...(seen ? [seenCell(row.seen)] : [])].join('\t')),
    ...cohort.failures.map(
      f =>
        `## failed: ${lineText(f)}${f.sample || '(no name)'}: ${f.code}: ${f.message}${f.remedy ? ` - ${f.remedy}` : ''}`,
    ),
  ]
  return `${lines.join('\n')}\n`
}
