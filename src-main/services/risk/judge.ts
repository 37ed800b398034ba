import type { RiskMetrics, RiskModelName } from '../../../src-shared/genome/risk.ts'
import type { Split } from '../../domain/cohort/splits.ts'
import { genotypeOfText, twoSnpCounts } from '../../domain/cohort/twoSnp.ts'
import { publishedLiability, sigmoid } from '../../domain/liability/liability.ts'
import { plattScaling } from '../../domain/statistics/calibration.ts'
import { fitLogistic, predictLogistic } from '../../domain/statistics/logisticRegression.ts'
import { pairedDeLong } from '../../domain/statistics/pairedDeLong.ts'
import { bestThreshold, riskMetrics } from '../../domain/statistics/riskMetrics.ts'
import type { RiskPeople } from './people.ts'

export interface AucDifference {
  readonly difference: number
  /** null where the estimated variance is 0 though the two rank differently. */
  readonly ci95: readonly [number, number] | null
  readonly z: number | null
}

/** One split: everybody on the same test people. */
export interface SplitResult {
  readonly split: number
  readonly people: { readonly train: number; readonly validation: number; readonly test: number }
  readonly metrics: Readonly<Partial<Record<RiskModelName, RiskMetrics>>>
  /** Model minus two-SNP baseline, and model minus the true liability. */
  readonly modelMinusTwoSnp: AucDifference | null
  readonly modelMinusOptimum: AucDifference | null
  /** Calls of the model on the test people, at the threshold that the validation people chose. */
  readonly confusion?: { readonly truePositives: number; readonly falsePositives: number; readonly trueNegatives: number; readonly falseNegatives: number } // biome-ignore format: one line
}

export interface Baselines {
  readonly twoSnp: { readonly intercept: number; readonly coefficients: readonly [number, number] }
  /** Of the published odds-ratio model, so that its probabilities have the training people's share of cases. */
  readonly oddsRatioIntercept: number
}

/** Allele counts as the reads show them; the mean of the training people where a site is not covered. */
export type SnpRows = (text: string) => readonly [number, number]

export function fitBaselines(
  people: RiskPeople,
  train: Int32Array,
  flankBp: number,
): Baselines & { readonly rows: SnpRows } {
  const known = Array.from(train, i => ({ i, counts: twoSnpCounts(people.texts[i]!, flankBp) })).filter(k => k.counts)
  const mean = ([0, 1] as const).map(s => known.reduce((sum, k) => sum + k.counts![s], 0) / Math.max(1, known.length)) as [number, number] // biome-ignore format: one line
  const rows: SnpRows = text => twoSnpCounts(text, flankBp) ?? mean
  // A weak penalty (as scikit-learn's C = 100): in a small split everybody with an allele may be a case.
  const fit = fitLogistic(Array.from(train, i => rows(people.texts[i]!)), Array.from(train, i => people.labels[i]!), { inverseStrength: 100 }) // biome-ignore format: one line
  return {
    twoSnp: { intercept: fit.intercept, coefficients: [fit.coefficients[0]!, fit.coefficients[1]!] },
    oddsRatioIntercept: interceptOf(Array.from(train, i => logOddsRatio(people.texts[i]!, flankBp)), Array.from(train, i => people.labels[i]!)), // biome-ignore format: one line
    rows,
  }
}

const LIABILITY = publishedLiability()
/** log of the published odds ratio of the genotype that the reads show; 0 (that of e3/e3) where they show none. */
export function logOddsRatio(text: string, flankBp: number): number {
  const genotype = genotypeOfText(text, flankBp)
  return genotype ? LIABILITY.genotypeLogOdds[genotype] : 0
}

/** The intercept at which the mean probability is the share of cases, by bisection. */
function interceptOf(scores: readonly number[], labels: readonly number[]): number {
  const share = labels.reduce((a, b) => a + b, 0) / labels.length
  let [low, high] = [-30, 30]
  for (let i = 0; i < 80; i++) {
    const middle = (low + high) / 2
    if (scores.reduce((sum, s) => sum + sigmoid(middle + s), 0) / scores.length < share) low = middle
    else high = middle
  }
  return (low + high) / 2
}

