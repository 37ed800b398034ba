import { cpus } from 'node:os'
import { cancelled, throwIfCancelled, WorkbenchError } from '../../../src-shared/ipc/errors.ts'
import type { WorkContext } from '../../../src-shared/job.ts'
import type { CalibrationFacts, JobEstimate } from '../../../src-shared/lab/plan.ts'
import type { Rates } from '../../analyses/planner/rates.ts'
import { TYPICAL_RATES } from '../../analyses/planner/typicalRates.ts'
import { type Compute, createCompute } from '../../compute/client.ts'
import type { ProcessLauncher } from '../../compute/launcher.ts'
import { runtimeVersion } from '../../compute/runtimeVersion.ts'
import type { ModelRegistry } from '../../models/registry.ts'
import type { PlannedGraph } from '../lab/experiment.ts'
import { foreignShare, ownSeconds, type ProcessorTime, processorTime } from '../lab/foreignLoad.ts'
import { availableBytes } from '../lab/memoryLimit.ts'
import { measureRates } from './calibration.ts'
import { type CalibrationKey, readCalibration, type StoredCalibration, writeCalibration } from './calibrationStore.ts'
import { type EstimateRequest, type ModelEstimate, modelEstimate, visitCost } from './modelEstimate.ts'
import type { ModelWork } from './modelGraph.ts'
import { ratesForPeople } from './ratesForPeople.ts'

export type { ModelWork } from './modelGraph.ts'

/** What a graph will cost. */
export interface PlannedCost {
  /** One run, when the runs before it have warmed it up. */
  readonly seconds: number
  /** All `runs`, or as many as are enough, with starting the process and opening the graph. */
  readonly totalSeconds: number
  /** Of a fresh compute process that does nothing else. */
  readonly peakBytes: number
  readonly basis: JobEstimate['basis']
}

/** Says what computing will cost before it starts: from rates of this machine, measured once, and the graph itself. */
export interface Planner {
  /** Rates of this machine that were measured for this program and runtime; null before the first calibration. */
  calibration(): Promise<CalibrationFacts | null>
  /** What plans are made of: the measured rates, else typical ones. */
  rates(): Promise<Rates>
  /**
   * Measures and keeps them. `despiteLoad`: also when others use the processor, whose numbers are too slow then.
   * @throws WorkbenchError `cancelled`; `busy` when others used too much of the processor to measure
   */
  calibrate(context: WorkContext, options?: { readonly despiteLoad?: boolean }): Promise<CalibrationFacts>
  estimate(graph: PlannedGraph, signal?: AbortSignal): Promise<PlannedCost>
  /**
   * `heldBytes`: what a process holds already that will compute it, which is free for it.
   * @throws WorkbenchError as building the model's graph does (`bad-input` for a length that it cannot take)
   */
  estimateModel(request: ModelWork, signal?: AbortSignal, heldBytes?: number): Promise<JobEstimate>
}

export type Estimator = (request: EstimateRequest, signal?: AbortSignal) => Promise<ModelEstimate>

export interface PlannerOptions {
  readonly dataDir: string
  readonly registry: ModelRegistry
  readonly threads: number
  readonly version: string
  readonly launcher?: ProcessLauncher
  /** Milliseconds since the epoch. */
  readonly now?: () => number
  /** Bytes that programs can get now; default: the machine's. */
  readonly available?: () => number
  /** Estimates jobs with models; default: here and now. */
  readonly estimator?: Estimator
  /** What the operating system counts of all programs. */
  readonly processor?: () => ProcessorTime
  /** Measures; default: in a compute process of its own. */
  readonly measure?: (compute: Compute, context: WorkContext) => Promise<Rates>
}

/** The device that is planned for: rates of others would have to be measured on them. */
const DEVICE = 'cpu'
/** Share of the processor that others may use while rates are measured. */
const BUSY = 0.25

export function createPlanner(options: PlannerOptions): Planner {
  const {
    dataDir,
    registry,
    threads,
    version,
    now = Date.now,
    available = availableBytes,
    processor = processorTime,
  } = options
  const estimator: Estimator = options.estimator ?? (async request => modelEstimate(request, registry))
  const key: CalibrationKey = {
    device: DEVICE,
    threads,
    processor: cpus()[0]?.model.trim() ?? 'unknown',
    program: version,
    runtime: runtimeVersion(),
  }
  let stored: Promise<StoredCalibration | undefined> | undefined
  const calibrated = () => {
    stored ??= readCalibration(dataDir, key)
    return stored
  }
  let measuring: Promise<CalibrationFacts> | undefined

  const measure = async (context: WorkContext, despiteLoad: boolean): Promise<CalibrationFacts> => {
    const compute = createCompute({ threads, ...(options.launcher ? { launcher: options.launcher } : {}) })
    const [started, busy, own] = [now(), processor(), ownSeconds()]
    try {
      const seconds = () => performance.now() / 1000
      const rates = await (options.measure ?? ((c, ctx) => measureRates(c, ctx, seconds)))(compute, context)
      throwIfCancelled(context.signal)
      const child = options.measure ? 0 : (await compute.stats()).cpuSeconds
      const share = foreignShare(busy, processor(), ownSeconds() - own + child)
      if (share > BUSY && !despiteLoad)
        throw new WorkbenchError(
          'busy',
          `other programs used ${Math.round(100 * share)} % of the processor while this machine was measured, so that nothing was kept`,
          'measure again when it is idle',
        )
      const facts: CalibrationFacts = {
        device: DEVICE,
        threads,
        measuredAt: now(),
        tookSeconds: (now() - started) / 1000,
        rates: ratesForPeople(rates),
      }
      const calibration = { key, facts, rates }
      await writeCalibration(dataDir, calibration)
      stored = Promise.resolve(calibration)
      return facts
    } catch (error) {
      if (context.signal.aborted) throw cancelled()
      throw error
    } finally {
      await compute.close()
    }
  }

  const current = async (): Promise<{ readonly rates: Rates; readonly basis: JobEstimate['basis'] }> => {
    const own = await calibrated()
    return own ? { rates: own.rates, basis: 'calibrated' } : { rates: TYPICAL_RATES, basis: 'typical' }
  }

  return {
    calibration: async () => (await calibrated())?.facts ?? null,
    rates: async () => (await current()).rates,
    calibrate(context, { despiteLoad = false } = {}) {
      // Two measurements at once would disturb each other: the second is the first.
      measuring ??= measure(context, despiteLoad).finally(() => {
        measuring = undefined
      })
      return measuring
    },
    async estimate(graph, signal) {
      const { rates, basis } = await current()
      if (signal) throwIfCancelled(signal)
      return { ...visitCost(graph, rates), basis }
    },
    async estimateModel(work, signal, heldBytes = 0) {
      const { rates, basis } = await current()
      if (signal) throwIfCancelled(signal)
      return { ...(await estimator({ work, rates, freeBytes: available() + heldBytes }, signal)), basis }
    },
  }
}
