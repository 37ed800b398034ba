import type { AucWithInterval, RocCurve } from './risk.ts'

/** Two scores of the same samples, judged by their areas under the ROC curve (DeLong's paired test). */
export interface PairedAuc {
  readonly aucA: number
  readonly aucB: number
  /** aucA - aucB. */
  readonly difference: number
  /** 95 % interval of the difference, clipped to [-1, 1]; null when the estimated variance is 0 though the scores rank differently. */
  readonly ci: readonly [number, number] | null
  /** null when the variance is 0, as for scores that rank everybody alike: nothing can be tested then. */
  readonly z: number | null
  /** Two-sided, of no difference; null with z. */
  readonly p: number | null
}

/** A p value to two figures, small ones as a power of ten. */
export const pText = (p: number | null): string =>
  p === null ? 'not defined' : p < 1e-3 ? p.toExponential(1) : p.toPrecision(2)

/** One of two models that are compared. */
export interface ComparedModel {
  readonly name: string
  /** What must stand beside every number of it; null where nothing must. */
  readonly label: string | null
  /** Probability from which it calls a case. */
  readonly threshold: number
  /** Its folder says who trained it and all that it began with; where it does not, such people cannot be left out. */
  readonly trainedKnown: boolean
  readonly auc: AucWithInterval | null
  readonly roc: RocCurve | null
}

/** How two models call people of one label, each at its own threshold. */
export interface CallAgreement {
  readonly label: 0 | 1 | null
  readonly both: number
  readonly onlyA: number
  readonly onlyB: number
  readonly neither: number
}

/** Two risk models on the people whom both have scored, each file in the same state. */
export interface CohortComparison {
  readonly a: ComparedModel
  readonly b: ComparedModel
  /** Compared, scored by the first alone, by the second alone. */
  readonly people: number
  readonly onlyA: number
  readonly onlyB: number
  /** Scored by both and left out everywhere: their files changed after one of the models read them. */
  readonly changed: number
  /** Among the people: those who trained one of the models, or have the letters of somebody who did. AUCs and curves leave them out. */
  readonly trained: number
  /** People with a label among the others: all that AUCs rest on. */
  readonly labelled: number
  readonly cases: number
  /** null with fewer than two people of a class. */
  readonly paired: PairedAuc | null
  /** Rank correlation of the two scores; null with fewer than two people or a constant score. */
  readonly spearman: number | null
  /** Cases, controls, people without a label: those that are there. */
  readonly agreement: readonly CallAgreement[]
  /** Share of people whom both call alike, and Cohen's kappa of the calls; null where it is not defined. */
  readonly agreed: number | null
  readonly kappa: number | null
  /** One entry a person scored by both, in the order of the sheet. Labels: -1 where none is known. */
  readonly samples: readonly string[]
  readonly labels: Int8Array
  readonly scoresA: Float64Array
  readonly scoresB: Float64Array
}
