import type { RiskCohortRow, RiskSeen } from '../src-shared/genome/risk.ts'

/** A row of a scored cohort, of which only what is given matters; no probability: too few reads for one. */
export const riskRow = (
  sample: string,
  label: 0 | 1 | null,
  probability: number | null,
  seen?: RiskSeen,
): RiskCohortRow => ({
  sample,
  path: `${sample}.bam`,
  label,
  genotype: 'e3/e3',
  probability,
  intervalLow: null,
  intervalHigh: null,
  place: null,
  twoSnp: 0.4,
  logOddsRatio: 0,
  meanDepth: 30,
  covered: 1,
  heterozygousShare: 0,
  build: 'GRCh38',
  noCall: probability === null ? 'low-coverage' : null,
  ...(seen ? { seen } : {}),
})
