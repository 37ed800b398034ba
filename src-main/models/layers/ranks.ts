import { WorkbenchError } from '../../../src-shared/ipc/errors.ts'
import type { ConfigFields } from './configFields.ts'
import type { WeightSpec } from './weights.ts'

/**
 * Maps that are stored as two factors: the rank of each by its name, the weight's without `.weight`. Field `ranks` of an architecture;
 * a network without it has none.
 */
export type Ranks = ReadonlyMap<string, number>

export const parseRanks = (fields: ConfigFields): Ranks | undefined =>
  fields.has('ranks') ? fields.namedCounts('ranks', { mayBeEmpty: true }) : undefined

/** Inputs of a map as a matrix: channels times kernel. */
export const mapInputs = (shape: readonly number[]): number => shape.slice(1).reduce((n, length) => n * length, 1)

/**
 * The same weights with the named maps as factors: W [out, in, kernel] becomes `down` [rank, in, kernel], then `up` [out, rank, 1]; a matrix
 * [out, in] likewise. A bias goes with the second factor, as in a LED unit (layers/projection.ts), and keeps its numbers.
 * @throws WorkbenchError `bad-model` for a name that is no map of these weights, or a rank above the number of inputs
 */
export function withRanks(specs: readonly WeightSpec[], ranks: Ranks | undefined): readonly WeightSpec[] {
  if (!ranks || ranks.size === 0) return specs
  const maps = new Map(specs.filter(s => s.map).map(s => [mapName(s), s]))
  for (const [name, rank] of ranks) {
    const map = maps.get(name)
    const fault = (expected: string) => new WorkbenchError('bad-model', `architecture.ranks.${name} is ${rank}, expected ${expected}`, 'check model.json', { field: 'ranks' }) // biome-ignore format: one line
    if (!map) throw fault('the name of a linear map or convolution of this network')
    if (rank > mapInputs(map.shape)) throw fault(`at most ${mapInputs(map.shape)}, the inputs of the map`)
  }
  return specs.flatMap(spec => {
    if (spec.map && ranks.has(mapName(spec))) return factorSpecs(spec, ranks.get(mapName(spec))!)
    const owner = spec.name.endsWith('.bias') ? spec.name.slice(0, -'.bias'.length) : undefined
    return owner !== undefined && ranks.has(owner) ? [{ ...spec, name: `${owner}.up.bias` }] : [spec]
  })
}

/** The name of a map: its weight's without `.weight`. */
export const mapName = (spec: Pick<WeightSpec, 'name'>): string => spec.name.slice(0, -'.weight'.length)

function factorSpecs(spec: WeightSpec, rank: number): readonly WeightSpec[] {
  const [out, ...inner] = spec.shape as [number, ...number[]]
  const { map: _, ...rest } = spec
  return [
    { ...rest, name: `${mapName(spec)}.down.weight`, shape: [rank, ...inner] },
    { ...rest, name: `${mapName(spec)}.up.weight`, shape: [out, rank, ...inner.slice(1).map(() => 1)] },
  ]
}
