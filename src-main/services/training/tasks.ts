import { WorkbenchError } from '../../../src-shared/ipc/errors.ts'
import type { WorkContext } from '../../../src-shared/job.ts'
import type { Compute } from '../../compute/client.ts'
import type { Device } from '../../compute/engine.ts'
import type { ModelRegistry } from '../../models/registry.ts'
import type { PlannedGraph } from '../lab/experiment.ts'
import type { Batched } from '../planner/largestBatch.ts'
import type { RecipeFile } from './recipe.ts'
import type { StepMetrics } from './trainLoop.ts'

export interface TrainRequest {
  readonly recipe: RecipeFile
  /** Where the model folder goes; checkpoints and metrics.jsonl lie in it while it is trained. */
  readonly out: string
  readonly resume: boolean
  /** Replaces the recipe's seed. */
  readonly seed?: number
  readonly threads?: number
  readonly device?: Device
  /** Milliseconds since the epoch, for provenance where the recipe fixes no date. */
  readonly now: number
}

export interface TrainDeps {
  readonly compute: Compute
  readonly registry: ModelRegistry
  /** Told after each step. */
  onStep?(metrics: StepMetrics): void
  /** Told before each split of a training that has several: which, of how many, and the most steps that it takes. */
  onSplit?(part: { readonly split: number; readonly splits: number; readonly steps: number }): void
  /** Told what all steps will compute, before the first. @throws WorkbenchError `out-of-memory` to refuse it */
  plan?(graph: PlannedGraph, smaller?: Batched): Promise<void>
  /** One line for people: what was read, validation scores. */
  note(line: string): void
}

export interface TrainResult {
  readonly folder: string
  readonly model: string
  readonly steps: number
  /** Of the step whose weights were kept. */
  readonly keptStep: number
  readonly sha256: string
  readonly parameters: number
  readonly metrics: Readonly<Record<string, unknown>>
  readonly device: string
}

/** Trains what a recipe asks for and writes a model folder. @throws WorkbenchError, coded, that names the field or file at fault */
export type TaskRunner = (request: TrainRequest, deps: TrainDeps, context: WorkContext) => Promise<TrainResult>

/** What `task` of a recipe may be: a new kind of training is a file with a `TaskRunner` and a line here, loaded when it is asked for. */
export const TASKS: Readonly<Record<string, () => Promise<TaskRunner>>> = {
  tracks: async () => (await import('./tracks/trainTracks.ts')).trainTracks,
  'masked-tokens': async () => (await import('../risk/maskedTokens.ts')).trainMaskedTokens,
  classify: async () => (await import('../risk/classify.ts')).trainClassifier,
}

/** @throws WorkbenchError `unsupported` for a task that nobody knows */
export async function taskRunner(task: string): Promise<TaskRunner> {
  if (task === 'lab') throw new WorkbenchError('unsupported', 'this is a recipe of the lab: it measures and trains nothing that is kept', 'run it with `diploscope bench EXPERIMENT --recipe FILE`') // biome-ignore format: one thought
  const load = Object.hasOwn(TASKS, task) ? TASKS[task] : undefined
  if (!load) throw new WorkbenchError('unsupported', `recipe.task is '${task.slice(0, 40)}', not one of ${Object.keys(TASKS).join(', ')}`, 'use a task of that list, or a newer version of the program') // biome-ignore format: one thought
  return load()
}
