import { describe, expect, it } from 'vitest'
import { SeededRandom } from '../../test-support/random.ts'
import { Graph } from '../graph/graph.ts'
import { evaluate } from '../graph/reference.ts'
import { MODELS } from '../models/kinds.ts'
import { drawPattern, PATTERN_NAME, type PatternRule } from '../models/layers/blockPattern.ts'
import { modelRegistry } from '../models/registry.ts'
import { addChange, fieldPositions, fieldSequences, medianOf, randomSequence, reachedBins, structuralReach } from './receptiveField.ts' // biome-ignore format: one line

const registry = modelRegistry(MODELS)

describe('the published protocol', () => {
  // Truth: the positions in the titles of Figure 8 of S-Enformer, less one.
  it('has the nine positions of 196,608 bp', () => {
    expect(fieldPositions(196_608)).toEqual([0, 24_575, 49_151, 73_727, 98_303, 122_879, 147_455, 172_031, 196_607])
  })
  it('draws fresh sequences for each position, and never moves a base on by three', () => {
    const work = fieldSequences('seed', [0, 10, 20], 40, 1)
    expect(work).toHaveLength(120)
    expect(new Set(work.map(w => w.seed)).size).toBe(120)
    expect([...new Set(work.flatMap(w => w.mutations.map(m => m.shift)))].sort()).toEqual([1, 2])
  })
  it('ours mutates each sequence everywhere, to any other base', () => {
    const work = fieldSequences('default', [0, 10, 20], 40, 1)
    expect(work).toHaveLength(40)
    expect(work[0]!.mutations.map(m => m.position)).toEqual([0, 10, 20])
    expect([...new Set(work.flatMap(w => w.mutations.map(m => m.shift)))].sort()).toEqual([1, 2, 3])
    expect(fieldSequences('default', [0, 10, 20], 40, 1)).toEqual(work)
  })
  it('sums mean changes over tracks', () => {
    const into = new Float64Array(2)
    addChange(into, Float32Array.of(1, 2, 3, 4), Float32Array.of(2, 2, 3, 1))
    expect([...into]).toEqual([0.5, 1.5])
    expect([medianOf([3, 1, 2]), medianOf([4, 1, 2, 3])]).toEqual([2, 2.5])
  })
  it('a bin is reached above ten times the control and above rounding', () => {
    const effect = Float32Array.of(0, 1e-9, 1e-6, 1e-3)
    expect([...reachedBins(effect, 0, 1)]).toEqual([0, 0, 1, 1])
    expect([...reachedBins(effect, 1e-5, 1)]).toEqual([0, 0, 0, 1])
  })
})

/** 24 blocks of two tokens of 4 bp, as the published model has 24 blocks. */
const sparse = (layers: number) => ({
  length: 192,
  stemFilters: 3,
  stemKernel: 3,
  towerFilters: [4],
  towerKernel: 3,
  layers,
  heads: 2,
  block: 2,
  randomBlocks: 3,
  targetBins: 48,
  outputs: { human: 2 },
})
const geometry = { windowBp: 192, binBp: 4, bins: 48, cropBins: 0 }

function network(layers: number, rule: PatternRule) {
  const architecture = sparse(layers)
  const configured = registry.configure('s-enformer', architecture)
  const feeds = new Map<string, ArrayLike<number>>()
  for (const { name, shape } of configured.parameters) {
    const random = new SeededRandom(name)
    const size = shape.reduce((a, b) => a * b, 1)
    if (name === PATTERN_NAME) feeds.set(name, drawPattern({ layers, heads: 2, blocks: 24, randomBlocks: 3 }, rule, 5))
    else feeds.set(name, Array.from({ length: size }, () => name.endsWith('running_var') ? 0.5 + random.next() : random.normal(0, 0.5))) // biome-ignore format: one choice
  }
  const graph = new Graph({ float: 'float64' })
  const output = configured.buildForward(graph, { batch: 1, structure: feeds })['human']!
  const run = (bases: string) => {
    feeds.set('sequence', [...bases].flatMap(b => ['A', 'C', 'G', 'T'].map(base => (base === b ? 1 : 0)))) // biome-ignore format: one line
    return Float64Array.from(evaluate([output], feeds)[0]!.values)
  }
  return { architecture, configured, feeds, run }
}

