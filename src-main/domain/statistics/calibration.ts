import type { CalibrationBin } from '../../../src-shared/genome/risk.ts'
import { asWorkbenchError, WorkbenchError } from '../../../src-shared/ipc/errors.ts'
import { fitLogistic } from './logisticRegression.ts'
import { wilsonInterval } from './wilson.ts'

/** Probabilities are clipped to this and 1 - this before a logarithm is taken. */
const LEAST = 1e-7
const clipped = (p: number) => Math.min(1 - LEAST, Math.max(LEAST, p))

export const logitOf = (p: number): number => Math.log(clipped(p) / (1 - clipped(p)))

function checked(probabilities: ArrayLike<number>, labels: ArrayLike<number>): void {
  if (probabilities.length !== labels.length || labels.length === 0)
    throw new WorkbenchError('bad-input', `${probabilities.length} probabilities and ${labels.length} labels`, 'give one label a probability, and at least one') // biome-ignore format: one line
  for (let i = 0; i < labels.length; i++) {
    if (!(probabilities[i]! >= 0 && probabilities[i]! <= 1)) throw new WorkbenchError('bad-input', `probability ${i} is ${probabilities[i]}`, 'probabilities lie from 0 to 1') // biome-ignore format: one line
    if (labels[i] !== 0 && labels[i] !== 1) throw new WorkbenchError('bad-input', `label ${i} is ${labels[i]}`, 'labels are 0 and 1') // biome-ignore format: one line
  }
}

/** Mean of (p - y)² (Brier 1950). */
export function brierScore(probabilities: ArrayLike<number>, labels: ArrayLike<number>): number {
  checked(probabilities, labels)
  let sum = 0
  for (let i = 0; i < labels.length; i++) sum += (probabilities[i]! - labels[i]!) ** 2
  return sum / labels.length
}

/** Mean negative log-likelihood in nats. */
export function logLoss(probabilities: ArrayLike<number>, labels: ArrayLike<number>): number {
  checked(probabilities, labels)
  let sum = 0
  for (let i = 0; i < labels.length; i++) {
    const p = clipped(probabilities[i]!)
    sum -= labels[i] === 1 ? Math.log(p) : Math.log(1 - p)
  }
  return sum / labels.length
}

/**
 * Reliability in bins of equal count, from the lowest probability up. People of equal probability stay together, so that there may be fewer
 * bins than asked for. The first bin reaches down to 0, the last up to 1; between two bins the border is halfway.
 */
export function calibrationBins(
  probabilities: ArrayLike<number>,
  labels: ArrayLike<number>,
  bins = 10,
): CalibrationBin[] {
  checked(probabilities, labels)
  const order = Array.from({ length: labels.length }, (_, i) => i).sort((a, b) => probabilities[a]! - probabilities[b]!)
  const groups: number[][] = []
  for (let bin = 0, at = 0; bin < bins && at < order.length; bin++) {
    let end = Math.max(at + 1, Math.round(((bin + 1) * order.length) / bins))
    while (end < order.length && probabilities[order[end]!] === probabilities[order[end - 1]!]) end++
    groups.push(order.slice(at, end))
    at = end
  }
  const border = (i: number) => (probabilities[groups[i - 1]!.at(-1)!]! + probabilities[groups[i]![0]!]!) / 2
  return groups.map((members, i) => {
    const cases = members.reduce((sum, m) => sum + labels[m]!, 0)
    return {
      from: i === 0 ? 0 : border(i),
      to: i === groups.length - 1 ? 1 : border(i + 1),
      n: members.length,
      meanProbability: members.reduce((sum, m) => sum + probabilities[m]!, 0) / members.length,
      observed: cases / members.length,
      ci95: wilsonInterval(cases, members.length),
    }
  })
}

/** Expected calibration error: the mean of |mean probability - observed share| over people. */
export function expectedCalibrationError(bins: readonly CalibrationBin[]): number {
  const n = bins.reduce((sum, b) => sum + b.n, 0)
  return bins.reduce((sum, b) => sum + (b.n / n) * Math.abs(b.meanProbability - b.observed), 0)
}

