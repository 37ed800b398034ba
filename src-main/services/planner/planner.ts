import { cpus } from 'node:os'
import { cancelled, throwIfCancelled, WorkbenchError } from '../../../src-shared/ipc/errors.ts'
import type { WorkContext } from '../../../src-shared/job.ts'
import type { CalibrationFacts, JobEstimate } from '../../../src-shared/lab/plan.ts'
import { costOf, type GraphCost } from '../../analyses/planner/cost.ts'
import type { Rates } from '../../analyses/planner/rates.ts'
import { TYPICAL_RATES } from '../../analyses/planner/typicalRates.ts'
import { type Compute, createCompute } from '../../compute/client.ts'
import type { ProcessLauncher } from '../../compute/launcher.ts'
import { runtimeVersion } from '../../compute/runtimeVersion.ts'
import type { ModelRegistry } from '../../models/registry.ts'
import type { PlannedGraph } from '../lab/experiment.ts'
import { foreignShare, ownSeconds, processorTime } from '../lab/foreignLoad.ts'
import { availableBytes } from '../lab/memoryLimit.ts'
import { measureRates } from './calibration.ts'
import { type CalibrationKey, readCalibration, type StoredCalibration, writeCalibration } from './calibrationStore.ts'
import { type ModelWork, modelGraph } from './modelGraph.ts'
import { ratesForPeople } from './ratesForPeople.ts'
import { largestThatFits } from './smaller.ts'

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
  /**
   * Measures and keeps them. `despiteLoad`: also when others use the processor, whose numbers are too slow then.
   * @throws WorkbenchError `cancelled`; `busy` when others used too much of the processor to measure
   */
  calibrate(context: WorkContext, options?: { readonly despiteLoad?: boolean }): Promise<CalibrationFacts>
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
  /** Milliseconds since the epoch. */
  readonly now?: () => number
  /** Bytes that programs can get now; default: the machine's. */
  readonly available?: () => number
  /** Measures; default: in a compute process of its own. */
  readonly measure?: (compute: Compute, context: WorkContext) => Promise<Rates>
}

/** The device that is planned for: rates of others would have to be measured on them. */
const DEVICE = 'cpu'
/** Share of the processor that others may use while rates are measured. */
const BUSY = 0.25

export function createPlanner(options: PlannerOptions): Planner {
  const { dataDir, registry, threads, version, now = Date.now, available = availableBytes } = options
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
    const [started, busy, own] = [now(), processorTime(), ownSeconds()]
    try {
      const seconds = () => performance.now() / 1000
      const rates = await (options.measure ?? ((c, ctx) => measureRates(c, ctx, seconds)))(compute, context)
      throwIfCancelled(context.signal)
      const child = options.measure ? 0 : (await compute.stats()).cpuSeconds
      const share = foreignShare(busy, processorTime(), ownSeconds() - own + child)
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
      return { ...plannedCost(graph, rates), basis }
    },
    async estimateModel(request, signal) {
      const { rates, basis } = await current()
      const freeBytes = available()
      const cost = (work: ModelWork) => {
        if (signal) throwIfCancelled(signal)
        return plannedCost(modelGraph(work, registry), rates)
      }
      const { totalSeconds, peakBytes } = cost(request)
      const fits = peakBytes <= freeBytes
      return {
        seconds: totalSeconds,
        peakBytes,
        freeBytes,
        fits,
        basis,
        instead: fits ? null : largestThatFits(request, work => cost(work).peakBytes <= freeBytes),
      }
    },
  }
}

/** A graph, or the parts that it runs as: each of them is opened anew in each run, with its predecessor closed; the last stays open. */
export function plannedCost(graph: PlannedGraph, rates: Rates): Omit<PlannedCost, 'basis'> {
  const { parts, runs, work, workload, outputs } = graph
  if (!parts?.length) {
    const whole = costOf({ outputs, runs, work, workload }, rates)
    return { seconds: whole.seconds, totalSeconds: rates.start + whole.totalSeconds, peakBytes: whole.peakBytes }
  }
  const last = costOf({ outputs: parts.at(-1)!.outputs, runs, work, workload: 'varied' }, rates)
  const tiles = parts
    .slice(0, -1)
    .map(part => costOf({ outputs: part.outputs, runs: part.times, work, workload: part.times > 1 ? 'fixed' : 'varied' }, rates)) // biome-ignore format: one thought
  const sum = (of: (cost: GraphCost) => number) => tiles.reduce((total, cost) => total + of(cost), 0)
  const seconds = last.seconds + sum(t => t.totalSeconds)
  return {
    seconds,
    totalSeconds: rates.start + last.totalSeconds + runs * sum(t => t.totalSeconds),
    peakBytes: Math.max(last.peakBytes, ...tiles.map(t => t.peakBytes + last.heldBytes)),
  }
}
