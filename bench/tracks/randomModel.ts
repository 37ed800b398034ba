import type { TensorSource } from '../../src-main/models/checkpoints/tensorSource.ts'
import { MODELS } from '../../src-main/models/kinds.ts'
import { drawPattern } from '../../src-main/models/layers/blockPattern.ts'
import { modelRegistry, type ParameterSpec } from '../../src-main/models/registry.ts'
import { writeModelFolder } from '../../src-main/services/models/modelFolder.ts'
import { quietContext } from '../../src-shared/job.ts'
import { elementCount, float32, type Tensor } from '../../src-shared/tensor.ts'
import { SeededRandom } from '../../test-support/random.ts'

/** What is published of Enformer; the heads and the length are chosen by each measurement. */
const TRUNK = {
  stemFilters: 768,
  towerFilters: [768, 896, 1024, 1152, 1280, 1536],
  layers: 11,
  heads: 8,
}
const ENFORMER = { ...TRUNK, keySize: 64, valueSize: 192, positionFeatures: 192 }

export interface RandomModel {
  readonly kind: 'enformer' | 's-enformer'
  /** Base pairs of a window. */
  readonly length: number
  /** Bins that are kept in the middle. */
  readonly bins: number
  readonly tracks: number
  /** Replaces fields of the published architecture: a small network for a comparison. */
  readonly architecture?: Readonly<Record<string, unknown>>
}

/** Writes a model folder of Enformer's size, or of S-Enformer's, with random weights of the deviation 1/√inputs. */
export async function writeRandomModel(folder: string, model: RandomModel): Promise<readonly ParameterSpec[]> {
  const { kind, length, bins, tracks } = model
  const architecture = {
    ...(kind === 'enformer' ? ENFORMER : TRUNK),
    length,
    targetBins: bins,
    outputs: { human: tracks },
    ...model.architecture,
  }
  const binSize = 2 ** (architecture.towerFilters.length + 1)
  const specs = modelRegistry(MODELS).configure(kind, architecture).parameters
  await writeModelFolder(
    folder,
    {
      json: {
        id: `random-${kind}`,
        name: `${kind} with random weights`,
        kind,
        architecture,
        input: { type: 'dna', alphabet: 'ACGT', unknown: 'zeros', length, lengthMultiple: binSize, genome: null },
        output: { heads: [{ name: 'human', tracks }], binSize, bins, cropBins: (length / binSize - bins) / 2 },
        tracks: Array.from({ length: tracks }, (_, index) => ({ index, head: 'human', name: `NONE:random ${index}` })),
        attentionPattern: null,
        provenance: { source: 'random numbers', created: '2026-01-01T00:00:00Z' },
        licence: 'MIT',
        citation: null,
        limits: ['It knows nothing.'],
      },
      weights: randomWeights(specs),
      specs,
    },
    quietContext(),
  )
  return specs
}

/** Cut from one pool of draws, so that a gigabyte takes seconds; nothing here needs independent numbers. */
function randomWeights(specs: readonly ParameterSpec[]): TensorSource {
  const random = new SeededRandom('weights')
  const pool = Float32Array.from({ length: 2 ** 21 }, () => random.normal(0, 1))
  const entries = new Map(specs.map(({ name, shape, dtype }) => [name, { name, shape, dtype }]))
  const read = (name: string): Tensor => {
    const { shape, dtype } = entries.get(name)!
    if (dtype === 'int32') {
      const [layers, heads, rows, randomBlocks] = shape as readonly [number, number, number, number]
      return { dtype, shape, data: drawPattern({ layers, heads, blocks: rows + 2, randomBlocks }, 'uniform', 7) }
    }
    const data = new Float32Array(elementCount(shape))
    const inputs = shape.slice(1).reduce((n, d) => n * d, 1)
    const [mean, deviation] = shape.length > 1 ? [0, 1 / Math.sqrt(inputs)] : around(name)
    let at = random.integer(0, pool.length)
    for (let i = 0; i < data.length; i++) {
      data[i] = mean + deviation * pool[at]!
      if (++at === pool.length) at = 0
    }
    return float32(data, shape)
  }
  return { name: 'random weights', entries, read: name => Promise.resolve(read(name)) }
}

/** Of a vector: norms scale by about 1, and variances are positive. */
function around(name: string): readonly [mean: number, deviation: number] {
  if (name.endsWith('running_var')) return [1, 0.1]
  const norm = /\.(0\.fn\.0|1\.fn\.0|1\.0|0\.0|fn\.0)\.weight$/.test(name)
  return [norm ? 1 : 0, 0.1]
}
