/**
 * The S-Enformer report and its public repository (Currie32/s-enformer): human test windows of 131,072 bp padded with zeros to 196,608,
 * 25,000 steps. Pooled r: one r over the 896 bins of a window and all tracks of a type.
 */
export const PARITY_REPORT = 'S-Enformer report (Currie), human, 1,413 windows'

/** Figure 6, from correlation_results.pkl of the repository: a point a window; means over windows. */
export const PUBLISHED_FIGURE_6 = [
  { type: 'DNase + ATAC', betweenModels: 0.876, sparseAtLeast: 0.154, full: 0.709, sparse: 0.663 },
  { type: 'histone ChIP', betweenModels: 0.898, sparseAtLeast: 0.034, full: 0.652, sparse: 0.562 },
  { type: 'TF ChIP', betweenModels: 0.962, sparseAtLeast: 0.064, full: 0.642, sparse: 0.601 },
  { type: 'CAGE', betweenModels: 0.863, sparseAtLeast: 0.149, full: 0.533, sparse: 0.445 },
] as const

/**
 * Figure 8, from receptive_field_results.pkl: median over 896 bins of the mean change of all tracks when one base is mutated, by position
 * in the window (0-based). The picture of the report is of another run, whose values of S-Enformer are about ten times higher.
 */
export const PUBLISHED_FIGURE_8 = {
  positions: [0, 24_575, 49_151, 73_727, 98_303, 122_879, 147_455, 172_031, 196_607],
  full: [2.5e-5, 1.2e-4, 2.7e-4, 6.1e-4, 5.4e-4, 6.7e-4, 3.5e-4, 1.4e-4, 2.6e-5],
  sparse: [3.3e-5, 1.1e-4, 8.8e-5, 8.5e-5, 7.7e-6, 9.4e-6, 7.1e-6, 8.0e-6, 3.2e-5],
} as const

/** Sentences of figures 4 and 5, whose curves were not published as numbers. */
export const PUBLISHED_SENTENCES = [
  'Figure 4 (Enformer as published against as reproduced, pooled r): they differ by 0.021 (CAGE) to 0.129 (TF ChIP).',
  'Figure 5 (S-Enformer while it trains): Enformer is better on all four types, and S-Enformer was still improving after 25,000 steps.',
] as const
