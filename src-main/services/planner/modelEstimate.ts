import { WorkbenchError } from '../../../src-shared/ipc/errors.ts'
import type { JobEstimate } from '../../../src-shared/lab/plan.ts'
import { costOf, type GraphCost } from '../../analyses/planner/cost.ts'
import type { Rates } from '../../analyses/planner/rates.ts'
import type { ModelRegistry } from '../../models/registry.ts'
import type { PlannedGraph } from '../lab/experiment.ts'
import { type ModelWork, modelGraph } from './modelGraph.ts'
import { largestThatFits } from './smaller.ts'

export interface EstimateRequest {
  readonly work: ModelWork
  readonly rates: Rates
  readonly freeBytes: number
}

export type ModelEstimate = Omit<JobEstimate, 'basis'>

/**
 * What a job with a model costs, and the largest setting that fits where it does not: up to a second of arithmetic a setting for the longest
 * windows, so that a program with windows asks for it in a thread (estimateThread.ts).
 */
export function modelEstimate({ work, rates, freeBytes }: EstimateRequest, registry: ModelRegistry): ModelEstimate {
  const cost = (asked: ModelWork) => plannedCost(modelGraph(asked, registry), rates)
  const { totalSeconds, peakBytes } = cost(work)
  const fits = peakBytes <= freeBytes
  return {
    seconds: totalSeconds,
    peakBytes,
    freeBytes,
    fits,
    instead: fits ? null : largestThatFits(work, asked => cost(asked).peakBytes <= freeBytes),
  }
}

export interface PlannedRuns {
  readonly seconds: number
  readonly totalSeconds: number
  readonly peakBytes: number
}

/**
 * What one part leaves in the heap is partly used again by the next. Fitted on three tiled networks of 131,072 to 524,288 bp, lengths that
 * the lab's experiment on length has too: its inference in tiles does not judge this number independently.
 */
const LEFT_BEHIND = 0.4

/** A graph, or the parts that it runs as: each of them is opened anew in each run, with its predecessor closed; the last stays open. */
export function plannedCost(graph: PlannedGraph, rates: Rates): PlannedRuns {
  const { parts, runs, work, workload, outputs } = graph
  if (!outputs.length) throw new WorkbenchError('internal', 'a graph without outputs was planned', 'please report this')
  if (!parts?.length) {
    const whole = costOf({ outputs, runs, work, workload }, rates)
    return { seconds: whole.seconds, totalSeconds: rates.start + whole.totalSeconds, peakBytes: whole.peakBytes }
  }
  const last = costOf({ outputs: parts.at(-1)!.outputs, runs, work, workload }, rates)
  const tiles = parts
    .slice(0, -1)
    .map(part => costOf({ outputs: part.outputs, runs: part.times, work, workload: part.times > 1 ? 'fixed' : 'varied' }, rates)) // biome-ignore format: one thought
  const sum = (of: (cost: GraphCost) => number) => tiles.reduce((total, cost) => total + of(cost), 0)
  return {
    seconds: last.seconds + sum(t => t.totalSeconds),
    totalSeconds: rates.start + last.totalSeconds + runs * sum(t => t.totalSeconds),
    peakBytes: Math.max(
      // What tiles left holds the small blocks of what follows them; its large ones are mapped beside it (heap.ts).
      last.peakBytes + Math.max(0, LEFT_BEHIND * Math.max(...tiles.map(t => t.keptBytes)) - last.keptBytes),
      // A tile of the next run finds what the run before left.
      ...tiles.map(t => t.peakBytes + last.heldBytes + LEFT_BEHIND * Math.max(last.keptBytes, ...tiles.map(x => x.keptBytes))), // biome-ignore format: one thought
    ),
  }
}

/** The same for one visit of a point, with as many runs as it will make in its time: whatever refuses a point judges by this. */
export function visitCost(graph: PlannedGraph, rates: Rates): PlannedRuns {
  const told = plannedCost(graph, rates)
  const runs = runsInTime(graph, told.seconds)
  if (runs === graph.runs) return told
  // A second run needs more memory than one; each after that takes what it takes.
  if (runs === 1) return plannedCost({ ...graph, runs }, rates)
  return { ...told, totalSeconds: told.totalSeconds - (graph.runs - runs) * told.seconds }
}

function runsInTime({ runs, enough }: PlannedGraph, seconds: number): number {
  if (!enough || !(seconds > 0)) return runs
  return Math.min(runs, enough.warmUp + Math.max(1, Math.ceil(enough.seconds / seconds)))
}
