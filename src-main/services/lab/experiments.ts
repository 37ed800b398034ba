import type { ExperimentTable } from './experiment.ts'

/** The experiments by the `experiment` of a recipe whose task is `lab`, loaded when asked for. */
export const EXPERIMENT_READERS: Partial<ExperimentTable> = {}
