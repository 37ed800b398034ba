import { afterEach, describe, expect, it, vi } from 'vitest'
import { exact, type Network, naive, type Options, setUp } from '../../test-support/exact-by-hand.ts'
import { SeededRandom } from '../../test-support/random.ts'
import { relativeGap } from '../../test-support/small-network.ts'
import { flopsOf } from '../graph/flops.ts'
import type { Graph, Tensor } from '../graph/graph.ts'
import { analyseMutants } from '../graph/incremental/analysis.ts'
import { buildGlobal } from '../graph/incremental/global.ts'
import { planLocal } from '../graph/incremental/local.ts'
import { conv1dOperation } from '../graph/ops/conv1d.ts'
import {
  add,
  concat,
  conv1d,
  matmul,
  maxPool1d,
  mul,
  relativeShift,
  relu,
  slice,
  softmax,
  transpose,
} from '../graph/ops.ts'
import { MODELS } from './kinds.ts'
import { drawPattern } from './layers/blockPattern.ts'
import { modelRegistry } from './registry.ts'

const registry = modelRegistry(MODELS)
const enformerShape = {
  length: 128,
  stemFilters: 3,
  stemKernel: 7,
  towerFilters: [4, 6],
  layers: 2,
  heads: 2,
  targetBins: 8,
  outputs: { human: 3, mouse: 2 },
}
const conv = { order: 'norm-activation-conv', bias: true, norm: 'batch', activation: 'gelu' }

function kind(
  name: string,
  architecture: Record<string, unknown>,
  bins: number,
  structure?: () => ReadonlyMap<string, ArrayLike<number>>,
): Network {
  // biome-ignore format: one line
  const configured = registry.configure(name, architecture)
  const length = architecture['length'] as number
  return {
    length,
    bins,
    build: (graph, batch) => configured.buildForward(graph, { batch, length, ...(structure ? { structure: structure() } : {}) }), // biome-ignore format: one line
  }
}

const networks: Readonly<Record<string, Network>> = {
  enformer: kind('enformer', { ...enformerShape, keySize: 3, valueSize: 2, positionFeatures: 6 }, 8),
  's-enformer': kind('s-enformer', { ...enformerShape, block: 4, randomBlocks: 1 }, 8, () => {
    const shape = { layers: 2, heads: 2, blocks: 4, randomBlocks: 1 }
    return new Map([['attention.random_blocks', drawPattern(shape, 'uniform', 3)]])
  }),
  baskerville: kind(
    'baskerville',
    {
      length: 96,
      trunk: [
        { block: 'conv', ...conv, norm: 'none', activation: 'linear', filters: 3, kernel: 5, pool: 2 },
        { block: 'tower', ...conv, filters: [4, 4], kernel: 3, pool: 2, keep: 'before-pool' },
        { block: 'transformer', repeat: 2, heads: 2, keySize: 2, positionFeatures: 4, mlpRatio: 2 },
        { block: 'unet', kernel: 3, norm: 'batch', activation: 'gelu', dense: true },
        { block: 'crop', positions: 4 },
      ],
      activation: 'gelu',
      outputs: { human: 2 },
      heads: { human: { blocks: [], activation: 'softplus' } },
    },
    16,
  ),
  'baskerville without attention': kind(
    'baskerville',
    {
      length: 60,
      trunk: [
        { block: 'conv', ...conv, order: 'conv-norm-activation', filters: 3, kernel: 7, pool: 3 },
        { block: 'conv', ...conv, filters: 3, kernel: 3, dilation: 2, residual: true, pool: 1 },
      ],
      activation: 'relu',
      outputs: { human: 2 },
      heads: { human: { blocks: [], activation: 'linear' } },
    },
    20,
  ),
}

const chunked: Network = {
  length: 48,
  bins: 12,
  build(graph: Graph, batch: number): Record<string, Tensor> {
    const p = (name: string, shape: readonly number[]) => graph.parameter(name, shape)
    const x = transpose(graph.input('sequence', [batch, 48, 4]), [0, 2, 1])
    const tokens = transpose(relu(maxPool1d(conv1d(x, p('conv', [4, 4, 5])), 4)), [0, 2, 1])
    const map = (name: string) => matmul(tokens, p(name, [4, 4]))
    const [q, k, v] = [map('q'), map('k'), map('v')]
    const distances = p('distances', [1, 23, 4])
    const runs = [
      [0, 5],
      [5, 6],
      [6, 12],
    ].map(([start, end]) => {
      const rows = slice(q, 1, start!, end!)
      const by = matmul(rows, slice(distances, 1, 12 - end!, 23 - start!), { transposeB: true })
      const scores = add(matmul(mul(rows, 0.5), k, { transposeB: true }), by.shape[1] === 1 ? by : relativeShift(by))
      return matmul(softmax(scores), v)
    })
    return { human: add(tokens, matmul(concat(runs, 1), p('out', [4, 4]))) }
  },
}
const basset = { length: 100, filters: [4, 3], kernels: [7, 5], pools: [3, 4], dense: [5], outputs: { human: 2 } }
const every: Readonly<Record<string, Network>> = { ...networks, basset: kind('basset', basset, 1), chunked }

/** Random bases with an unknown stretch. */
function randomSequence(length: number, seed: string): Float64Array {
  const random = new SeededRandom(seed)
  const x = new Float64Array(4 * length)
  for (let i = 0; i < length; i++) if (i < length / 2 - 12 || i >= length / 2 - 9) x[4 * i + random.integer(0, 4)] = 1
  return x
}

