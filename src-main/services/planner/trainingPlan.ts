import { WorkbenchError } from '../../../src-shared/ipc/errors.ts'
import type { Compute } from '../../compute/client.ts'
import type { PlannedGraph } from '../lab/experiment.ts'
import { availableBytes } from '../lab/memoryLimit.ts'
import type { Planner } from './planner.ts'

/** The planner's word on a training: before the first step, and beside it what it took. */
export interface TrainingPlan {
  /** @throws WorkbenchError `out-of-memory` for what will not fit */
  plan(graph: PlannedGraph): Promise<void>
  done(): Promise<void>
}

export function createTrainingPlan(
  planner: Planner,
  options: {
    readonly compute: Compute
    readonly note: (line: string) => void
    /** Milliseconds since the epoch. */
    readonly now: () => number
    readonly available?: () => number
  },
): TrainingPlan {
  const { compute, note, now, available = availableBytes } = options
  let startedAt: number | undefined
  return {
    async plan(graph) {
      const { totalSeconds, peakBytes, basis } = await planner.estimate(graph)
      const free = available()
      if (peakBytes > free)
        throw new WorkbenchError(
          'out-of-memory',
          `this training needs about ${size(peakBytes)} of memory and ${size(free)} are free`,
          'use a smaller batch or a shorter window in the recipe',
          { neededBytes: Math.round(peakBytes), freeBytes: Math.round(free) },
        )
      startedAt = now()
      const rates = basis === 'typical' ? " (by the rates of a slow machine; 'diploscope plan --calibrate' measures this one)" : '' // biome-ignore format: one line
      note(`about ${duration(totalSeconds)} for ${graph.runs} steps, ${size(peakBytes)} of memory${rates}; validation comes on top`) // biome-ignore format: one line
    },
    async done() {
      if (startedAt === undefined) return
      const { peakRssBytes } = await compute.stats()
      note(`took ${duration((now() - startedAt) / 1000)} with validation, ${size(peakRssBytes)} of memory`)
    },
  }
}

const size = (bytes: number): string => (bytes < 1e9 ? `${Math.round(bytes / 1e6)} MB` : `${(bytes / 1e9).toFixed(1)} GB`) // biome-ignore format: one line
const duration = (seconds: number): string =>
  seconds < 90 ? `${Math.max(1, Math.round(seconds))} s` : seconds < 5400 ? `${Math.round(seconds / 60)} min` : `${(seconds / 3600).toFixed(1)} h` // biome-ignore format: one table
