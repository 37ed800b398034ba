import { WorkbenchError } from '../../../src-shared/ipc/errors.ts'

/** The normal quantile of 97.5 %. */
export const Z_975 = 1.959963984540054

export interface Auc {
  /** Share of (positive, negative) pairs in which the positive scores higher; ties count one half. */
  readonly auc: number
  /** DeLong's variance; undefined with fewer than two members of a class. */
  readonly variance: number | undefined
  /** auc ± z·se, clipped to [0, 1]. */
  readonly ci95: readonly [number, number] | undefined
  /** The same on the logit scale; a single point when the AUC is 0 or 1. */
  readonly ci95Logit: readonly [number, number] | undefined
  readonly positives: number
  readonly negatives: number
}

/** Structural components of DeLong et al. 1988: for each positive the share of negatives beaten, for each negative the converse. */
interface Components {
  readonly auc: number
  readonly byPositive: Float64Array
  readonly byNegative: Float64Array
}

/**
 * Area under the ROC curve with DeLong's 95 % interval (DeLong 1988; mid-ranks after Sun and Xu 2014), float64.
 * Undefined when a class is empty: there is no pair to compare, and 0.5 would be an invention.
 * @throws WorkbenchError `bad-input` for lengths that differ, labels other than 0 and 1, or a NaN score
 */
export function rocAuc(scores: ArrayLike<number>, labels: ArrayLike<number>): Auc | undefined {
  const parts = components(scores, labels)
  if (!parts) return undefined
  const { auc, byPositive, byNegative } = parts
  const variance =
    byPositive.length < 2 || byNegative.length < 2
      ? undefined
      : covariance(byPositive, byPositive) / byPositive.length + covariance(byNegative, byNegative) / byNegative.length
  const se = variance === undefined ? undefined : Math.sqrt(variance)
  return {
    auc,
    variance,
    ci95: se === undefined ? undefined : [Math.max(0, auc - Z_975 * se), Math.min(1, auc + Z_975 * se)],
    ci95Logit: se === undefined ? undefined : logitInterval(auc, se),
    positives: byPositive.length,
    negatives: byNegative.length,
  }
}

export interface AucComparison {
  /** AUC of a minus AUC of b. */
  readonly difference: number
  readonly variance: number
  /** difference / √variance; undefined when the variance is 0 (equal rankings). */
  readonly z: number | undefined
}

/** Paired comparison of two scores of the same samples, by the covariance of DeLong's components. */
export function compareAuc(
  a: ArrayLike<number>,
  b: ArrayLike<number>,
  labels: ArrayLike<number>,
): AucComparison | undefined {
  const x = components(a, labels)
  const y = components(b, labels)
  if (!x || !y || x.byPositive.length < 2 || x.byNegative.length < 2) return undefined
  const positive = x.byPositive.map((v, i) => v - y.byPositive[i]!)
  const negative = x.byNegative.map((v, i) => v - y.byNegative[i]!)
  const variance = covariance(positive, positive) / positive.length + covariance(negative, negative) / negative.length
  const difference = x.auc - y.auc
  return { difference, variance, z: variance > 0 ? difference / Math.sqrt(variance) : undefined }
}

function logitInterval(auc: number, se: number): readonly [number, number] {
  if (auc <= 0 || auc >= 1) return [auc, auc]
  const centre = Math.log(auc / (1 - auc))
  const half = (Z_975 * se) / (auc * (1 - auc))
  const back = (logit: number) => 1 / (1 + Math.exp(-logit))
  return [back(centre - half), back(centre + half)]
}

/** Mid-ranks, 1-based: tied values share the mean of their ranks. */
export function midRanks(values: ArrayLike<number>): Float64Array {
  const order = Array.from({ length: values.length }, (_, i) => i).sort((i, j) => values[i]! - values[j]!)
  const ranks = new Float64Array(values.length)
  for (let start = 0; start < order.length; ) {
    let end = start
    while (end < order.length && values[order[end]!] === values[order[start]!]) end++
    for (let i = start; i < end; i++) ranks[order[i]!] = (start + end + 1) / 2
    start = end
  }
  return ranks
}

function components(scores: ArrayLike<number>, labels: ArrayLike<number>): Components | undefined {
  if (scores.length !== labels.length)
    throw new WorkbenchError(
      'bad-input',
      `${scores.length} scores and ${labels.length} labels`,
      'give one label a score',
    )
  const positives: number[] = []
  const negatives: number[] = []
  for (let i = 0; i < scores.length; i++) {
    if (Number.isNaN(scores[i]!))
      throw new WorkbenchError('bad-input', `score ${i} is NaN`, 'leave out samples without a score')
    if (labels[i] === 1) positives.push(scores[i]!)
    else if (labels[i] === 0) negatives.push(scores[i]!)
    else throw new WorkbenchError('bad-input', `label ${i} is ${labels[i]}`, 'labels are 0 and 1')
  }
  const m = positives.length
  const n = negatives.length
  if (m === 0 || n === 0) return undefined
  const all = midRanks([...positives, ...negatives])
  const amongPositives = midRanks(positives)
  const amongNegatives = midRanks(negatives)
  const byPositive = Float64Array.from(positives, (_, i) => (all[i]! - amongPositives[i]!) / n)
  const byNegative = Float64Array.from(negatives, (_, j) => 1 - (all[m + j]! - amongNegatives[j]!) / m)
  // Ranks are multiples of one half, so the sum of wins is exact.
  let wins = 0
  for (let i = 0; i < m; i++) wins += all[i]! - amongPositives[i]!
  return { auc: wins / (m * n), byPositive, byNegative }
}

/** Sample covariance (n - 1). */
function covariance(a: Float64Array, b: Float64Array): number {
  const n = a.length
  const meanA = a.reduce((sum, v) => sum + v, 0) / n
  const meanB = b.reduce((sum, v) => sum + v, 0) / n
  let sum = 0
  for (let i = 0; i < n; i++) sum += (a[i]! - meanA) * (b[i]! - meanB)
  return sum / (n - 1)
}
