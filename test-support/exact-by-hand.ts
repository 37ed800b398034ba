import type { Graph, Tensor } from '../src-main/graph/graph.ts'
import { analyseMutants, type MutantSource, nameOf } from '../src-main/graph/incremental/analysis.ts'
import { buildGlobal } from '../src-main/graph/incremental/global.ts'
import { type AxisSpan, buildLocal, planLocal } from '../src-main/graph/incremental/local.ts'
import { copySpan, spanSize } from '../src-main/graph/incremental/slices.ts'
import { fillFeed } from '../src-main/graph/incremental/windowFeeds.ts'
import { buildWindows, feedShape, tableName } from '../src-main/graph/incremental/windows.ts'
import { evaluate } from '../src-main/graph/reference.ts'
import { sizeOf } from '../src-main/graph/types.ts'
import { drawn, judgingGraph } from './small-network.ts'

export interface Network {
  readonly length: number
  readonly bins: number
  build(graph: Graph, batch: number): Readonly<Record<string, Tensor>>
}

export interface Options {
  readonly group: number
  readonly placed: boolean
  readonly batch: number
  readonly bins?: { start: number; end: number }
  readonly windows?: boolean
}

export interface Setup {
  /** Reference values found so far, by tensor; of one reference sequence. */
  readonly known: Map<Tensor, Float64Array>
  readonly source: MutantSource
  readonly feeds: Map<string, ArrayLike<number>>
}

/** A network for one sequence, with random numbers for its weights unless they are given. */
export function setUp(network: Network, options: Options, weights?: ReadonlyMap<string, ArrayLike<number>>): Setup {
  const graph = judgingGraph()
  const outputs = network.build(graph, 1)
  const bins = options.bins ?? { start: 0, end: network.bins }
  const [input] = graph.leaves('input')
  return {
    source: { input: input!, outputs, bins },
    feeds: weights ? new Map(weights) : drawn(graph, 3),
    known: new Map(),
  }
}

/** What the asked bins of each head are by the network run once more on the whole mutant. */
export function naive({ source, feeds }: Setup, sequence: Float64Array): Float64Array {
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
export function exact(
  setup: Setup,
  reference: Float64Array,
  mutants: readonly Float64Array[],
  at: { start: number; end: number },
  options: Options,
): Float64Array[] {
  // biome-ignore format: one line
  const { source, feeds, known } = setup
  const analysis = analyseMutants(source)
  const plan = planLocal(analysis, at)
  const local = buildLocal(analysis, plan, mutants.length)
  const given = new Map(feeds).set('sequence', reference)
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
  for (const head of Object.values(source.outputs)) numbersOf(head)
  const windows = options.windows ? buildWindows(analysis, plan, mutants.length) : undefined
  if (options.windows && !windows) throw new Error('no windows')
  const windowFeeds = new Map<string, ArrayLike<number>>(feeds)
  windowFeeds.set('mutant', side(mutants.map(m => m.slice(4 * at.start, 4 * at.start + 4))))
  for (const feed of windows?.feeds ?? []) {
    const size = sizeOf(feedShape(feed, 1))
    const given = mutants.map(() => {
      const into = new Float64Array(size)
      fillFeed(windows!, feed, at.start, t => ({ start: 0, rows: t.shape[windows!.tables.get(t)!]! }), into)
      return into
    })
    windowFeeds.set(feed.name, side(given))
  }
  for (const [t, axis] of windows?.tables ?? []) {
    const [rows, channels] = [t.shape[axis]!, t.shape[3 - axis]!]
    const table = new Float64Array((rows + 1) * channels)
    numbersOf(t).forEach((value, i) => {
      const [row, channel] = axis === 1 ? [Math.floor(i / channels), i % channels] : [i % rows, Math.floor(i / rows)]
      table[row * channels + channel] = value
    })
    windowFeeds.set(tableName(t), table)
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
