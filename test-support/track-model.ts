import { memorySource } from '../src-main/models/checkpoints/byteSource.ts'
import { encodeSafetensors, openSafetensors } from '../src-main/models/checkpoints/safetensors.ts'
import type { ModelJson, ModelTrack } from '../src-main/models/folder/modelJson.ts'
import { MODELS } from '../src-main/models/kinds.ts'
import { drawPattern, type PatternRule } from '../src-main/models/layers/blockPattern.ts'
import { modelRegistry } from '../src-main/models/registry.ts'
import { writeModelFolder } from '../src-main/services/models/modelFolder.ts'
import { quietContext } from '../src-shared/job.ts'
import { elementCount, float32, type Tensor } from '../src-shared/tensor.ts'
import { SeededRandom } from './random.ts'

export interface TrackModel {
  readonly kind: string
  readonly architecture: Readonly<Record<string, unknown>>
  readonly length: number
  readonly binSize: number
  readonly bins: number
  readonly cropBins: number
  readonly heads: readonly { readonly name: string; readonly tracks: number }[]
  readonly tracks?: readonly ModelTrack[]
  readonly genome?: string
  /** How random blocks of sparse attention are drawn; default `uniform`. */
  readonly rule?: PatternRule
  /** Chooses a weight's numbers; default: seeded draws, a few tenths wide, variances positive. */
  readonly weight?: (name: string, shape: readonly number[]) => Float32Array | undefined
}

/** A model folder with small random weights: a network for tests, of any kind that predicts tracks. */
export async function writeTrackModel(folder: string, model: TrackModel): Promise<ModelJson> {
  const registry = modelRegistry(MODELS)
  const specs = registry.configure(model.kind, model.architecture).parameters
  const tensors: Record<string, Tensor> = {}
  for (const { name, shape, dtype } of specs) {
    if (dtype === 'int32') {
      const [layers, heads, rows, randomBlocks] = shape as readonly [number, number, number, number]
      const data = drawPattern({ layers, heads, blocks: rows + 2, randomBlocks }, model.rule ?? 'uniform', 3)
      tensors[name] = { dtype, shape, data: Int32Array.from(data) }
      continue
    }
    const random = new SeededRandom(name)
    const positive = name.endsWith('running_var')
    const drawn = () => Float32Array.from({ length: elementCount(shape) }, () => (positive ? 0.5 + random.next() : random.normal(0, 0.4))) // biome-ignore format: one thought
    tensors[name] = float32(model.weight?.(name, shape) ?? drawn(), shape)
  }
  const tracks =
    model.tracks ??
    model.heads.flatMap(
      ({ name: head, tracks: count }) =>
      Array.from({ length: count }, (_, index) => ({ index, head, name: `TEST:${head} track ${index}`, sourceId: `${head}${index}` })), // biome-ignore format: one thought
    )
  return writeModelFolder(
    folder,
    {
      json: {
        id: `test-${model.kind}`,
        name: 'A network of random numbers',
        kind: model.kind,
        architecture: model.architecture,
        input: { type: 'dna', alphabet: 'ACGT', unknown: 'zeros', length: model.length, lengthMultiple: model.binSize, genome: model.genome ?? null }, // biome-ignore format: one line
        output: { heads: model.heads, binSize: model.binSize, bins: model.bins, cropBins: model.cropBins },
        tracks,
        attentionPattern: null,
        provenance: { source: 'random numbers', created: '2026-01-01T00:00:00Z' },
        licence: 'MIT',
        citation: null,
        limits: ['It knows nothing.'],
      },
      weights: await openSafetensors(memorySource(encodeSafetensors(tensors))),
      specs,
    },
    quietContext(),
  )
}

/** Random bases. */
export function randomBases(length: number, seed: string): string {
  const random = new SeededRandom(seed)
  return Array.from({ length }, () => 'ACGT'[random.integer(0, 4)]).join('')
}

/** A reference of contigs held in memory. */
export function memoryReference(contigs: Readonly<Record<string, string>>) {
  return {
    contigs: Object.entries(contigs).map(([name, bases]) => ({ name, length: bases.length })),
    sequence: async (contig: string, start: number, end: number) => contigs[contig]!.slice(start, end),
  }
}
