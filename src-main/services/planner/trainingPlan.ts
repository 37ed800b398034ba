import { WorkbenchError } from '../../../src-shared/ipc/errors.ts'
import { memoryText, roughDuration } from '../../../src-shared/lab/costText.ts'
import type { Compute } from '../../compute/client.ts'
import type { PlannedGraph } from '../lab/experiment.ts'
import { availableBytes } from '../lab/memoryLimit.ts'
import { type Batched, batchRemedy, largestBatch } from './largestBatch.ts'
import type { Planner } from './planner.ts'

/** The planner's word on a training: before the first step, and beside it what it took. */
export interface TrainingPlan {
  /** @throws WorkbenchError `out-of-memory` for what will not fit */
  plan(graph: PlannedGraph, smaller?: Batched): Promise<void>
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
    readonly signal?: AbortSignal
  },
): TrainingPlan {
  const { compute, note, now, available = availableBytes, signal } = options
  let startedAt: number | undefined
  return {
    async plan(graph, smaller) {
      const { totalSeconds, peakBytes, basis } = await planner.estimate(graph, signal)
      const free = available()
      if (peakBytes > free)
        throw new WorkbenchError(
          'out-of-memory',
          `this training needs about ${memoryText(peakBytes)} of memory and ${memoryText(free)} are free`,
          smaller
            ? batchRemedy(await largestBatch(planner, smaller, free, signal))
            : 'use a smaller network in the recipe',
          { neededBytes: Math.round(peakBytes), freeBytes: Math.round(free) },
        )
      startedAt = now()
      const rates = basis === 'typical' ? " (by the rates of a slow machine; 'diploscope plan --calibrate' measures this one)" : '' // biome-ignore format: one line
      note(`about ${roughDuration(totalSeconds)} for ${graph.runs} steps, ${memoryText(peakBytes)} of memory${rates}; validation comes on top`) // biome-ignore format: one line
    },
    async done() {
      if (startedAt === undefined) return
      const { peakRssBytes } = await compute.stats()
      note(`took ${roughDuration((now() - startedAt) / 1000)} with validation, ${memoryText(peakRssBytes)} of memory`)
    },
  }
}
