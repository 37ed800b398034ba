import { describe, expect, it } from 'vitest'
import { drawn, judgingGraph, type Numbers, relativeGap, valuesOf } from '../../test-support/small-network.ts'
import { type EnformerConfig, enformerDefinition } from '../models/enformer.ts'
import { MODELS } from '../models/kinds.ts'
import { drawPattern, PATTERN_NAME } from '../models/layers/blockPattern.ts'
import { modelRegistry } from '../models/registry.ts'
import { Graph, type Tensor } from './graph.ts'
import { emitOnnx } from './onnx.ts'
import { add, conv1d, maxPool1d, mul, reduceSum, repeat, softmax } from './ops.ts'
import { evaluate } from './reference.ts'
import { frontierName, type LocalPart, localPart, restGraph, tileGraph, tilePositions, tilesOf } from './tiling.ts'
import { stridesOf } from './types.ts'

/** Values start … end - 1 of an axis, in place of or out of a whole row-major array. */
function part(values: ArrayLike<number>, shape: readonly number[], axis: number, start: number, end: number) {
  const stride = stridesOf(shape)[axis]!
  const chosen: number[] = []
  for (let i = 0; i < values.length; i++) {
    const at = Math.floor(i / stride) % shape[axis]!
    if (at >= start && at < end) chosen.push(i)
  }
  return chosen
}

/** The outputs computed by tiles, all by plain loops. */
function byTiles(
  local: LocalPart,
  outputs: Readonly<Record<string, Tensor>>,
  numbers: Numbers,
  positions: number,
): Record<string, ArrayLike<number>> {
  const { input, frontier } = local
  const name = input.tensor.node.leaf!.name
  const sequence = numbers.get(name)!
  const whole = frontier.map(f => new Float64Array(f.tensor.shape.reduce((n, d) => n * d, 1)).fill(Number.NaN))
  for (const tile of tilesOf(local, positions)) {
    const { read, outputs: computed } = tileGraph(local, tile)
    const own = part(sequence, input.tensor.shape, input.axis, read.start, read.end).map(i => sequence[i]!)
    const given = new Map<string, ArrayLike<number>>(numbers).set(name, own)
    computed.forEach((tensor, i) => {
      const { tensor: at, axis } = frontier[i]!
      if (!tensor) return
      const values = evaluate([tensor], given)[0]!.values
      const places = part(whole[i]!, at.shape, axis, tile[i]!.start, tile[i]!.end)
      expect(values.length).toBe(places.length)
      places.forEach((place, k) => {
        whole[i]![place] = values[k]!
      })
    })
  }
  const given = new Map<string, ArrayLike<number>>(numbers)
  frontier.forEach((f, i) => {
    if (f.tensor !== input.tensor) given.set(frontierName(local, i), whole[i]!)
  })
  const rest = restGraph(local, outputs)
  const names = Object.keys(outputs)
  const results = evaluate(names.map(n => rest.outputs[n]!), given) // biome-ignore format: one thought
  return Object.fromEntries(names.map((n, i) => [n, results[i]!.values]))
}

const codes = Array.from({ length: 4096 }, (_, i) => (i * i + 3 * i + (i >> 3)) % 5)
const oneHot = (length: number) => codes.slice(0, length).flatMap(code => [0, 1, 2, 3].map(b => (b === code ? 1 : 0)))

const trunk = { stemFilters: 3, towerFilters: [4, 5], layers: 2, heads: 2, outputs: { human: 2 } }
const convUnit = { block: 'tower', order: 'norm-activation-conv', kernel: 5, bias: true, norm: 'batch', activation: 'gelu', pool: 2, keep: 'before-pool' } // biome-ignore format: one block a line
const stem = { block: 'conv', order: 'conv-norm-activation', filters: 5, kernel: 7, bias: true, norm: 'none', activation: 'linear', pool: 2 } // biome-ignore format: one block a line
const attention = { block: 'transformer', repeat: 1, heads: 2, keySize: 2, positionFeatures: 4 }
const unet = { block: 'unet', kernel: 3, norm: 'batch', activation: 'gelu', dense: true }
const heads = { outputs: { human: 3 }, heads: { human: { activation: 'softplus' } } }
const networks: Readonly<Record<string, { kind: string; length: number; architecture: Record<string, unknown> }>> = {
  enformer: {
    kind: 'enformer',
    length: 112,
    architecture: { ...trunk, length: 112, targetBins: 6, keySize: 2, valueSize: 3, positionFeatures: 6 },
  },
  's-enformer': {
    kind: 's-enformer',
    length: 144,
    architecture: {
      ...trunk,
      towerFilters: [4, 6],
      length: 144,
      targetBins: 6,
      block: 3,
      randomBlocks: 1,
    },
  },
  'baskerville with a U-net': {
    kind: 'baskerville',
    length: 96,
    architecture: {
      length: 96,
      activation: 'gelu',
      trunk: [stem, { ...convUnit, filters: [4, 6, 4] }, attention, unet, unet, { block: 'crop', positions: 2 }],
      ...heads,
    },
  },
  'baskerville of convolutions alone': {
    kind: 'baskerville',
    length: 90,
    architecture: {
      length: 90,
      activation: 'gelu',
      trunk: [stem, { ...convUnit, filters: [4], pool: 3 }, { block: 'crop', positions: 2 }],
      ...heads,
    },
  },
}

