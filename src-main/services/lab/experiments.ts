import type { ExperimentTable } from './experiment.ts'

/** The experiments by the `experiment` of a recipe whose task is `lab`, loaded when asked for. */
export const EXPERIMENT_READERS: Partial<ExperimentTable> = {
  length: async () => (await import('./length/length.ts')).readLengthExperiment,
  'low-rank': async () => (await import('./lowRank/lowRank.ts')).readLowRankExperiment,
  effect: async () => (await import('./effect/effect.ts')).readEffectExperiment,
  compression: async () => (await import('./compression/compression.ts')).readCompressionExperiment,
  'sparse-parity': async () => (await import('./parity/sparseParity.ts')).readSparseParity,
}
