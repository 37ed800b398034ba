import type { AucWithInterval, RiskMetrics, RocCurve } from '../../../src-shared/genome/risk.ts'
import { brierScore, calibrationBins, calibrationLine, expectedCalibrationError, logLoss } from './calibration.ts'
import { f1Scores } from './f1.ts'
import { rocAuc } from './rocAuc.ts'

/** The area with its interval; without one at 0 and 1, where DeLong's variance is 0 whatever the number of people. null when a class is empty. */
export const aucWithInterval = (scores: ArrayLike<number>, labels: ArrayLike<number>): AucWithInterval | null => {
  const found = rocAuc(scores, labels)
  if (!found) return null
  const { auc, ci95Logit } = found
  return { auc, ci95: auc > 0 && auc < 1 ? (ci95Logit ?? null) : null }
}

/** Everything that is reported of probabilities with known labels; a probability at or above the threshold calls a case. */
export function riskMetrics(
  probabilities: ArrayLike<number>,
  labels: ArrayLike<number>,
  genotypes: readonly string[],
  threshold: number,
): RiskMetrics {
  const n = labels.length
  const cases = Array.from(labels).reduce((a, b) => a + b, 0)
  const f1 = f1Scores(probabilities, labels, threshold)
  const bins = calibrationBins(probabilities, labels)
  const groups = new Map<string, number[]>()
  genotypes.forEach((g, i) => {
    const members = groups.get(g)
    if (members) members.push(i)
    else groups.set(g, [i])
  })
  return {
    n,
    cases,
    auc: aucWithInterval(probabilities, labels),
    f1: { macro: f1.macro, binary: f1.label1, threshold, emptyLabels: f1.emptyLabels },
    accuracy: (f1.confusion.truePositives + f1.confusion.trueNegatives) / n,
    majorityAccuracy: Math.max(cases, n - cases) / n,
    brier: brierScore(probabilities, labels),
    logLoss: logLoss(probabilities, labels),
    ece: expectedCalibrationError(bins),
    calibrationLine: calibrationLine(probabilities, labels) ?? null,
    calibration: bins,
    byGenotype: [...groups]
      .sort((a, b) => (a[0] < b[0] ? -1 : 1))
      .map(([genotype, members]) => {
        const p = members.map(m => probabilities[m]!)
        const l = members.map(m => labels[m]!)
        return {
          genotype,
          n: members.length,
          cases: l.reduce((a, b) => a + b, 0),
          meanProbability: p.reduce((a, b) => a + b, 0) / p.length,
          auc: aucWithInterval(p, l),
        }
      }),
  }
}

/** The probability from which calling a case gives the best macro F1; of several the lowest. To be chosen on validation people only. */
export function bestThreshold(probabilities: ArrayLike<number>, labels: ArrayLike<number>): number {
  const candidates = [...new Set(Array.from(probabilities))].sort((a, b) => a - b)
  let best = 0.5
  let bestF1 = -1
  // Beyond 200 candidates the curve is sampled: macro F1 moves by less than its own error between two neighbours.
  const step = Math.max(1, Math.floor(candidates.length / 200))
  for (let i = 0; i < candidates.length; i += step) {
    const { macro } = f1Scores(probabilities, labels, candidates[i]!)
    if (macro > bestF1) {
      bestF1 = macro
      best = candidates[i]!
    }
  }
  return best
}

/** The curve of (false, true) positive rates as the threshold falls; points of equal score are one. At most `points` are kept. */
export function rocCurve(scores: ArrayLike<number>, labels: ArrayLike<number>, points = 200): RocCurve {
  const order = Array.from({ length: labels.length }, (_, i) => i).sort((a, b) => scores[b]! - scores[a]!)
  const cases = Array.from(labels).reduce((a, b) => a + b, 0)
  const controls = labels.length - cases
  const all: [number, number, number | null][] = [[0, 0, null]]
  let [hits, alarms] = [0, 0]
  for (let i = 0; i < order.length; i++) {
    if (labels[order[i]!] === 1) hits++
    else alarms++
    if (i + 1 === order.length || scores[order[i + 1]!] !== scores[order[i]!]) all.push([alarms / controls, hits / cases, scores[order[i]!]!]) // biome-ignore format: one line
  }
  const step = Math.max(1, Math.ceil(all.length / points))
  const kept = all.filter((_, i) => i % step === 0 || i === all.length - 1)
  return {
    falsePositiveRate: kept.map(k => k[0]),
    truePositiveRate: kept.map(k => k[1]),
    thresholds: kept.map(k => k[2]),
  }
}
