import { describe, expect, it } from 'vitest'
import { drawnPattern, SMALL_ARCHITECTURES } from '../../test-support/small-architectures.ts'
import { drawn, judgingGraph, valuesOf } from '../../test-support/small-network.ts'
import { sizeOf } from '../graph/types.ts'
import { MODELS } from './kinds.ts'
import { mapInputs, mapName } from './layers/ranks.ts'
import { parameterCount } from './layers/weights.ts'
import { modelRegistry } from './registry.ts'
import { selectTracks } from './trackSelection.ts'

const registry = modelRegistry(MODELS)
// A logistic model of two SNPs has no map.
const kinds = Object.entries(SMALL_ARCHITECTURES).filter(([kind, a]) => registry.configure(kind, a).parameters.some(p => p.map)) // biome-ignore format: one line

/** Every map of a network at a rank of its own: 1, 2, 1, 2 … */
const everyMap = (kind: string, architecture: unknown) => {
  const maps = registry.configure(kind, architecture).parameters.filter(p => p.map)
  return Object.fromEntries(maps.map((m, i) => [mapName(m), Math.min(1 + (i % 2), mapInputs(m.shape))]))
}

describe('maps stored as two factors', () => {
  // Truth: the dense network whose matrices are the products of the factors, multiplied here in plain loops.
  it.each(kinds)('%s: equals its dense twin with W = up·down, for every map at once', (kind, architecture) => {
    const ranks = everyMap(kind, architecture)
    const low = registry.configure(kind, { ...architecture, ranks })
    const dense = registry.configure(kind, architecture)
    const options = { batch: 1, structure: drawnPattern(low) }
    const graph = judgingGraph()
    const outputs = low.buildForward(graph, options)
    const numbers = new Map<string, number[]>(drawn(graph))
    for (const input of graph.leaves('input'))
      if (input.dtype === 'int32')
        numbers.set(
          input.node.leaf!.name,
          Array.from({ length: sizeOf(input.shape) }, (_, i) => (3 * i + 1) % 5),
        )
    const twin = new Map(numbers)
    const names = Object.keys(ranks)
    expect(names.length).toBeGreaterThan('rank' in architecture ? 0 : 3)
    for (const { name, shape } of dense.parameters) {
      const owner = name.replace(/\.(weight|bias)$/, '')
      if (!(owner in ranks)) continue
      if (name.endsWith('.bias')) twin.set(name, numbers.get(`${owner}.up.bias`)!)
      else twin.set(name, multiplied(numbers.get(`${owner}.up.weight`)!, numbers.get(`${owner}.down.weight`)!, shape, ranks[owner]!)) // biome-ignore format: one line
    }
    const other = judgingGraph()
    const wanted = dense.buildForward(other, options)
    for (const [name, tensor] of Object.entries(outputs)) {
      const got = valuesOf(tensor, numbers)
      const expected = valuesOf(wanted[name]!, twin)
      expect(got.length).toBe(expected.length)
      got.forEach((x, i) => {
        expect(Math.abs(x - expected[i]!)).toBeLessThan(1e-10)
      })
    }
  })

  // Truth: r(m + n·k) for each map instead of m·n·k; everything else stays.
  it.each(kinds)('%s: parameters are those of the formula', (kind, architecture) => {
    const ranks = everyMap(kind, architecture)
    const dense = registry.configure(kind, architecture).parameters
    const saved = dense
      .filter(p => p.map)
      .reduce((n, p) => n + p.shape[0]! * mapInputs(p.shape) - ranks[mapName(p)]! * (p.shape[0]! + mapInputs(p.shape)), 0) // biome-ignore format: one line
    expect(parameterCount(registry.configure(kind, { ...architecture, ranks }).parameters)).toBe(parameterCount(dense) - saved) // biome-ignore format: one line
  })

  // Truth: a transformer with all maps of its layers at one rank is the low-rank transformer, weight by weight.
  it('a transformer with one rank everywhere has the weights of lrt', () => {
    const { rank, ...tokens } = SMALL_ARCHITECTURES['lrt'] as { rank: number }
    const maps = registry.configure('transformer', tokens).parameters.filter(p => p.map && p.name.startsWith('layers.'))
    const ranks = Object.fromEntries(maps.map(m => [mapName(m), rank]))
    const shapes = (kind: string, architecture: unknown) =>
      registry.configure(kind, architecture).parameters.map(p => `${p.name} ${p.shape}`)
    expect(shapes('transformer', { ...tokens, ranks })).toEqual(shapes('lrt', { ...tokens, rank }))
  })

  it('some tracks of a factorised head: its first factor stays whole, heads left out take their ranks with them', () => {
    const architecture = { ...SMALL_ARCHITECTURES['enformer']!, ranks: { '_heads.human.0': 2, '_heads.mouse.0': 1 } }
    const selected = selectTracks({ kind: 'enformer', architecture }, registry, new Map([['human', [1]]]))!
    expect(selected.architecture['ranks']).toEqual({ '_heads.human.0': 2 })
    expect([...selected.rows.keys()]).toEqual(['_heads.human.0.up.weight', '_heads.human.0.up.bias'])
    registry.configure('enformer', selected.architecture)
  })

  it.each([
    ['a name that is no map', { 'embeddings.token': 2 }, /architecture\.ranks\.embeddings\.token is 2/],
    ['a rank above the inputs', { classifier: 5 }, /ranks\.classifier is 5, expected at most 4/],
    ['a rank that is none', { classifier: 0 }, /ranks/],
    ['a list', [1], /ranks/],
  ])('refuses %s', (_, ranks, message) => {
    expect(() => registry.configure('transformer', { ...SMALL_ARCHITECTURES['transformer'], ranks })).toThrow(message)
  })
})

/** up [out, rank] · down [rank, in·kernel], plain loops. */
function multiplied(up: readonly number[], down: readonly number[], shape: readonly number[], rank: number): number[] {
  const [out, inner] = [shape[0]!, mapInputs(shape)]
  return Array.from({ length: out * inner }, (_, at) => {
    const [i, j] = [Math.floor(at / inner), at % inner]
    let sum = 0
    for (let r = 0; r < rank; r++) sum += up[i * rank + r]! * down[r * inner + j]!
    return sum
  })
}