function mutantsAt(sequence: Float64Array, position: number): Float64Array[] {
  const old = sequence.subarray(4 * position, 4 * position + 4).indexOf(1)
  return [0, 1, 2, 3].map(base => {
    const mutant = sequence.slice()
    if (old >= 0) {
      mutant[4 * position + old] = 0
      mutant[4 * position + base] = 1
    }
    return mutant
  })
}

function largestGap(network: Network, options: Options, positions: readonly number[]): { gap: number; itself: number } {
  const setup = setUp(network, options)
  const reference = randomSequence(network.length, 'reference')
  const base = naive(setup, reference)
  let [gap, itself] = [0, 0]
  for (const position of positions) {
    const start = Math.floor(position / options.group) * options.group
    const mutants = mutantsAt(reference, position).slice(0, options.batch)
    const got = exact(
      setup,
      reference,
      mutants,
      { start, end: Math.min(network.length, start + options.group) },
      options,
    )
    mutants.forEach((mutant, i) => {
      const truth = naive(setup, mutant)
      gap = Math.max(gap, relativeGap(got[i]!, truth))
      if (mutant.every((v, j) => v === reference[j])) itself = Math.max(itself, relativeGap(got[i]!, base))
    })
  }
  return { gap, itself }
}

const all = (length: number) => Array.from({ length }, (_, i) => i)

// Truth: the whole network run once more on each mutant, both by plain loops in float64.
describe('what is reused', () => {
  it('attention over keys of which a few changed is put together from the rest and these', () => {
    const { source } = setUp(chunked, { group: 1, placed: false, batch: 1 })
    const analysis = analyseMutants(source)
    const plan = planLocal(analysis, { start: 20, end: 21 })
    const lying = buildGlobal(analysis, plan, { batch: 1, placed: false })
    expect(Object.keys(lying.reference).filter(name => name.endsWith('.rest'))).toHaveLength(3)
    const flops = (placed: boolean) => flopsOf(Object.values(buildGlobal(analysis, plan, { batch: 1, placed }).outputs))
    expect(flops(false)).toBeLessThan(0.6 * flops(true))
  })
})

// What a wrong program would do must not pass for right.
describe('a mistake shows', () => {
  const network = networks['enformer']!
  const gapOf = (windows: boolean) =>
    largestGap(network, { group: 1, placed: false, batch: 2, windows }, [61, 64, 66]).gap
  afterEach(() => {
    vi.restoreAllMocks()
  })
  it('zeros in the place of the neighbours of a part', () => {
    vi.spyOn(conv1dOperation, 'part').mockImplementation(({ target, whole, inputs, spans, output }) => {
      const [x, ...weights] = inputs as readonly [Tensor, ...Tensor[]]
      const own = output ? slice(x, 2, output.start - spans[0]!.start, output.end - spans[0]!.start) : x
      return target.apply(conv1dOperation, [own, ...weights], whole.attributes)
    })
    expect(gapOf(false)).toBeGreaterThan(1e-6)
  })
  it('a reach that is one position too narrow', () => {
    const real = conv1dOperation.locality
    vi.spyOn(conv1dOperation, 'locality').mockImplementation((application, input, axis) => {
      const found = real(application, input, axis)
      return found.reach.kind === 'window' && found.reach.right > 0 ? { ...found, reach: { ...found.reach, right: found.reach.right - 1 } } : found // biome-ignore format: one line
    })
    // The convolution is then given too little, or what it changes is left out.
    let gap = Number.POSITIVE_INFINITY
    try {
      gap = gapOf(false)
    } catch {
      // refused by the shapes: that shows as well
    }
    expect(gap).toBeGreaterThan(1e-6)
  })
})

describe('a mutant recomputed in parts equals the mutant recomputed whole', () => {
  for (const [name, network] of Object.entries(every)) {
    const ends = [0, 1, 2, network.length - 3, network.length - 2, network.length - 1]
    const inside = all(9).map(i => Math.floor(network.length / 2) - 4 + i)
    for (const placed of [false, true])
      it(`${name}, ${placed ? 'parts put into whole tensors' : 'parts where they lie'}`, () => {
        for (const group of [1, 4, 8]) {
          const { gap } = largestGap(network, { group, placed, batch: 2 }, group === 1 ? [...ends, ...inside] : [0, inside[3]!, network.length - 1]) // biome-ignore format: one line
          expect(gap, `groups of ${group}`).toBeLessThan(1e-12)
        }
      })
    // A head on joined rows has no windows: the graphs of each class of positions take its place.
    if (name !== 'baskerville without attention')
      it(`${name}, windows of fixed length`, () => {
        const { gap, itself } = largestGap(network, { group: 1, placed: false, batch: 2, windows: true }, [...ends, ...inside]) // biome-ignore format: one line
        expect(gap).toBeLessThan(1e-12)
        expect(itself).toBeLessThan(1e-13)
      })
    it(`${name}, some bins alone, one mutant at a time`, () => {
      const bins = network.bins > 1 ? { start: 3, end: 5 } : { start: 0, end: 1 }
      expect(largestGap(network, { group: 2, placed: false, batch: 1, bins }, [4, 30, network.length - 5]).gap).toBeLessThan(1e-12) // biome-ignore format: one line
    })
  }
})