/** The bin that holds a probability. */
export const binOfProbability = (bins: readonly CalibrationBin[], p: number): CalibrationBin | undefined =>
  bins.find(b => p < b.to) ?? bins.at(-1)

/**
 * Platt's map of a score to a probability, 1 / (1 + exp(-(intercept + slope·score))), by maximum likelihood with his targets: (n⁺+1)/(n⁺+2)
 * for a case and 1/(n⁻+2) for a control (Platt 1999), so that separated classes have an answer too. The map rises: a score's direction is its
 * model's, and a dozen people of whom the controls score higher by chance must not turn it round. Where they would, the slope is `LEAST_SLOPE`,
 * which keeps the ranks and says next to nothing.
 */
export function plattScaling(
  scores: ArrayLike<number>,
  labels: ArrayLike<number>,
): { intercept: number; slope: number } {
  const free = plattFit(scores, labels)
  // All scores equal: nothing can be turned round.
  const constant = Array.from(scores).every(s => s === scores[0])
  return constant || free.slope >= LEAST_SLOPE ? free : plattFit(scores, labels, LEAST_SLOPE)
}

/** Of a score in nats: one that is a whole nat higher gives odds 1 % higher. */
export const LEAST_SLOPE = 0.01

function plattFit(
  scores: ArrayLike<number>,
  labels: ArrayLike<number>,
  fixed?: number,
): { intercept: number; slope: number } {
  let positives = 0
  for (let i = 0; i < labels.length; i++) positives += labels[i]!
  const negatives = labels.length - positives
  const high = (positives + 1) / (positives + 2)
  const low = 1 / (negatives + 2)
  let intercept = Math.log((positives + 1) / (negatives + 1))
  let slope = fixed ?? 0
  const loss = (a: number, b: number) => {
    let sum = 0
    for (let i = 0; i < labels.length; i++) {
      const z = a + b * scores[i]!
      sum += Math.max(z, 0) + Math.log1p(Math.exp(-Math.abs(z))) - (labels[i] === 1 ? high : low) * z
    }
    return sum
  }
  let value = loss(intercept, slope)
  for (let iteration = 0; iteration < 100; iteration++) {
    let [ga, gb, haa, hab, hbb] = [0, 0, 1e-12, 0, 1e-12]
    for (let i = 0; i < labels.length; i++) {
      const x = scores[i]!
      const p = 1 / (1 + Math.exp(-(intercept + slope * x)))
      const d = p - (labels[i] === 1 ? high : low)
      const w = p * (1 - p)
      ga += d
      gb += d * x
      haa += w
      hab += w * x
      hbb += w * x * x
    }
    const determinant = haa * hbb - hab * hab
    // All scores equal: the slope is not determined and stays 0.
    const [da, db] = fixed === undefined && determinant > 1e-12 * haa * hbb ? [(hbb * ga - hab * gb) / determinant, (haa * gb - hab * ga) / determinant] : [ga / haa, 0] // biome-ignore format: one line
    let size = 1
    while (size > 1e-10 && loss(intercept - size * da, slope - size * db) > value) size /= 2
    if (size <= 1e-10) break
    intercept -= size * da
    slope -= size * db
    const next = loss(intercept, slope)
    const change = value - next
    value = next
    if (change < 1e-12 * (1 + Math.abs(value))) break
  }
  return { intercept, slope }
}

/** Logistic regression of the label on logit(p): 0 and 1 for a calibrated model; undefined when it has no unique maximum. */
export function calibrationLine(
  probabilities: ArrayLike<number>,
  labels: ArrayLike<number>,
): { intercept: number; slope: number } | undefined {
  checked(probabilities, labels)
  try {
    const fit = fitLogistic(Array.from(probabilities, p => [logitOf(p)]), labels) // biome-ignore format: one line
    return { intercept: fit.intercept, slope: fit.coefficients[0]! }
  } catch (error) {
    if (asWorkbenchError(error).code === 'bad-input') return undefined
    throw error
  }
}
