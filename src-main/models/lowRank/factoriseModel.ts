import { WorkbenchError } from '../../../src-shared/ipc/errors.ts'
import type { Tensor } from '../../../src-shared/tensor.ts'
import { type TensorEntry, type TensorSource, toFloat32 } from '../checkpoints/tensorSource.ts'
import type { ParameterSpec } from '../registry.ts'
import { type Factors, largestSavingRank, nmf, rankOfEnergy, semiNmf, svd, truncatedSvd } from './factorise.ts'
import { type DenseMatrix, denseMatrix, transpose } from './matrix.ts'

export type FactorMethod = 'svd' | 'nmf' | 'semi-nmf'

export interface FactorisedLayer {
  readonly name: string
  readonly rank: number
  /** ‖W - W'‖ / ‖W‖, Frobenius. */
  readonly relativeError: number
  readonly keptEnergy: number
  readonly parametersBefore: number
  readonly parametersAfter: number
}

export interface FactoriseOptions {
  readonly method: FactorMethod
  readonly rank: number
  /** Of NMF and semi-NMF. */
  readonly iterations?: number
  /** Uniform numbers from 0 to 1 for their start. */
  random(): number
  onLayer?(layer: FactorisedLayer): void
}

const DOWN = '.down.weight'
const UP = '.up.weight'
const UP_BIAS = '.up.bias'

/** Names of the dense matrices [out, in] that a low-rank network with these weights has as pairs. */
const denseNames = (specs: readonly ParameterSpec[]) =>
  specs.filter(s => s.name.endsWith(DOWN)).map(s => s.name.slice(0, -DOWN.length))

/** The matrix of a linear map as [in, out], the orientation in which E and D are its factors. */
async function mapOf(source: TensorSource, name: string): Promise<DenseMatrix> {
  const t = await source.read(`${name}.weight`)
  const [out = 0, inner = 0] = t.shape
  return transpose(denseMatrix(out, inner, toFloat32(t, name)))
}

/**
 * The smallest rank that keeps this share of the energy Σ σ² in every factorised layer.
 * @throws WorkbenchError `bad-input` when the share is none
 */
export async function rankForEnergy(
  source: TensorSource,
  lowRankSpecs: readonly ParameterSpec[],
  share: number,
  onLayer?: (name: string) => void,
): Promise<number> {
  let rank = 1
  for (const name of denseNames(lowRankSpecs)) {
    rank = Math.max(rank, rankOfEnergy(svd(await mapOf(source, name)).values, share))
    onLayer?.(name)
  }
  return rank
}

/**
 * Trained weights of a dense network as those of the low-rank one: each linear map x·W becomes (x·E)·D with E = U·Σ, D = Vᵀ (`down` = Eᵀ,
 * `up` = Dᵀ), its bias unchanged; everything else passes through. Layers are factorised when they are read.
 * @throws WorkbenchError `bad-input` for a rank that enlarges a layer, named with the largest that saves
 */
export function factorisedSource(
  source: TensorSource,
  lowRankSpecs: readonly ParameterSpec[],
  options: FactoriseOptions,
): TensorSource {
  for (const name of denseNames(lowRankSpecs)) {
    const entry = source.entries.get(`${name}.weight`)
    if (!entry) throw new WorkbenchError('bad-model', `${source.name} has no matrix '${name}.weight'`, 'give a transformer whose layers are dense') // biome-ignore format: one thought
    const [out = 0, inner = 0] = entry.shape
    const most = largestSavingRank(out, inner)
    if (options.rank > most) throw new WorkbenchError('bad-input', `rank ${options.rank} enlarges '${name}' of ${out} x ${inner}`, `give a rank of at most ${most}`) // biome-ignore format: one thought
  }
  const entries = new Map<string, TensorEntry>(
    lowRankSpecs.map(s => [s.name, { name: s.name, dtype: 'float32', shape: s.shape }]),
  )
  let last: { readonly name: string; readonly factors: Factors } | undefined
  const factorsOf = async (name: string): Promise<Factors> => {
    if (last?.name === name) return last.factors // `up` is read right after `down`
    const w = await mapOf(source, name)
    const factors = factorise(w, options)
    const parametersAfter = options.rank * (w.rows + w.columns)
    options.onLayer?.({
      name,
      rank: factors.rank,
      relativeError: factors.relativeError,
      keptEnergy: factors.keptEnergy,
      parametersBefore: w.rows * w.columns,
      parametersAfter,
    })
    last = { name, factors }
    return factors
  }
  const tensor = (m: DenseMatrix): Tensor => ({
    dtype: 'float32',
    shape: [m.rows, m.columns],
    data: Float32Array.from(m.data),
  })
  return {
    name: source.name,
    entries,
    async read(name) {
      if (name.endsWith(DOWN)) return tensor(transpose((await factorsOf(name.slice(0, -DOWN.length))).left))
      if (name.endsWith(UP)) return tensor(transpose((await factorsOf(name.slice(0, -UP.length))).right))
      return source.read(name.endsWith(UP_BIAS) ? `${name.slice(0, -UP_BIAS.length)}.bias` : name)
    },
  }
}

function factorise(w: DenseMatrix, { method, rank, iterations = 200, random }: FactoriseOptions): Factors {
  switch (method) {
    case 'svd':
      return truncatedSvd(w, { rank })
    case 'nmf':
      return nmf(w, { rank, iterations, random })
    case 'semi-nmf':
      return semiNmf(w, { rank, iterations, random })
  }
}
