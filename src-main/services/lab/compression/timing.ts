import { WorkbenchError } from '../../../../src-shared/ipc/errors.ts'
import type { WorkContext } from '../../../../src-shared/job.ts'
import type { SizeAndSpeed } from '../../../../src-shared/lab/compression.ts'
import { elementCount, type Tensors } from '../../../../src-shared/tensor.ts'
import type { Compute } from '../../../compute/client.ts'
import type { ModelRegistry } from '../../../models/registry.ts'
import { runnableModel } from '../../models/exportOnnx.ts'
import { readModelJson } from '../../models/modelFolder.ts'
import { openTrackNetwork } from '../../predict/trackNetwork.ts'
import { randomBases } from '../randomBases.ts'
import { type Repetitions, timedRuns } from '../timedRuns.ts'
import { quartilesOf } from '../visits.ts'
import { randomIds, vocabularyOf } from './inputs.ts'

/** A model that is open as its users open it, with one batch of seeded inputs to run. */
export interface OpenForRuns {
  /** One run; outputs by name. */
  run(signal: AbortSignal): Promise<Readonly<Record<string, Float32Array>>>
  close(): Promise<void>
}

export interface RunRequest {
  readonly folder: string
  readonly batch: number
  readonly threads?: number
  readonly seed?: number
}

/** Opens a model folder for runs on random bases, or on random tokens of its whole length. */
export async function openForRuns(
  request: RunRequest,
  compute: Compute,
  registry: ModelRegistry,
  context: WorkContext,
): Promise<OpenForRuns> {
  const json = await readModelJson(request.folder)
  const load = { device: 'cpu' as const, workload: 'fixed' as const, ...(request.threads === undefined ? {} : { threads: request.threads }) } // biome-ignore format: one thought
  if (json.input.type === 'dna') {
    const channels = json.tracks.map((_, i) => i)
    const network = await openTrackNetwork({ folder: request.folder, json, channels, batch: request.batch, load }, compute, registry, context) // biome-ignore format: one thought
    const sequences = randomBases(json.input.length * network.batch, request.seed ?? 1)
    return {
      async run(signal) {
        const values = await network.run(sequences, signal)
        return Object.fromEntries(values.map((v, i) => [`sequence ${i}`, v]))
      },
      close: () => network.close(),
    }
  }
  const session = await compute.load(await runnableModel(request.folder, registry, { batch: request.batch }, context), load, context.signal) // biome-ignore format: one thought
  const inputs: Tensors = Object.fromEntries(
    session.inputs.map(({ name, dtype, shape }) => {
      const sizes = shape.map(n => (typeof n === 'number' ? n : request.batch))
      if (dtype !== 'int32') throw new WorkbenchError('bad-model', `input '${name}' is ${dtype}, expected token ids`, 'check the model') // biome-ignore format: one thought
      return [name, { dtype: 'int32' as const, shape: sizes, data: randomIds(elementCount(sizes), vocabularyOf(json, name), request.seed ?? 1) }] // biome-ignore format: one thought
    }),
  )
  return {
    async run(signal) {
      const outputs = await session.run(inputs, { signal })
      return Object.fromEntries(Object.entries(outputs).map(([name, t]) => [name, t.data as Float32Array]))
    },
    close: () => session.close(),
  }
}

/** Seconds of runs of one model in a process of its own, and the peak memory of that process. */
export async function timeModel(
  request: RunRequest & { readonly repetitions: Repetitions },
  compute: Compute,
  registry: ModelRegistry,
  context: WorkContext,
): Promise<{ readonly seconds: readonly number[]; readonly peakBytes: number }> {
  const open = await openForRuns(request, compute, registry, context)
  try {
    const seconds = await timedRuns(request.repetitions, () => open.run(context.signal), context.signal)
    return { seconds, peakBytes: (await compute.stats()).peakRssBytes }
  } finally {
    await open.close()
  }
}

export interface MeasureRequest {
  readonly folders: readonly [before: string, after: string]
  readonly batch: number
  readonly visits: number
  readonly repetitions: Repetitions
  /** A fresh compute process. */
  readonly compute: () => Promise<Compute>
  readonly threads?: number
}

/** Times two models in turns, each visit in a process of its own, so that load of others falls on both alike. */
export async function measureBoth(
  request: MeasureRequest,
  sizes: readonly [Pick<SizeAndSpeed, 'parameters' | 'bytes'>, Pick<SizeAndSpeed, 'parameters' | 'bytes'>],
  registry: ModelRegistry,
  context: WorkContext,
): Promise<readonly [SizeAndSpeed, SizeAndSpeed]> {
  const seconds: [number[], number[]] = [[], []]
  const peaks: [number[], number[]] = [[], []]
  const { visits, batch, threads, repetitions } = request
  for (let visit = 0; visit < visits; visit++)
    for (const which of visit % 2 === 0 ? ([0, 1] as const) : ([1, 0] as const)) {
      context.report({ phase: 'timing', done: 2 * visit + (which === 0 ? 0 : 1), total: 2 * visits })
      const compute = await request.compute()
      try {
        const timed = await timeModel({ folder: request.folders[which], batch, repetitions, ...(threads === undefined ? {} : { threads }) }, compute, registry, context) // biome-ignore format: one thought
        seconds[which].push(...timed.seconds)
        peaks[which].push(timed.peakBytes)
      } finally {
        await compute.close()
      }
    }
  const of = (which: 0 | 1): SizeAndSpeed => ({ ...sizes[which], seconds: quartilesOf(seconds[which]), peakBytes: quartilesOf(peaks[which]) }) // biome-ignore format: one thought
  return [of(0), of(1)]
}
