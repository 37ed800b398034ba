import { freemem } from 'node:os'
import { WorkbenchError } from '../../../src-shared/ipc/errors.ts'
import type { WorkContext } from '../../../src-shared/job.ts'
import type { CalibrationFacts, JobEstimate } from '../../../src-shared/lab/plan.ts'
import type { ProcessLauncher } from '../../compute/launcher.ts'
import { estimateMemory, planModel } from '../../compute/modelPlan.ts'
import { flopsOf } from '../../graph/flops.ts'
import { emitOnnx } from '../../graph/onnx.ts'
import type { ModelRegistry } from '../../models/registry.ts'
import type { PlannedGraph } from '../lab/experiment.ts'
import { type ModelWork, modelGraph } from './modelGraph.ts'

export type { ModelWork } from './modelGraph.ts'

/** What a graph will cost. */
export interface PlannedCost {
  /** One run, when the runs before it have warmed it up. */
  readonly seconds: number
  /** All `runs`, with starting the process and opening the graph. */
  readonly totalSeconds: number
  /** Of a fresh compute process that does nothing else. */
  readonly peakBytes: number
  readonly basis: JobEstimate['basis']
}

/** Says what computing will cost before it starts: from rates of this machine, measured once, and the graph itself. */
export interface Planner {
  /** Rates of this machine that were measured for this program and runtime; null before the first calibration. */
  calibration(): Promise<CalibrationFacts | null>
  /** Measures and keeps them. @throws WorkbenchError `cancelled`; `unsupported` when others used too much of the processor to measure */
  calibrate(context: WorkContext): Promise<CalibrationFacts>
  estimate(graph: PlannedGraph, signal?: AbortSignal): Promise<PlannedCost>
  /** @throws WorkbenchError as building the model's graph does (`bad-input` for a length that it cannot take) */
  estimateModel(request: ModelWork, signal?: AbortSignal): Promise<JobEstimate>
}

export interface PlannerOptions {
  readonly dataDir: string
  readonly registry: ModelRegistry
  readonly threads: number
  readonly version: string
  readonly launcher?: ProcessLauncher
  readonly now?: () => number
}

/** A slow two-core machine. */
const TYPICAL = { flopsPerSecond: 60e9, startSeconds: 0.5, processBytes: 120e6 }

export function createPlanner(options: PlannerOptions): Planner {
  const estimate = async ({ graph, outputs, runs }: PlannedGraph): Promise<PlannedCost> => {
    const named = Object.fromEntries(outputs.map((tensor, i) => [`output.${i}`, tensor]))
    const plan = planModel(emitOnnx(named).bytes)
    const leaves = (['input', 'parameter', 'state'] as const).flatMap(kind => graph.leaves(kind))
    const shapes = new Map(leaves.map(t => [t.node.leaf!.name, t.shape]))
    const seconds = flopsOf(outputs) / TYPICAL.flopsPerSecond
    return {
      seconds,
      totalSeconds: TYPICAL.startSeconds + runs * seconds,
      peakBytes: TYPICAL.processBytes + estimateMemory(plan, shapes, Object.keys(named)).bytes,
      basis: 'typical',
    }
  }
  return {
    calibration: async () => null,
    async calibrate() {
      throw new WorkbenchError('unsupported', 'this machine has not been measured', 'use the typical rates')
    },
    estimate,
    async estimateModel(request) {
      const cost = await estimate(modelGraph(request, options.registry))
      const freeBytes = process.availableMemory?.() ?? freemem()
      return {
        seconds: cost.totalSeconds,
        peakBytes: cost.peakBytes,
        freeBytes,
        fits: cost.peakBytes <= freeBytes,
        basis: cost.basis,
        instead: null,
      }
    },
  }
}
