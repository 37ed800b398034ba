import { describe, expect, it } from 'vitest'
import { SeededRandom } from '../../test-support/random.ts'
import { drawn, judgingGraph, relativeGap } from '../../test-support/small-network.ts'
import type { Graph, Tensor } from '../graph/graph.ts'
import { analyseMutants, type MutantSource, nameOf } from '../graph/incremental/analysis.ts'
import { buildGlobal } from '../graph/incremental/global.ts'
import { type AxisSpan, buildLocal, planLocal } from '../graph/incremental/local.ts'
import { copySpan, spanSize } from '../graph/incremental/slices.ts'
import { fillFeed } from '../graph/incremental/windowFeeds.ts'
import { buildWindows, feedShape } from '../graph/incremental/windows.ts'
import { evaluate } from '../graph/reference.ts'
import { sizeOf } from '../graph/types.ts'
import { MODELS } from './kinds.ts'
import { drawPattern } from './layers/blockPattern.ts'
import { modelRegistry } from './registry.ts'

interface Network {
  readonly length: number
  readonly bins: number
  build(graph: Graph, batch: number): Readonly<Record<string, Tensor>>
}

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

const basset = { length: 100, filters: [4, 3], kernels: [7, 5], pools: [3, 4], dense: [5], outputs: { human: 2 } }
const every: Readonly<Record<string, Network>> = { ...networks, basset: kind('basset', basset, 1) }

interface Options {
  readonly group: number
  readonly placed: boolean
  readonly batch: number
  readonly bins?: { start: number; end: number }
  readonly windows?: boolean
}

interface Setup {
  readonly source: MutantSource
  readonly feeds: Map<string, ArrayLike<number>>
}

function setUp(network: Network, options: Options): Setup {
  const graph = judgingGraph()
  const outputs = network.build(graph, 1)
  const bins = options.bins ?? { start: 0, end: network.bins }
  const [input] = graph.leaves('input')
  return { source: { input: input!, outputs, bins }, feeds: drawn(graph, 3) }
}

/** What the asked bins of each head are by the network run once more on the whole mutant. */
function naive({ source, feeds }: Setup, sequence: Float64Array): Float64Array {
  const heads = Object.values(source.outputs)
  const { start, end } = source.bins
  return Float64Array.from(
    evaluate(heads, new Map(feeds).set('sequence', sequence)).flatMap((head, i) => {
      const tracks = heads[i]!.shape[2]!
      return Array.from(head.values.subarray(start * tracks, end * tracks))
    }),
  )
}

/** The same by recomputing what changes: all plans and graphs of the program, run by plain loops. */
function exact(
  setup: Setup,
  reference: Float64Array,
  mutants: readonly Float64Array[],
  at: { start: number; end: number },
  options: Options,
): Float64Array[] {
  // biome-ignore format: one line
  const { source, feeds } = setup
  const analysis = analyseMutants(source)
  const plan = planLocal(analysis, at)
  const local = buildLocal(analysis, plan, mutants.length)
  const given = new Map(feeds).set('sequence', reference)
  const known = new Map<Tensor, Float64Array>()
  const numbersOf = (t: Tensor) => {
    if (!known.has(t)) known.set(t, evaluate([t], given)[0]!.values)
    return known.get(t)!
  }
  const wholeOf = (t: Tensor, axis: number): AxisSpan => ({ axis, start: 0, end: t.shape[axis]! })
  const cut = (t: Tensor, span: AxisSpan | undefined) => {
    if (!span) return numbersOf(t)
    const out = new Float64Array(spanSize(t.shape, span))
    copySpan(numbersOf(t), wholeOf(t, span.axis), out, span, span, t.shape)
    return out
  }
  const side = (numbers: readonly Float64Array[]) => numbers.flatMap(n => Array.from(n))
  const localFeeds = new Map<string, ArrayLike<number>>(feeds)
  localFeeds.set('mutant', side(mutants.map(m => m.slice(4 * local.mutant.start, 4 * local.mutant.end))))
  for (const { name, tensor, span } of local.contexts) localFeeds.set(name, side(mutants.map(() => cut(tensor, span))))
  const windows = options.windows ? buildWindows(analysis, plan, mutants.length) : undefined
  if (options.windows && !windows) throw new Error('no windows')
  const windowFeeds = new Map<string, ArrayLike<number>>(feeds)
  windowFeeds.set('mutant', side(mutants.map(m => m.slice(4 * at.start, 4 * at.start + 4))))
  for (const feed of windows?.feeds ?? []) {
    const size = sizeOf(feedShape(feed, 1))
    const given = mutants.map(() => {
      const into = new Float64Array(size)
      fillFeed(windows!, feed, at.start, t => ({ data: numbersOf(t), span: wholeOf(t, 'window' in feed ? feed.window.axis : feed.from.axis) }), into) // biome-ignore format: one line
      return into
    })
    windowFeeds.set(feed.name, side(given))
  }
  const used = windows?.outputs ?? local.outputs
  const names = Object.keys(used)
  const parts = evaluate(Object.values(used), windows ? windowFeeds : localFeeds).map(part => part.values)
  const partOf = (t: Tensor, i: number): Float64Array => {
    const all = parts[names.indexOf(nameOf(t))]!
    const own = all.subarray((i * all.length) / mutants.length, ((i + 1) * all.length) / mutants.length)
    const window = windows?.frontier.get(t)
    if (!windows || !window) return own
    const start = windows.startOf(window, at.start)
    const span = plan.frontier.get(t)!
    const out = new Float64Array(spanSize(t.shape, span))
    copySpan(own as Float64Array<ArrayBuffer>, { ...span, start, end: start + window.length }, out, span, span, t.shape)
    return out
  }
  const placedOf = (t: Tensor, span: AxisSpan, i: number) => {
    const out = numbersOf(t).slice()
    copySpan(partOf(t, i) as Float64Array<ArrayBuffer>, span, out, wholeOf(t, span.axis), span, t.shape)
    return out
  }
  const rest = buildGlobal(analysis, plan, { batch: mutants.length, placed: options.placed })
  const restFeeds = new Map<string, ArrayLike<number>>(feeds)
  for (const [t, span] of plan.frontier)
    restFeeds.set(nameOf(t), side(mutants.map((_, i) => (options.placed ? placedOf(t, span, i) : partOf(t, i)))))
  const sideFeeds = new Map<string, ArrayLike<number>>(feeds)
  for (const t of [...plan.frontier.keys(), source.input]) sideFeeds.set(nameOf(t), numbersOf(t))
  const kept = evaluate(Object.values(rest.reference), sideFeeds)
  Object.keys(rest.reference).forEach((name, i) => {
    restFeeds.set(name, kept[i]!.values)
  })
  const heads = Object.fromEntries(Object.keys(rest.outputs).map((name, i, all) => [name, evaluate([rest.outputs[all[i]!]!], restFeeds)[0]!.values])) // biome-ignore format: one line
  const { start, end } = source.bins
  return mutants.map((_, i) =>
    Float64Array.from(
      Object.entries(source.outputs).flatMap(([name, head]) => {
        const tracks = head.shape[2]!
        const own = heads[name]
        if (own) return Array.from(own.subarray((i * own.length) / mutants.length, ((i + 1) * own.length) / mutants.length)) // biome-ignore format: one line
        const span = plan.frontier.get(head)
        const whole = span ? placedOf(head, span, i) : numbersOf(head)
        return Array.from(whole.subarray(start * tracks, end * tracks))
      }),
    ),
  )
}

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
    it.runIf(name !== 'baskerville without attention')(`${name}, windows of fixed length`, () => {
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