function built({ kind, length, architecture }: (typeof networks)[string]) {
  const network = modelRegistry(MODELS).configure(kind, architecture)
  const graph = judgingGraph()
  const [layers, blocks] = [2, length / 8 / 3]
  const structure =
    kind === 's-enformer'
      ? new Map([[PATTERN_NAME, drawPattern({ layers, heads: 2, blocks, randomBlocks: 1 }, 'uniform', 3)]])
      : new Map()
  const outputs = network.buildForward(graph, { batch: 1, structure })
  const sequence = graph.leaves('input').find(t => t.node.leaf!.name === 'sequence')!
  const numbers = drawn(graph)
  numbers.set('sequence', oneHot(length))
  return { graph, outputs, sequence, numbers }
}

describe('tiles', () => {
  // Truth: the untiled network, both by plain loops in float64. Odd tiles, one tile, tiles that leave a rest; both ends are in all.
  describe.each(Object.entries(networks))('%s', (_name, network) => {
    const { outputs, sequence, numbers } = built(network)
    const local = localPart(Object.values(outputs), sequence)!
    const expected = valuesOf(outputs['human']!, numbers)
    it.each([1, 2, 3, 5, 7, 1000])('of %i positions give what the whole gives', positions => {
      const { human } = byTiles(local, outputs, numbers, Math.min(positions, tilePositions(local)))
      expect(relativeGap(human!, expected)).toBeLessThan(1e-12)
    })
  })

  // Truth: the layout of each network, by hand.
  it('end at the tokens of Enformer', () => {
    const { outputs, sequence } = built(networks['enformer']!)
    const { frontier } = localPart(Object.values(outputs), sequence)!
    expect(frontier.map(f => [f.tensor.shape, f.axis])).toEqual([[[1, 14, 5], 1]])
  })
  it('end at the tokens of a U-net and its skips', () => {
    const { outputs, sequence } = built(networks['baskerville with a U-net']!)
    const { frontier } = localPart(Object.values(outputs), sequence)!
    // 6 tokens of 16 bp; skips of 12 and 24 positions, as wide as they are kept or as their map makes them.
    expect(frontier.map(f => f.tensor.shape[f.axis]).toSorted((a, b) => a! - b!)).toEqual([6, 12, 24])
  })
  it('leave the sequence itself to a network that looks for padding', () => {
    const { outputs, sequence } = built(networks['s-enformer']!)
    const { frontier } = localPart(Object.values(outputs), sequence)!
    expect(frontier[0]!.tensor).toBe(sequence)
    expect(frontier).toHaveLength(2)
  })
  it('are none where the first operation mixes all positions', () => {
    const graph = judgingGraph()
    const x = graph.input('x', [1, 8, 3])
    expect(localPart([softmax(reduceSum(mul(reduceSum(x, 1, { keepAxes: true }), x), 1))], x, 1)).toBeUndefined()
  })

  // Truth: the graph by hand. A residual of a mixed and a local part belongs to the rest.
  it('stop where a local and a mixed part meet', () => {
    const graph = judgingGraph()
    const x = graph.input('x', [1, 2, 12])
    const w = graph.parameter('w', [3, 2, 3])
    const near = maxPool1d(conv1d(x, w), 2)
    const y = repeat(add(near, reduceSum(near, 2, { keepAxes: true })), 2, 2)
    const { frontier } = localPart([y], x, 2)!
    expect(frontier.map(f => f.tensor)).toEqual([near])
  })

  // Truth: a shift of the sequence by whole tiles changes nothing inside.
  it('inside a sequence are one model', () => {
    const config: EnformerConfig = enformerDefinition.parseConfig({
      ...networks['enformer']!.architecture,
      length: 640,
    })
    const graph = new Graph()
    const outputs = enformerDefinition.buildForward(graph, config, { batch: 1 })
    const local = localPart(Object.values(outputs), graph.leaves('input')[0]!)!
    const tiles = tilesOf(local, 10)
    const models = tiles.map(tile => {
      const { outputs: computed } = tileGraph(local, tile)
      return Buffer.from(emitOnnx({ y: computed[0]! }).bytes).toString('base64')
    })
    expect(tiles).toHaveLength(8)
    expect(new Set(models.slice(1, -1)).size).toBe(1)
    expect(new Set(models).size).toBe(3)
  })
})
