import type { CompressionMethod, FactorisedLayer } from '../../../src-shared/lab/compression.ts'
import { hashOf, seededRandom } from '../../../src-shared/random.ts'
import type { TensorEntry, TensorSource } from '../checkpoints/tensorSource.ts'
import type { ParameterSpec } from '../registry.ts'
import { type Factors, nmf, semiNmf, truncatedSvd } from './factorise.ts'
import { type LayerMap, readMap } from './layerMaps.ts'
import { type DenseMatrix, transpose } from './matrix.ts'

/** How one map is factorised. */
export interface FactoriseCall {
  readonly method: CompressionMethod
  readonly rank: number
  /** Of NMF and semi-NMF: how often the factors are improved, and where they start. */
  readonly iterations: number
  readonly seed: number
}

export const ITERATIONS = 200

/** W [inputs, out] in two factors, wherever that is computed. */
export type Factorise = (w: DenseMatrix, call: FactoriseCall) => Promise<Factors>

/** @throws WorkbenchError `bad-input` (a rank that is none, NMF of negative weights), `not-finite` */
export function factorise(w: DenseMatrix, { method, rank, iterations, seed }: FactoriseCall): Factors {
  switch (method) {
    case 'svd':
      return truncatedSvd(w, { rank })
    case 'nmf':
      return nmf(w, { rank, iterations, random: seededRandom(seed) })
    case 'semi-nmf':
      return semiNmf(w, { rank, iterations, random: seededRandom(seed) })
  }
}

export interface CompressedOptions extends Omit<FactoriseCall, 'rank'> {
  /** Rank of each map that is to be two factors, by its name; the others stay as they are stored. */
  readonly ranks: ReadonlyMap<string, number>
  readonly factorise: Factorise
  onLayer?(layer: FactorisedLayer): void
}

const ENDS = ['.down.weight', '.up.weight', '.up.bias', '.weight', '.bias'] as const

/**
 * The weights of `specs`, a network whose maps have the ranks of `options`, out of those of the same network at other ranks: W [out, inputs]
 * becomes `up`·`down` (for the SVD W = U·Σ·Vᵀ of Wᵀ: down = (U·Σ)ᵀ, up = V), its bias unchanged; everything else passes through. Layers are
 * factorised when they are read.
 */
export function compressedSource(
  source: TensorSource,
  maps: readonly LayerMap[],
  specs: readonly ParameterSpec[],
  options: CompressedOptions,
): TensorSource {
  const byName = new Map(maps.map(m => [m.name, m]))
  const there = specs.filter(s => !s.optional || source.entries.has(s.name))
  const entries = new Map<string, TensorEntry>(there.map(({ name, dtype, shape }) => [name, { name, dtype, shape }]))
  const shapes = new Map(specs.map(s => [s.name, s.shape]))
  let last: { readonly name: string; readonly factors: Factors } | undefined
  const factorsOf = async (map: LayerMap): Promise<Factors> => {
    if (last?.name === map.name) return last.factors // `up` is read right after `down`
    const w = await readMap(source, map)
    const { method, iterations, seed } = options
    const rank = options.ranks.get(map.name)!
    const factors = await options.factorise(w, { method, rank, iterations, seed: hashOf(seed, ...Array.from(map.name, c => c.charCodeAt(0))) }) // biome-ignore format: one thought
    const { out, inputs, storedRank } = map
    options.onLayer?.({
      name: map.name,
      rank,
      relativeError: factors.relativeError,
      keptEnergy: factors.keptEnergy,
      parametersBefore: storedRank === null ? out * inputs : storedRank * (out + inputs),
      parametersAfter: rank * (out + inputs),
    })
    last = { name: map.name, factors }
    return factors
  }
  const tensor = (m: DenseMatrix, name: string) => ({ dtype: 'float32' as const, shape: shapes.get(name)!, data: Float32Array.from(m.data) }) // biome-ignore format: one thought
  return {
    name: source.name,
    entries,
    async read(name) {
      const end = ENDS.find(e => name.endsWith(e) && byName.has(name.slice(0, -e.length)))
      const map = end && byName.get(name.slice(0, -end.length))
      if (!map || !end) return source.read(name)
      const wanted = options.ranks.get(map.name)
      if (end === '.bias' || end === '.up.bias') return source.read(`${map.name}${map.storedRank === null ? '.bias' : '.up.bias'}`) // biome-ignore format: one thought
      if (wanted === undefined || wanted === map.storedRank) return source.read(name)
      const factors = await factorsOf(map)
      return tensor(transpose(end === '.down.weight' ? factors.left : factors.right), name)
    },
  }
}
