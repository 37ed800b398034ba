import type { Diplotype } from '../../../src-shared/genome/apoe.ts'
import type { RiskMetrics, RiskModelName } from '../../../src-shared/genome/risk.ts'
import type { Split } from '../../domain/cohort/splits.ts'
import { genotypeOfText, twoSnpCounts } from '../../domain/cohort/twoSnp.ts'
import { publishedLiability, sigmoid } from '../../domain/liability/liability.ts'
import { plattScaling } from '../../domain/statistics/calibration.ts'
import { fitLogistic, predictLogistic } from '../../domain/statistics/logisticRegression.ts'
import { pairedDeLong } from '../../domain/statistics/pairedDeLong.ts'
import { bestThreshold, riskMetrics } from '../../domain/statistics/riskMetrics.ts'
import { breathe } from '../../workers/pileupRun.ts'
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

/** What the reads of a person show of the two SNPs. */
interface SnpReading {
  /** Undefined where a site is not covered. */
  readonly counts: readonly [number, number] | undefined
  readonly genotype: Diplotype | null
  /** Of the published odds ratio; 0 (that of e3/e3) where there is no genotype. */
  readonly logOdds: number
}

/** People who are read or judged before the program's loop gets a turn. */
const AT_ONCE = 100
const readings = new WeakMap<readonly string[], { readonly flankBp: number; readonly found: readonly SnpReading[] }>()

/** Everybody's two SNPs; of the same people they are read once, in turns with whatever else the program does. */
export async function snpsOf({ texts }: Pick<RiskPeople, 'texts'>, flankBp: number): Promise<readonly SnpReading[]> {
  const known = readings.get(texts)
  if (known?.flankBp === flankBp) return known.found
  const found: SnpReading[] = []
  for (const [i, text] of texts.entries()) {
    if (i % AT_ONCE === 0) await breathe()
    const genotype = genotypeOfText(text, flankBp)
    found.push({ counts: twoSnpCounts(text, flankBp), genotype, logOdds: genotype ? LIABILITY.genotypeLogOdds[genotype] : 0 }) // biome-ignore format: one line
  }
  readings.set(texts, { flankBp, found })
  return found
}

/** `rows`: allele counts of everybody as the reads show them; the mean of the training people where a site is not covered. */
export async function fitBaselines(
  people: RiskPeople,
  train: Int32Array,
  flankBp: number,
): Promise<Baselines & { readonly rows: readonly (readonly [number, number])[] }> {
  const snps = await snpsOf(people, flankBp)
  const known = Array.from(train, i => snps[i]!.counts).filter(c => c !== undefined)
  const mean = ([0, 1] as const).map(s => known.reduce((sum, c) => sum + c[s], 0) / Math.max(1, known.length)) as [number, number] // biome-ignore format: one line
  const rows = snps.map(s => s.counts ?? mean)
  // A weak penalty (as scikit-learn's C = 100): in a small split everybody with an allele may be a case.
  const fit = fitLogistic(Array.from(train, i => rows[i]!), Array.from(train, i => people.labels[i]!), { inverseStrength: 100 }) // biome-ignore format: one line
  await breathe()
  return {
    twoSnp: { intercept: fit.intercept, coefficients: [fit.coefficients[0]!, fit.coefficients[1]!] },
    oddsRatioIntercept: interceptOf(Array.from(train, i => snps[i]!.logOdds), Array.from(train, i => people.labels[i]!)), // biome-ignore format: one line
    rows,
  }
}

const LIABILITY = publishedLiability()

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
export async function judgeSplit(
  which: number,
  people: RiskPeople,
  split: Split,
  logits: Float64Array,
  baselines: Awaited<ReturnType<typeof fitBaselines>>,
  flankBp: number,
  calibration: 'platt' | 'as-is' = 'platt',
): Promise<{
  readonly result: SplitResult
  readonly platt: { readonly intercept: number; readonly slope: number }
  readonly threshold: number
  readonly probabilities: Float64Array
}> {
  // biome-ignore format: one line
  const pick = (values: ArrayLike<number>, of: Int32Array) => Array.from(of, i => values[i]!)
  const { validation, test } = split
  const labels = pick(people.labels, test)
  const platt = calibration === 'platt' ? plattScaling(pick(logits, validation), pick(people.labels, validation)) : { intercept: 0, slope: 1 } // biome-ignore format: one line
  const probabilities = Float64Array.from(logits, l => sigmoid(platt.intercept + platt.slope * l))
  const snps = await snpsOf(people, flankBp)
  const genotypes = Array.from(test, i => snps[i]!.genotype ?? 'not called')
  const all = new Map<RiskModelName, Float64Array>([['model', probabilities]])
  all.set('two-snp', predictLogistic({ intercept: baselines.twoSnp.intercept, coefficients: Float64Array.from(baselines.twoSnp.coefficients) }, baselines.rows)) // biome-ignore format: one line
  all.set('odds-ratio', Float64Array.from(snps, s => sigmoid(baselines.oddsRatioIntercept + s.logOdds))) // biome-ignore format: one line
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
    await breathe()
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
