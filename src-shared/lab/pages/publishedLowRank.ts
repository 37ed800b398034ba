import type { TrainingCost } from '../overallFactor.ts'

/**
 * Chapter 3 of S. Cahyawijaya, Greenformers: improving computation and memory efficiency in transformer models via low-rank
 * approximation (thesis, HKUST 2021). One 12 GB TITAN X (Pascal), mean of 30 runs; its times are figures without numbers.
 */
export const THESIS = 'Cahyawijaya 2021 (Greenformers), TITAN X (Pascal) 12 GB'

/** Steps of the pre-training of BERT-base by sequence length (equation 3.10). */
export const PRE_TRAINING = [
  { tokens: 128, share: 0.9 },
  { tokens: 512, share: 0.1 },
] as const

/** Table 3.2: BERT-base. */
export const BASE_COST: TrainingCost = { petaflopDays: 2.24, dollars: [2074, 6912], carbonKg: 652.3 }

/** Table 3.2: the overall factor of LRT by rank, without the rounding of the table (from its cost columns). */
export const THESIS_FACTORS: readonly { readonly rank: number; readonly factor: number }[] = [
  { rank: 256, factor: 1.475 },
  { rank: 128, factor: 1.984 },
  { rank: 64, factor: 2.497 },
  { rank: 32, factor: 2.629 },
]
