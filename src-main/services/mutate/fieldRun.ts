import type { ReceptiveField } from '../../../src-shared/genome/scan.ts'
import { throwIfCancelled, WorkbenchError } from '../../../src-shared/ipc/errors.ts'
import type { WorkContext } from '../../../src-shared/job.ts'
import { hashOf, seededRandom } from '../../../src-shared/random.ts'
import { baseCode } from '../../analyses/oneHot.ts'
import { windowGeometry } from '../../analyses/predict.ts'
import {
  addChange,
  type FieldProtocol,
  fieldPositions,
  fieldSequences,
  medianOf,
  randomSequence,
  reachedBins,
  structuralReach,
} from '../../analyses/receptiveField.ts'
import type { Compute } from '../../compute/client.ts'
import type { LoadOptions } from '../../compute/engine.ts'
import { mapTensors, sameNames } from '../../models/checkpoints/mapTensors.ts'
import type { ModelJson } from '../../models/folder/modelJson.ts'
import type { ModelRegistry } from '../../models/registry.ts'
import { storedStructure } from '../models/exportOnnx.ts'
import { openModelFolder } from '../models/modelFolder.ts'
import { openNaiveNetwork } from './mutantNetwork.ts'
import { ranWith } from './openMutants.ts'
import { encoded, type ReadReference } from './windowSequence.ts'

export interface FieldRun {
  readonly folder: string
  readonly json: ModelJson
  readonly protocol: FieldProtocol
  /** In all (`default`) or a position (`seed`). */
  readonly sequences: number
  readonly seed: number
  /** Real sequence in place of random bases: windows without N from anywhere. */
  readonly reference?: ReadReference
  /** Places in the track table; default: the tracks of the first head, as published. */
  readonly channels?: readonly number[]
  readonly load: LoadOptions
}

/** Tries to find a window of known bases before a reference is said to have none. */
const MAX_DRAWS = 1000

/**
 * Measures how far a changed base reaches: mean |change| over sequences and tracks at each kept bin, beside what the same sequence gives
 * when nothing is changed (same session, same batch) and where the network's structure lets a change arrive.
 */
export async function measureField(
  run: FieldRun,
  compute: Compute,
  registry: ModelRegistry,
  context: WorkContext,
): Promise<ReceptiveField> {
  const { folder, json, protocol, seed, load } = run
  const geometry = windowGeometry(json)
  const { windowBp, binBp, bins, cropBins } = geometry
  const head = json.output.heads?.[0]?.name
  const channels = run.channels ?? json.tracks.flatMap((t, i) => (t.head === head ? [i] : []))
  const positions = fieldPositions(windowBp)
  const work = fieldSequences(protocol, positions, run.sequences, seed)
  const network = await openNaiveNetwork({ folder, json, channels, load }, compute, registry, context)
  try {
    const columns = channels.map(channel => network.columns.get(channel)!)
    const sums = positions.map(() => new Float64Array(bins))
    const counts = positions.map(() => 0)
    const control = new Float64Array(bins)
    const typical: number[] = []
    for (const [done, sequence] of work.entries()) {
      throwIfCancelled(context.signal)
      context.report({ phase: 'measuring', done, total: work.length })
      const bases = await basesOf(run, windowBp, sequence.seed, context)
      const ownAt = (position: number) => baseCode(bases.charCodeAt(position))
      const reference = picked(await network.prepare(encoded(bases, json), { start: 0, end: windowBp }, context.signal), network.columns.size, columns) // biome-ignore format: one thought
      typical.push(medianOf(reference.map(Math.abs)))
      // The last mutant is the sequence itself: what the control sees.
      const still = sequence.mutations[0]!.position
      const mutants = [
        ...sequence.mutations.map(m => ({ position: m.position, base: (ownAt(m.position) + m.shift) % 4 })),
        { position: still, base: ownAt(still) },
      ]
      for await (const { first, values } of network.run(mutants, context.signal))
        for (const [i, alternative] of values.entries()) {
          const mutation = sequence.mutations[first + i]
          addChange(mutation ? sums[mutation.index]! : control, reference, picked(alternative, network.columns.size, columns)) // biome-ignore format: one call
          if (mutation) counts[mutation.index]!++
        }
    }
    context.report({ phase: 'measuring', done: work.length, total: work.length })
    const effect = new Float32Array(positions.length * bins)
    for (const [p, sum] of sums.entries())
      effect.set(
        Float32Array.from(sum, v => v / counts[p]!),
        p * bins,
      )
    const still = control.map(v => v / work.length)
    const structure = await structureOf(folder, json, registry)
    const maximum = still.reduce((a, b) => Math.max(a, b), 0)
    return {
      model: { id: json.id, name: json.name, kind: json.kind },
      protocol,
      seed,
      sequences: run.sequences,
      source: run.reference ? 'reference' : 'random',
      positions,
      windowBp,
      binBp,
      firstBin: cropBins,
      bins,
      effect,
      medians: positions.map((_, p) => medianOf(effect.subarray(p * bins, (p + 1) * bins))),
      control: { median: medianOf(still), maximum },
      reachable: structuralReach(json, structure.network, structure.values, geometry, positions),
      reached: reachedBins(effect, maximum, medianOf(typical)),
      device: ranWith('naive', network.provider),
    }
  } finally {
    await network.close()
  }
}

