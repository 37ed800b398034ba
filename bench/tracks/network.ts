import { flopsOf } from '../../src-main/graph/flops.ts'
import { Graph } from '../../src-main/graph/graph.ts'
import type { ModelJson } from '../../src-main/models/folder/modelJson.ts'
import { MODELS } from '../../src-main/models/kinds.ts'
import { modelRegistry } from '../../src-main/models/registry.ts'
import { randomBases } from '../../src-main/services/lab/randomBases.ts'
import { drawnStructure } from '../../src-main/services/models/drawnStructure.ts'
import type { TileChoice } from '../../src-main/services/predict/tiledNetwork.ts'
import { openTrackNetwork } from '../../src-main/services/predict/trackNetwork.ts'
import { quietContext } from '../../src-shared/job.ts'
import { type Bench, openCompute, timed } from '../compute/measure.ts'

export interface MeasuredNetwork {
  /** Milliseconds of one window, its sequence and its tracks across the pipe included. */
  run(): Promise<number>
  /** Tracks of the last run, [bins, tracks]. */
  readonly values: Float32Array
  /** Ends the compute process; its peak resident memory in bytes. */
  close(): Promise<number>
}

/** All tracks of a model folder, on random bases, in a compute process of its own. */
export async function openNetwork(
  bench: Bench,
  folder: string,
  json: ModelJson,
  tile: TileChoice = 'auto',
): Promise<MeasuredNetwork> {
  const compute = openCompute(bench)
  const channels = json.tracks.map((_, i) => i)
  const load = { threads: bench.threads, workload: 'varied' } as const
  const network = await openTrackNetwork({ folder, json, channels, batch: 1, load, tile }, compute, modelRegistry(MODELS), quietContext()) // biome-ignore format: one call
  const { length } = json.input as { length: number }
  const sequence = randomBases(length, length)
  let values = new Float32Array()
  return {
    async run() {
      const ms = await timed(async () => {
        values = (await network.run(sequence, new AbortController().signal))[0] as Float32Array<ArrayBuffer>
      })
      if (!values.every(Number.isFinite)) throw new Error(`${json.id}: a value is not a number`)
      return ms
    },
    get values() {
      return values
    },
    async close() {
      const { peakRssBytes } = await compute.stats()
      await network.close()
      await compute.close()
      return peakRssBytes
    },
  }
}

/** Floating-point operations of a window: products and convolutions, 2 for each multiply-add. */
export function windowFlops(json: ModelJson): number {
  const network = modelRegistry(MODELS).configure(json.kind, json.architecture)
  // Which blocks are drawn does not change how many.
  const structure = drawnStructure(network.parameters)
  return flopsOf(Object.values(network.buildForward(new Graph(), { batch: 1, structure })))
}