export function difference(
  a: ArrayLike<number>,
  b: ArrayLike<number>,
  labels: ArrayLike<number>,
): AucDifference | null {
  const d = pairedDeLong(a, b, labels)
  return d && { difference: d.difference, ci95: d.ci, z: d.z }
}

/**
 * Judges a split from the model's logits of everybody; thresholds and calibration come from the validation people alone. `as-is`: logits that are
 * log odds already, and are not calibrated.
 */
export function judgeSplit(
  which: number,
  people: RiskPeople,
  split: Split,
  logits: Float64Array,
  baselines: Baselines & { readonly rows: SnpRows },
  flankBp: number,
  calibration: 'platt' | 'as-is' = 'platt',
): {
  readonly result: SplitResult
  readonly platt: { readonly intercept: number; readonly slope: number }
  readonly threshold: number
  readonly probabilities: Float64Array
} {
  // biome-ignore format: one line
  const pick = (values: ArrayLike<number>, of: Int32Array) => Array.from(of, i => values[i]!)
  const { validation, test } = split
  const labels = pick(people.labels, test)
  const platt = calibration === 'platt' ? plattScaling(pick(logits, validation), pick(people.labels, validation)) : { intercept: 0, slope: 1 } // biome-ignore format: one line
  const probabilities = Float64Array.from(logits, l => sigmoid(platt.intercept + platt.slope * l))
  const genotypes = Array.from(test, i => genotypeOfText(people.texts[i]!, flankBp) ?? 'not called')
  const all = new Map<RiskModelName, Float64Array>([['model', probabilities]])
  all.set('two-snp', predictLogistic({ intercept: baselines.twoSnp.intercept, coefficients: Float64Array.from(baselines.twoSnp.coefficients) }, people.texts.map(t => baselines.rows(t)))) // biome-ignore format: one line
  all.set('odds-ratio', Float64Array.from(people.texts, t => sigmoid(baselines.oddsRatioIntercept + logOddsRatio(t, flankBp)))) // biome-ignore format: one line
  const { truth } = people
  if (truth) {
    // A case-control sample of a logistic population: the intercept moves by the log ratio of the two odds.
    const share = labels.reduce((a, b) => a + b, 0) / labels.length
    const shift = Math.log(share / (1 - share)) - Math.log(truth.prevalence / (1 - truth.prevalence))
    all.set(
      'optimum',
      Float64Array.from(truth.logOdds, l => sigmoid(l + shift)),
    )
  }
  const metrics: Partial<Record<RiskModelName, RiskMetrics>> = {}
  let threshold = 0.5
  for (const [name, p] of all) {
    const chosen = bestThreshold(pick(p, validation), pick(people.labels, validation))
    if (name === 'model') threshold = chosen
    metrics[name] = riskMetrics(pick(p, test), labels, genotypes, chosen)
  }
  const on = (name: RiskModelName) => pick(all.get(name)!, test)
  return {
    result: {
      split: which,
      people: { train: split.train.length, validation: validation.length, test: test.length },
      metrics,
      modelMinusTwoSnp: difference(on('model'), on('two-snp'), labels),
      modelMinusOptimum: truth ? difference(on('model'), on('optimum'), labels) : null,
      confusion: confusionOf(on('model'), labels, threshold),
    },
    platt,
    threshold,
    probabilities,
  }
}

function confusionOf(probabilities: readonly number[], labels: readonly number[], threshold: number) {
  const count = (label: 0 | 1, called: boolean) => labels.filter((l, i) => l === label && probabilities[i]! >= threshold === called).length // biome-ignore format: one line
  return { truePositives: count(1, true), falsePositives: count(0, true), trueNegatives: count(0, false), falseNegatives: count(1, false) } // biome-ignore format: one line
}

/** Quantiles 0, 1/100 … 1 by linear interpolation; empty for no values. */
export function quantiles(values: readonly number[], steps = 100): number[] {
  if (values.length === 0) return []
  const sorted = [...values].sort((a, b) => a - b)
  return Array.from({ length: steps + 1 }, (_, i) => {
    const at = (i / steps) * (sorted.length - 1)
    const low = Math.floor(at)
    return sorted[low]! + (at - low) * ((sorted[low + 1] ?? sorted[low]!) - sorted[low]!)
  })
}