/** The columns asked for, in a prediction that may have others beside them. */
function picked(values: Float32Array, width: number, columns: readonly number[]): Float32Array {
  if (columns.length === width) return values.slice()
  return Float32Array.from({ length: (values.length / width) * columns.length }, (_, i) => values[Math.floor(i / columns.length) * width + columns[i % columns.length]!]!) // biome-ignore format: one line
}

/** A window of random or, with a reference, of real bases: the same for the same seed and files. */
async function basesOf(
  { reference }: FieldRun,
  windowBp: number,
  seed: number,
  { signal }: WorkContext,
): Promise<string> {
  // biome-ignore format: one line
  if (!reference) return randomSequence(windowBp, seed)
  const random = seededRandom(hashOf(seed, 2))
  const fitting = reference.contigs.filter(c => c.length >= windowBp)
  const starts = fitting.reduce((n, c) => n + c.length - windowBp + 1, 0)
  for (let draw = 0; draw < MAX_DRAWS && starts > 0; draw++) {
    throwIfCancelled(signal)
    let at = Math.floor(random() * starts)
    for (const { name, length } of fitting) {
      const here = length - windowBp + 1
      if (at < here) {
        const bases = await reference.sequence(name, at, at + windowBp, { upperCase: true, signal })
        if (/^[ACGT]+$/.test(bases)) return bases
        break
      }
      at -= here
    }
  }
  throw new WorkbenchError('region', `no window of ${windowBp.toLocaleString('en-US')} bp without N was found in the reference`, 'use a longer reference, or random sequence') // biome-ignore format: one thought
}

async function structureOf(folder: string, json: ModelJson, registry: ModelRegistry) {
  if (json.kind === 'onnx') return { network: undefined, values: new Map<string, ArrayLike<number>>() }
  const network = registry.configure(json.kind, json.architecture)
  const model = await openModelFolder(folder)
  try {
    const weights = await mapTensors(model.weights, network.parameters, sameNames)
    return { network, values: await storedStructure(weights, network.parameters) }
  } finally {
    await model.close()
  }
}

/** A field as JSON: [positions][bins] rows, whole numbers for what is reached. */
export function fieldJson(field: ReceptiveField): Record<string, unknown> {
  const rows = (values: Float32Array | Uint8Array) =>
    field.positions.map((_, p) => Array.from(values.subarray(p * field.bins, (p + 1) * field.bins), v => Number(v.toPrecision(7)))) // biome-ignore format: one line
  return { ...field, effect: rows(field.effect), reachable: rows(field.reachable), reached: rows(field.reached) }
}
