import type { RiskCohort, RiskMetrics, RiskModelName, RocCurve } from '../../../src-shared/genome/risk.ts'
import { sigmoid } from '../liability/liability.ts'
import { pairedDeLong } from './pairedDeLong.ts'
import { riskMetrics, rocCurve } from './riskMetrics.ts'

/** People with a label whom every model has scored; one entry a person in each column. */
export interface JudgedPeople {
  readonly labels: readonly (0 | 1)[]
  readonly genotypes: readonly string[]
  readonly probabilities: readonly number[]
  readonly twoSnp: readonly number[]
  readonly logOddsRatios: readonly number[]
}

export interface CohortFigures {
  readonly metrics: Readonly<Partial<Record<RiskModelName, RiskMetrics>>>
  readonly comparison: RiskCohort['comparison']
  readonly paired: NonNullable<RiskCohort['paired']>
  readonly roc: RocCurve
}

/** Everything that is told of a cohort beside its rows, on the same people for every model; null where a class is empty. */
export function cohortFigures(people: JudgedPeople, threshold: number): CohortFigures | null {
  const { labels, genotypes, probabilities, twoSnp, logOddsRatios } = people
  if (!labels.includes(1) || !labels.includes(0)) return null
  const against = pairedDeLong(probabilities, twoSnp, labels)
  return {
    metrics: {
      model: riskMetrics(probabilities, labels, genotypes, threshold),
      'two-snp': riskMetrics(twoSnp, labels, genotypes, 0.5),
      'odds-ratio': riskMetrics(logOddsRatios.map(sigmoid), labels, genotypes, 0.5),
    },
    comparison: against ? { difference: against.difference, ci95: against.ci, z: against.z } : null,
    paired: { 'two-snp': against, 'odds-ratio': pairedDeLong(probabilities, logOddsRatios, labels) },
    roc: rocCurve(probabilities, labels),
  }
}
