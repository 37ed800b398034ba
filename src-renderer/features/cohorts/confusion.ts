import type { RiskCohortRow } from '../../../src-shared/genome/risk.ts'
import { isJudged, type JudgedRow } from '../../../src-shared/genome/riskRows.ts'

/** Calls at a threshold against labels; a probability at or above it calls a case. Rates are null where nothing is divided by. */
export interface Confusion {
  readonly truePositives: number
  readonly falsePositives: number
  readonly trueNegatives: number
  readonly falseNegatives: number
  readonly sensitivity: number | null
  readonly specificity: number | null
  /** Share of cases among those called, in this cohort. */
  readonly precision: number | null
  readonly accuracy: number | null
}

/** The people of the figures: with a label, a score and both baselines, so that every model is judged on the same. */
export const judged = (rows: readonly RiskCohortRow[]): readonly JudgedRow[] => rows.filter(isJudged)

const share = (part: number, whole: number): number | null => (whole === 0 ? null : part / whole)

export function confusionAt(rows: readonly RiskCohortRow[], threshold: number): Confusion {
  let [tp, fp, tn, fn] = [0, 0, 0, 0]
  for (const r of judged(rows)) {
    const called = r.probability >= threshold
    if (r.label === 1) called ? tp++ : fn++
    else called ? fp++ : tn++
  }
  return {
    truePositives: tp,
    falsePositives: fp,
    trueNegatives: tn,
    falseNegatives: fn,
    sensitivity: share(tp, tp + fn),
    specificity: share(tn, tn + fp),
    precision: share(tp, tp + fp),
    accuracy: share(tp + tn, tp + tn + fp + fn),
  }
}

export const SCORE_BINS = 20

/** Share of a class's people in each of 20 equal bins of the probability. */
export function scoreBins(rows: readonly RiskCohortRow[], label: 0 | 1): readonly number[] {
  const own = rows.filter(r => r.label === label && r.probability !== null)
  const bins = new Array<number>(SCORE_BINS).fill(0)
  for (const r of own) {
    const at = Math.min(SCORE_BINS - 1, Math.floor((r.probability ?? 0) * SCORE_BINS))
    bins[at] = (bins[at] ?? 0) + 1 / own.length
  }
  return bins
}
