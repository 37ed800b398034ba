import { throwIfCancelled } from '../../../src-shared/ipc/errors.ts'
import type { PlannedGraph } from '../lab/experiment.ts'
import type { Planner } from './planner.ts'

/** The same work with another batch, for the plan of one that does not fit. */
export interface Batched {
  readonly batch: number
  graph(batch: number): PlannedGraph
}

/** The largest batch below the one that is asked for whose step fits, by the plan of its own graph; undefined where not even one example does. @throws WorkbenchError `cancelled` */
export async function largestBatch(
  planner: Pick<Planner, 'estimate'>,
  { batch, graph }: Batched,
  freeBytes: number,
  signal?: AbortSignal,
): Promise<number | undefined> {
  const fits = async (b: number) => (await planner.estimate(graph(b), signal)).peakBytes <= freeBytes
  let [low, high] = [0, batch]
  while (high - low > 1) {
    // Each graph is built here: who else asks, and who cancels, is heard between two of them.
    await new Promise(next => setImmediate(next))
    if (signal) throwIfCancelled(signal)
    const middle = (low + high) >> 1
    if (await fits(middle)) low = middle
    else high = middle
  }
  return low === 0 ? undefined : low
}

/** The setting that fits, as `largestThatFits` says those of a model; null where none does. */
export const batchSetting = (fitting: number | undefined): string | null =>
  fitting === undefined ? null : `batch ${fitting}`

/** What is said of a training that does not fit. */
export const batchRemedy = (fitting: number | undefined): string =>
  fitting === undefined ? 'not even a batch of 1 fits: use a smaller network, or close other programs' : `what fits: batch ${fitting}` // biome-ignore format: one thought
