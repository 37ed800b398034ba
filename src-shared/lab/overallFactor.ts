/** How much of the work is done at a length, and how many times as fast the cheaper model is there. */
export interface LengthShare {
  readonly share: number
  readonly speedUp: number
}

/** Eff = Σ P_n · E_n (equation 3.10 of the Greenformers thesis, Cahyawijaya 2021). The shares must sum to 1. */
export const overallFactor = (lengths: readonly LengthShare[]): number =>
  lengths.reduce((sum, { share, speedUp }) => sum + share * speedUp, 0)

/** What a training costs. */
export interface TrainingCost {
  readonly petaflopDays: number
  /** Lower and upper estimate. */
  readonly dollars: readonly [number, number]
  readonly carbonKg: number
}

/** The same training at a fraction of the time: every cost is divided by the factor, as the thesis does. */
export const dividedCost = ({ petaflopDays, dollars, carbonKg }: TrainingCost, factor: number): TrainingCost => ({
  petaflopDays: petaflopDays / factor,
  dollars: [dollars[0] / factor, dollars[1] / factor],
  carbonKg: carbonKg / factor,
})
