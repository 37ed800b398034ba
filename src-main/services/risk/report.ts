import type { RiskMetrics, RiskModelName } from '../../../src-shared/genome/risk.ts'
import { SIMULATED_LABEL } from '../../../src-shared/genome/risk.ts'
import { pText } from '../../../src-shared/genome/riskComparison.ts'
import { twoSidedP } from '../../domain/statistics/normal.ts'
import type { AucDifference, SplitResult } from './judge.ts'

/** What a training of a classifier found, as written to report.json. */
export interface RiskReport {
  readonly id: string
  readonly simulated: boolean
  readonly people: number
  readonly cases: number
  readonly regionBp: number
  readonly flankBp: number
  readonly depth: string
  readonly referenceNote: string
  /** Null: the model reads the two SNPs, no tokens. */
  readonly tokens: { readonly least: number; readonly most: number; readonly mean: number } | null
  readonly panelSites: number | null
  /** Of the population, exact; simulated people only. */
  readonly optimum: { readonly auc: number; readonly twoSnpAuc: number } | null
  readonly splits: readonly SplitResult[]
  readonly simulation: Readonly<Record<string, unknown>> | null
  /** What must be said of the weights that the training began with. */
  readonly startNote?: string
}

export const MODEL_NAMES: Readonly<Record<RiskModelName, string>> = {
  model: 'diplotype model',
  'two-snp': 'two SNPs, logistic',
  'odds-ratio': 'published odds ratios',
  optimum: 'true liability (optimum)',
}
const NAMES = Object.keys(MODEL_NAMES) as RiskModelName[]
/** A model that reads no tokens is a logistic one. */
const namesOf = ({ tokens }: RiskReport) => (tokens ? MODEL_NAMES : { ...MODEL_NAMES, model: 'this logistic model' })

const f = (x: number, digits = 4) => x.toFixed(digits)
const interval = (ci: readonly [number, number] | null | undefined) => (ci ? `${f(ci[0])} to ${f(ci[1])}` : 'none')
export const meanOf = (values: readonly number[]) => values.reduce((a, b) => a + b, 0) / values.length
export const deviationOf = (values: readonly number[]) =>
  values.length < 2 ? 0 : Math.sqrt(values.reduce((s, v) => s + (v - meanOf(values)) ** 2, 0) / (values.length - 1))
export const aucsOf = (report: RiskReport, name: RiskModelName) =>
  report.splits.flatMap(s => s.metrics[name]?.auc?.auc ?? [])

const signed = (d: AucDifference | null) =>
  d ? `${d.difference >= 0 ? '+' : ''}${f(d.difference)} (${interval(d.ci95)}${d.z === null ? '' : `; z ${f(d.z, 2)}, p ${pText(twoSidedP(d.z))}`})` : 'none' // biome-ignore format: one line

/** Sentences for the card. */
export function cardLines(report: RiskReport): string[] {
  const first = report.splits[0]!
  const network = report.tokens !== null
  const names = namesOf(report)
  const lines = NAMES.flatMap(name => {
    const m = first.metrics[name]
    return m ? [`${names[name]}, ${m.n} test people of split 1 (${m.cases} cases): AUC ${f(m.auc?.auc ?? Number.NaN)} (95 % ${interval(m.auc?.ci95)}), F1 macro ${f(m.f1.macro)}, binary ${f(m.f1.binary)}, Brier ${f(m.brier)}, log loss ${f(m.logLoss)}, calibration error ${f(m.ece)}`] : [] // biome-ignore format: one line
  })
  const aucs = aucsOf(report, 'model')
  return [
    ...(report.simulated ? [`All people are simulated: ${SIMULATED_LABEL}.`] : []),
    ...lines,
    ...(network ? [`Model minus two-SNP baseline, the same test people of split 1: ${signed(first.modelMinusTwoSnp)} (DeLong)`] : []), // biome-ignore format: one line
    `Over ${aucs.length} splits of the same people (not independent): AUC ${f(meanOf(aucs))}, standard deviation ${f(deviationOf(aucs))}, each ${aucs.map(a => f(a)).join(', ')}`, // biome-ignore format: one line
    ...(report.optimum ? [`Best possible AUC in this population, computed from its liability: ${f(report.optimum.auc)}; of the two SNPs alone ${f(report.optimum.twoSnpAuc)}`] : []), // biome-ignore format: one line
    `Protocol: 70/15/15 by person, stratified; ${network ? 'early stopping, threshold and Platt scaling' : 'nothing but the threshold'} on validation people only; test people scored once.`, // biome-ignore format: one line
  ]
}

