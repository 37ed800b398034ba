import type { WorkContext } from '../../../src-shared/job.ts'
import { windowGeometry } from '../../analyses/predict.ts'
import type { Compute } from '../../compute/client.ts'
import type { LoadOptions, ProviderReport } from '../../compute/engine.ts'
import type { ModelJson } from '../../models/folder/modelJson.ts'
import type { ModelRegistry } from '../../models/registry.ts'
import { openTrackNetwork } from '../predict/trackNetwork.ts'

export interface Mutation {
  /** 0-based within the window. */
  readonly position: number
  /** 0..3 of A, C, G, T. */
  readonly base: number
}

/** A network that predicts one sequence and many single-base mutants of it. */
export interface MutantNetwork {
  readonly provider: ProviderReport
  /** Column of each channel (place in the track table) in the values, as of TrackNetwork. */
  readonly columns: ReadonlyMap<number, number>
  /** Kept bins that are computed. */
  readonly bins: { readonly first: number; readonly count: number }
  /**
   * Takes the sequence that is mutated, one-hot [window, 4], and the positions that will be (0-based half-open in the window).
   * Gives its prediction [bins.count, columns], row-major. To be called again for another sequence or region.
   */
  prepare(
    sequence: Float32Array,
    region: { readonly start: number; readonly end: number },
    signal: AbortSignal,
  ): Promise<Float32Array>
  /**
   * Predictions of mutants, in the order asked, some at a time: `first` is the place in `mutations` of the first of them, and
   * each of `values` is [bins.count, columns]. The values are the caller's until the next step only.
   */
  run(
    mutations: readonly Mutation[],
    signal: AbortSignal,
  ): AsyncIterable<{ readonly first: number; readonly values: readonly Float32Array[] }>
  close(): Promise<void>
}

export interface MutantRequest {
  readonly folder: string
  readonly json: ModelJson
  /** Places in the track table. */
  readonly channels: readonly number[]
  /** Kept bins that are asked for; default: all of the model's. */
  readonly bins?: { readonly first: number; readonly count: number }
  /** Mutants a run; default: what suits the method. */
  readonly batch?: number
  readonly load: LoadOptions
}

/** A full forward pass for each mutant: what every faster way is judged by. It knows every kind of model, ONNX imports too. */
export async function openNaiveNetwork(
  request: MutantRequest,
  compute: Compute,
  registry: ModelRegistry,
  context: WorkContext,
): Promise<MutantNetwork> {
  const { folder, json, channels, load } = request
  const { windowBp, bins: kept } = windowGeometry(json)
  const network = await openTrackNetwork(
    { folder, json, channels, batch: request.batch ?? 1, load: { workload: 'fixed', ...load } },
    compute,
    registry,
    context,
  )
  const { batch, columns } = network
  const bins = request.bins ?? { first: 0, count: kept }
  const wanted = (values: Float32Array) =>
    values.subarray(bins.first * columns.size, (bins.first + bins.count) * columns.size)
  const size = 4 * windowBp
  const sequences = new Float32Array(batch * size)
  return {
    columns,
    bins,
    get provider() {
      return network.provider
    },
    async prepare(sequence, _region, signal) {
      for (let i = 0; i < batch; i++) sequences.set(sequence, i * size)
      const [reference] = await network.run(sequences, signal)
      return wanted(reference!)
    },
    async *run(mutations, signal) {
      for (let first = 0; first < mutations.length; first += batch) {
        const some = mutations.slice(first, first + batch)
        const before = some.map(({ position, base }, i) => {
          const row = sequences.subarray(i * size + 4 * position, i * size + 4 * position + 4)
          const old = row.slice()
          row.fill(0)
          row[base] = 1
          return { row, old }
        })
        try {
          const results = await network.run(sequences, signal)
          yield { first, values: some.map((_, i) => wanted(results[i]!)) }
        } finally {
          for (const { row, old } of before) row.set(old)
        }
      }
    },
    close: () => network.close(),
  }
}