/** Positions in the middles of blocks 0, 1, 5, 9, 11, 12, 20, 22, 23. */
const positions = [0, 1, 5, 9, 11, 12, 20, 22, 23].map(block => 8 * block + 4)

describe('the structural field', () => {
  // Truth: plain loops in float64 over the network: where nothing can arrive the change is exactly 0, and it arrives everywhere else.
  it.each([
    [1, 'upstream'],
    [1, 'uniform'],
    [2, 'uniform'],
  ] as [number, PatternRule][])(
    'of block-sparse attention, %s layers, %s, is where a change is not exactly 0',
    (layers, rule) => {
      // biome-ignore format: one line
      const { architecture, configured, feeds, run } = network(layers, rule)
      const reach = structuralReach({ kind: 's-enformer', architecture }, configured, feeds, geometry, positions)
      const bases = randomSequence(192, 3)
      const before = run(bases)
      const changed = positions.flatMap(position => {
        const other = 'ACGT'['ACGT'.indexOf(bases[position]!) ^ 1]!
        const after = run(bases.slice(0, position) + other + bases.slice(position + 1))
        return Array.from({ length: 48 }, (_, b) => (after[2 * b] !== before[2 * b] || after[2 * b + 1] !== before[2 * b + 1] ? 1 : 0)) // biome-ignore format: one line
      })
      expect([...reach]).toEqual(changed)
    },
  )
  // Truth: the published drawing rule takes random blocks from the first eleven alone (Currie, S-Enformer; google-research/bigbird).
  it('of the upstream rule is one-sided in a layer, and of the uniform one is not; two layers reach all', () => {
    const count = (layers: number, rule: PatternRule) => {
      const { architecture, configured, feeds } = network(layers, rule)
      const reach = structuralReach({ kind: 's-enformer', architecture }, configured, feeds, geometry, positions)
      return positions.map((_, p) => reach.subarray(48 * p, 48 * (p + 1)).reduce((a, b) => a + b, 0) / 2)
    }
    const upstream = count(1, 'upstream')
    expect(upstream.slice(1, 4).every(n => n > 12)).toBe(true) // blocks 1, 5, 9
    expect(upstream.slice(5, 7)).toEqual([5, 5]) // blocks 12, 20: itself, its neighbours, first and last
    expect(
      count(1, 'uniform')
        .slice(5, 7)
        .every(n => n > 7),
    ).toBe(true)
    expect(count(2, 'upstream').every(n => n === 24)).toBe(true)
  })
  it('of convolutions is their window; of full attention everything; of an unknown graph everything', () => {
    const architecture = { ...sparse(0), keySize: 4, valueSize: 4, positionFeatures: 6 } as Record<string, unknown>
    delete architecture['block']
    delete architecture['randomBlocks']
    const local = registry.configure('enformer', architecture)
    const reach = structuralReach({ kind: 'enformer', architecture }, local, new Map(), geometry, [100])
    // 99..101 after the stem, 49..50 after its pool, 48..51 after the tower's kernel, 24..25 after its pool.
    expect([...reach.keys()].filter(b => reach[b])).toEqual([24, 25])
    const deep = { ...architecture, layers: 1 }
    const all = structuralReach({ kind: 'enformer', architecture: deep }, registry.configure('enformer', deep), new Map(), geometry, [100]) // biome-ignore format: one line
    expect(all.every(r => r === 1)).toBe(true)
    expect(structuralReach({ kind: 'onnx', architecture: {} }, undefined, new Map(), geometry, [1]).every(r => r === 1)).toBe(true) // biome-ignore format: one line
  })
})