export function reportMarkdown(report: RiskReport): string {
  const out = [
    `# ${report.id}`,
    '',
    ...(report.simulated ? [`**All people are simulated: ${SIMULATED_LABEL}.**`, ''] : []),
    `${report.people} people, ${report.cases} cases; region ${report.regionBp.toLocaleString('en-US')} bp (flank ${report.flankBp}); depth ${report.depth}; ${report.panelSites === null ? 'whole diplotypes' : `${report.panelSites} sites read`}${report.tokens ? `; ${report.tokens.least} to ${report.tokens.most} tokens (${(report.regionBp / report.tokens.mean).toFixed(1)} bp each)` : ''}. Reference: ${report.referenceNote}.`, // biome-ignore format: one line
    '',
  ]
  if (report.startNote) out.push(report.startNote, '')
  if (report.optimum) out.push(`Best possible AUC of this population (exact, from its liability): **${f(report.optimum.auc)}**; of the two SNPs alone ${f(report.optimum.twoSnpAuc)}.`, '') // biome-ignore format: one line
  out.push('## Test people of each split', '', '| split | model | AUC (95 %, DeLong) | F1 macro | F1 binary | threshold | accuracy (majority) | Brier | log loss | ECE |', '|---|---|---|---|---|---|---|---|---|---|') // biome-ignore format: one line
  for (const s of report.splits)
    for (const name of NAMES) {
      const m = s.metrics[name]
      if (m) out.push(row(s.split, namesOf(report)[name], m))
    }
  out.push('', '| split | model minus two SNPs | model minus optimum |', '|---|---|---|', ...report.splits.map(s => `| ${s.split} | ${signed(s.modelMinusTwoSnp)} | ${signed(s.modelMinusOptimum)} |`), '') // biome-ignore format: one line
  out.push('| model | mean AUC | standard deviation over splits (the same people: not independent) |', '|---|---|---|')
  for (const name of NAMES) {
    const aucs = aucsOf(report, name)
    if (aucs.length > 0) out.push(`| ${namesOf(report)[name]} | ${f(meanOf(aucs))} | ${f(deviationOf(aucs))} |`)
  }
  const first = report.splits[0]!.metrics.model!
  out.push('', '## Calibration of the model (split 1, test people)', '', '| probability | people | mean | observed | 95 % (Wilson) |', '|---|---|---|---|---|') // biome-ignore format: one line
  for (const b of first.calibration) out.push(`| ${f(b.from, 3)} to ${f(b.to, 3)} | ${b.n} | ${f(b.meanProbability, 3)} | ${f(b.observed, 3)} | ${f(b.ci95[0], 3)} to ${f(b.ci95[1], 3)} |`) // biome-ignore format: one line
  if (first.calibrationLine) out.push('', `Line of the labels on logit(p): intercept ${f(first.calibrationLine.intercept, 3)}, slope ${f(first.calibrationLine.slope, 3)} (0 and 1 when calibrated).`) // biome-ignore format: one line
  out.push('', '## By APOE genotype as read (split 1, test people)', '', '| genotype | people | cases | mean probability | AUC within (95 %) |', '|---|---|---|---|---|') // biome-ignore format: one line
  for (const g of first.byGenotype) out.push(`| ${g.genotype} | ${g.n} | ${g.cases} | ${f(g.meanProbability, 3)} | ${g.auc ? `${f(g.auc.auc)} (${interval(g.auc.ci95)})` : 'none'} |`) // biome-ignore format: one line
  return `${out.join('\n')}\n`
}

const row = (split: number, name: string, m: RiskMetrics) =>
  `| ${split} | ${name} | ${m.auc ? `${f(m.auc.auc)} (${interval(m.auc.ci95)})` : 'none'} | ${f(m.f1.macro)} | ${f(m.f1.binary)} | ${f(m.f1.threshold, 3)} | ${f(m.accuracy)} (${f(m.majorityAccuracy)}) | ${f(m.brier)} | ${f(m.logLoss)} | ${f(m.ece)} |` // biome-ignore format: one line
