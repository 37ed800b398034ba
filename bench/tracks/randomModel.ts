import { MODELS } from '../../src-main/models/kinds.ts'
import { modelRegistry, type ParameterSpec } from '../../src-main/models/registry.ts'
import { publishedArchitecture } from '../../src-main/services/lab/length/lengthNetworks.ts'
import { randomWeights } from '../../src-main/services/lab/randomWeights.ts'
import { writeModelFolder } from '../../src-main/services/models/modelFolder.ts'
import { quietContext } from '../../src-shared/job.ts'

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
    ...publishedArchitecture(kind, { width: 1536, tracks, lengthBp: length, layers: 11 }),
    targetBins: bins,
    ...model.architecture,
  }
  const binSize = 128
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
