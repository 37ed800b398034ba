import { describe, expect, it } from 'vitest'
import { enformerDefinition } from './enformer.ts'
import { drawPattern, PATTERN_NAME } from './layers/blockPattern.ts'
import { sEnformerDefinition } from './sEnformer.ts'
import { initialTrunkWeights } from './trunkInitialisation.ts'

const trunk = {
  length: 1024,
  stemFilters: 32,
  towerFilters: [32, 48],
  layers: 2,
  heads: 4,
  targetBins: 64,
  outputs: { a: 3 },
}
const enformer = enformerDefinition.parameters(enformerDefinition.parseConfig({ ...trunk, keySize: 16, valueSize: 12, positionFeatures: 24 })) // biome-ignore format: one table
const sparse = sEnformerDefinition.parameters(sEnformerDefinition.parseConfig({ ...trunk, block: 16, randomBlocks: 3 }))

const deviation = (x: ArrayLike<number>) => Math.sqrt(Array.from(x).reduce((s, v) => s + v * v, 0) / x.length)

describe('initialTrunkWeights', () => {
  // Truth: a standard normal cut at two deviations has deviation 0.8796 (its closed form), and the published rules.
  it('draws maps by their fan-in, attention wider, and leaves outputs, norms and pools plain', () => {
    const w = initialTrunkWeights(enformer, 1)
    const of = (name: string) => w.get(name)!.data as Float32Array
    expect(deviation(of('conv_tower.1.0.2.weight'))).toBeCloseTo(0.8796 / Math.sqrt(32 * 5), 2)
    expect(deviation(of('transformer.0.1.fn.1.weight'))).toBeCloseTo(0.8796 / Math.sqrt(48), 2)
    expect(deviation(of('transformer.0.0.fn.1.to_q.weight'))).toBeCloseTo(Math.sqrt(2 / 48), 1)
    expect(Math.max(...of('stem.0.weight'))).toBeLessThanOrEqual(2 / Math.sqrt(4 * 15))
    for (const zero of ['transformer.1.0.fn.1.to_out.weight', 'transformer.1.0.fn.1.to_out.bias', 'stem.0.bias', 'stem.1.fn.0.running_mean']) expect(of(zero).every(x => x === 0), zero).toBe(true) // biome-ignore format: one thought
    for (const one of ['stem.1.fn.0.weight', 'stem.1.fn.0.running_var', 'transformer.0.0.fn.0.weight']) expect(of(one).every(x => x === 1), one).toBe(true) // biome-ignore format: one thought
    const pool = of('stem.2.to_attn_logits.weight')
    expect(pool.every((x, i) => x === (i % 33 === 0 ? 2 : 0))).toBe(true)
  })
  it('gives networks that share weights the same ones, draws the pattern by its rule, and others for another seed', () => {
    const [a, b] = [initialTrunkWeights(enformer, 1), initialTrunkWeights(sparse, 1, { rule: 'uniform', seed: 7 })]
    expect(b.get('conv_tower.0.0.2.weight')).toEqual(a.get('conv_tower.0.0.2.weight'))
    expect(b.get(PATTERN_NAME)!.data).toEqual(drawPattern({ layers: 2, heads: 4, blocks: 8, randomBlocks: 3 }, 'uniform', 7)) // biome-ignore format: one thought
    expect(b.get('transformer.0.0.fn.1.o.weight')!.data.every(x => Number(x) === 0)).toBe(true)
    expect(initialTrunkWeights(enformer, 2).get('stem.0.weight')).not.toEqual(a.get('stem.0.weight'))
  })
})
