import { WorkbenchError } from '../../../src-shared/ipc/errors.ts'
import { effectiveRank, type LayerSpectrum, largestSavingRank } from '../../../src-shared/lab/compression.ts'
import { type TensorSource, toFloat32 } from '../checkpoints/tensorSource.ts'
import type { ModelJson } from '../folder/modelJson.ts'
import { mapInputs, mapName } from '../layers/ranks.ts'
import type { ModelRegistry, ParameterSpec } from '../registry.ts'
import { type DenseMatrix, denseMatrix, product, transpose } from './matrix.ts'

/** A linear map or convolution of a model, whether it is stored as one matrix or as two factors. */
export interface LayerMap {
  readonly name: string
  readonly out: number
  /** Channels times kernel. */
  readonly inputs: number
  readonly kernel: number
  /** Rank of its factors; null: one matrix. */
  readonly storedRank: number | null
}

/** A model as the dense network that it is a form of, with the ranks of its factors. */
export interface DenseForm {
  readonly kind: string
  /** Without `rank` and `ranks`. */
  readonly architecture: Readonly<Record<string, unknown>>
  readonly maps: readonly LayerMap[]
}

/**
 * The dense network of a model: the low-rank transformer is a transformer whose maps all have one rank.
 * @throws WorkbenchError `unsupported` for a kind without parameters of ours (ONNX), `bad-model`
 */
export function denseForm(json: Pick<ModelJson, 'id' | 'kind' | 'architecture'>, registry: ModelRegistry): DenseForm {
  if (json.kind === 'onnx') throw new WorkbenchError('unsupported', `model '${json.id}' is an ONNX file, whose layers are not known by name`, 'factorise a model of one of our kinds') // biome-ignore format: one thought
  const { ranks: _ranks, rank: _rank, ...architecture } = json.architecture
  const kind = json.kind === 'lrt' ? 'transformer' : json.kind
  const stored = new Map(registry.configure(json.kind, json.architecture).parameters.map(p => [p.name, p]))
  const maps = registry.configure(kind, architecture).parameters.flatMap(spec => {
    if (!spec.map) return []
    const down = stored.get(`${mapName(spec)}.down.weight`)
    return [{ name: mapName(spec), out: spec.shape[0]!, inputs: mapInputs(spec.shape), kernel: spec.shape[2] ?? 1, storedRank: down?.shape[0] ?? null }] // biome-ignore format: one thought
  })
  return { kind, architecture, maps }
}

/** A map as [inputs, out], the orientation in which `down` and `up` are its factors: the product of what is stored. */
export async function readMap(source: TensorSource, map: LayerMap): Promise<DenseMatrix> {
  const read = async (name: string, rows: number, columns: number) =>
    denseMatrix(rows, columns, toFloat32(await source.read(name), name))
  const { name, out, inputs, storedRank } = map
  if (storedRank === null) return transpose(await read(`${name}.weight`, out, inputs))
  const up = await read(`${name}.up.weight`, out, storedRank)
  return transpose(product(up, await read(`${name}.down.weight`, storedRank, inputs)))
}

/** A layer with its singular values. */
export const spectrumOf = (map: LayerMap, values: Float64Array, negative: boolean): LayerSpectrum => ({
  ...map,
  values,
  effectiveRank: effectiveRank(values),
  largestRank: Math.max(0, largestSavingRank(map.out, map.inputs, map.storedRank)),
  negative,
})

/** Numbers that belong to no map: embeddings, norms, pools, biases. */
export const otherParameters = (specs: readonly ParameterSpec[]): number =>
  specs.reduce((sum, s) => sum + (s.buffer || s.map ? 0 : s.shape.reduce((n, length) => n * length, 1)), 0)
