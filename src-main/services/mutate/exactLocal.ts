import { throwIfCancelled } from '../../../src-shared/ipc/errors.ts'
import { type Tensor as Data, elementCount, float32, type Tensors } from '../../../src-shared/tensor.ts'
import type { Compute } from '../../compute/client.ts'
import type { Session } from '../../compute/engine.ts'
import type { Tensor } from '../../graph/graph.ts'
import { type MutantAnalysis, nameOf } from '../../graph/incremental/analysis.ts'
import { aligned, type Grouping } from '../../graph/incremental/grouping.ts'
import { type AxisSpan, buildLocal, type Context, contextList, type LocalPlan, planLocal, shapeOfPlan } from '../../graph/incremental/local.ts' // biome-ignore format: one line
import { fillFeed, spanOfWindow, type TableSpan } from '../../graph/incremental/windowFeeds.ts'
import { buildWindows, feedShape, tableName, type WindowGraph } from '../../graph/incremental/windows.ts'
import { partShape } from '../../graph/part.ts'
import { cutPart, type Part, type Parts, type ReferenceCache, type Tables } from './exactCache.ts'
import type { ExactSessions } from './exactSessions.ts'
import type { Mutation } from './mutantNetwork.ts'

/** Mutants of a run: more give nothing, and take memory. */
const BATCH = 108
/** Tables of reference activations have a multiple of so many rows. */
const TABLE_ROWS = 64
/** Runs of positions whose plans are kept. */
const MOST_RUNS = 8192
/** Open sessions of windows, and of classes of positions; of these few, where they hold the weights of a large network. */
const LIMITS = { windows: 3, classes: 160, heavy: 2 } as const
/** Arithmetic of a mutant in the rest of the network, above which it is a large one. */
export const HEAVY_FLOPS = 1e10

/** An aligned run of positions, with what its local graph is fed; runs of the same shape share the graph. */
interface Run {
  readonly plan: LocalPlan
  readonly contexts: readonly Context[]
  readonly shape: string
}

/** Recomputes the local layers around changed bases, many mutants at once. */
export class ExactLocal {
  constructor(
    readonly analysis: MutantAnalysis,
    readonly grouping: Grouping,
    readonly sessions: ExactSessions,
    readonly compute: Compute,
    readonly note: (session: Session) => void,
  ) {}

  /** The recomputed parts of each mutant. */
  async recompute(
    mutations: readonly Mutation[],
    cache: ReferenceCache,
    signal: AbortSignal,
  ): Promise<readonly Parts[]> {
    const length = this.analysis.input.shape[1]!
    const found: Parts[] = new Array(mutations.length)
    const classes = new Map<string, number[]>()
    const runs = cache.tables ? [] : mutations.map(({ position }) => this.#runAt(aligned(position, this.grouping.group, length))) // biome-ignore format: one line
    mutations.forEach((_, i) => {
      const shape = runs[i]?.shape ?? ''
      const members = classes.get(shape) ?? []
      members.push(i)
      classes.set(shape, members)
    })
    for (const members of classes.values())
      for (let first = 0; first < members.length; first += BATCH) {
        throwIfCancelled(signal)
        const some = members.slice(first, first + BATCH)
        const parts = cache.tables
          ? await this.#inWindows(some.map(i => mutations[i]!), cache, signal)
          : await this.#inRuns(some.map(i => ({ run: runs[i]!, mutation: mutations[i]! })), cache, signal) // biome-ignore format: one line
        some.forEach((index, i) => {
          found[index] = parts[i]!
        })
      }
    return found
  }

  /** Lays the reference activations that windows read into the compute process, a row for each position. */
  async layTables(
    held: ReadonlyMap<Tensor, AxisSpan> | undefined,
    results: Tensors,
    signal: AbortSignal,
  ): Promise<Tables | undefined> {
    // biome-ignore format: one line
    if (!held) return undefined
    const spans = new Map<Tensor, TableSpan>()
    const tensors: Record<string, ReturnType<typeof float32>> = {}
    let bytes = 0
    for (const [tensor, { axis, start, end }] of held) {
      // A few more rows than needed, so that regions of nearly one length share their sessions.
      const rows = Math.ceil((end - start) / TABLE_ROWS) * TABLE_ROWS
      const channels = tensor.shape[3 - axis]!
      const data = new Float32Array((rows + 1) * channels)
      data.set(results[tableName(tensor)]!.data as Float32Array)
      spans.set(tensor, { start, rows })
      tensors[tableName(tensor)] = float32(data, [rows + 1, channels])
      bytes += data.byteLength
    }
    return { spans, state: await this.compute.createState(tensors, signal), bytes }
  }

  /** The graph of windows for a region; undefined where a layer that a change reaches there has none. */
  windows(plan: LocalPlan, batch = 1, tables?: Tables): WindowGraph | undefined {
    if (!this.grouping.windows) return undefined
    if (this.#windowsOf !== plan) this.#windowGraphs.clear()
    this.#windowsOf = plan
    const key = tables ? `${batch} ${rowsKey(tables)}` : 'whole'
    if (!this.#windowGraphs.has(key)) {
      const rowsOf = tables && ((tensor: Tensor) => tables.spans.get(tensor)!.rows)
      this.#windowGraphs.set(key, buildWindows(this.analysis, plan, batch, rowsOf))
    }
    return this.#windowGraphs.get(key)
  }

  readonly #windowGraphs = new Map<string, WindowGraph | undefined>()
  #windowsOf: LocalPlan | undefined

  /** One graph for all positions. */
  async #inWindows(
    mutations: readonly Mutation[],
    cache: ReferenceCache,
    signal: AbortSignal,
  ): Promise<readonly Parts[]> {
    const batch = roundedBatch(mutations.length)
    const tables = cache.tables!
    const graph = this.windows(cache.plan, batch, tables)!
    const inputs: Record<string, Data> = {}
    const feed = <A extends Float32Array | Int32Array>(
      shape: readonly number[],
      data: A,
      write: (mutation: Mutation, into: A) => void,
    ): A => {
      // biome-ignore format: one line
      const size = data.length / shape[0]!
      // Places that are left over are filled with the first mutant.
      for (let slot = 0; slot < batch; slot++) write(mutations[slot] ?? mutations[0]!, data.subarray(slot * size, (slot + 1) * size) as A) // biome-ignore format: one line
      return data
    }
    const bases = feed([batch], new Float32Array(4 * batch), ({ base }, into) => {
      into[base] = 1
    })
    inputs['mutant'] = float32(bases, [batch, 1, 4])
    for (const one of graph.feeds) {
      const shape = feedShape(one, batch)
      const data = one.kind === 'reference' ? new Int32Array(elementCount(shape)) : new Float32Array(elementCount(shape)) // biome-ignore format: one line
      feed(shape, data, ({ position }, into) => fillFeed(graph, one, position, t => tables.spans.get(t)!, into))
      inputs[one.name] = one.kind === 'reference' ? { dtype: 'int32', shape, data: data as Int32Array } : float32(data as Float32Array, shape) // biome-ignore format: one line
    }
    let results: Tensors = { [nameOf(this.analysis.input)]: inputs['mutant']! }
    if (Object.values(graph.outputs).some(t => !t.node.leaf)) {
      const session = await this.sessions.get(`windows ${batch} ${rowsKey(tables)} ${[...cache.plan.spans.keys()].map(t => t.id)}`, graph.outputs, { kind: 'local', limit: LIMITS.windows, workload: 'fixed' }, signal) // biome-ignore format: one line
      results = await session.run(inputs, { signal, state: tables.state })
      this.note(session)
    }
    return mutations.map(({ position }, slot) => {
      const parts = new Map<Tensor, Part>()
      for (const [tensor, window] of graph.frontier) {
        const start = graph.startOf(window, position)
        const span = spanOfWindow(tensor, window, start)
        const all = results[nameOf(tensor)]!.data as Float32Array
        const each = all.length / batch
        if (span) parts.set(tensor, { data: all.subarray(slot * each, (slot + 1) * each), held: { ...span, start, end: start + window.length }, span }) // biome-ignore format: one line
      }
      return parts
    })
  }

  /** A graph for each class of positions. */
  async #inRuns(
    members: readonly { readonly run: Run; readonly mutation: Mutation }[],
    cache: ReferenceCache,
    signal: AbortSignal,
  ): Promise<readonly Parts[]> {
    // biome-ignore format: one line
    const batch = roundedBatch(members.length)
    const { run } = members[0]!
    const session = await this.#localSession(run, batch, signal)
    const at = (slot: number) => members[slot] ?? members[0]!
    const inputs: Record<string, ReturnType<typeof float32>> = {}
    const feed = (name: string, shape: readonly number[], write: (slot: number, into: Float32Array) => void) => {
      const data = new Float32Array(elementCount(shape))
      const size = data.length / batch
      for (let slot = 0; slot < batch; slot++) write(slot, data.subarray(slot * size, (slot + 1) * size))
      inputs[name] = float32(data, shape)
    }
    const { input } = this.analysis
    const { start, end } = run.plan.spans.get(input)!
    feed('mutant', [batch, end - start, 4], (slot, into) => {
      const { run: own, mutation } = at(slot)
      const from = own.plan.spans.get(input)!.start
      into.set(cache.sequence.subarray(4 * from, 4 * from + into.length))
      const place = 4 * (mutation.position - from)
      into.fill(0, place, place + 4)
      into[place + mutation.base] = 1
    })
    run.contexts.forEach(({ name, tensor, span }, i) => {
      const shape = partShape(tensor.shape, span, batch)
      feed(name, shape, (slot, into) => {
        const own = at(slot).run.contexts[i]!
        cutPart(cache, own.tensor, own.span, into)
      })
    })
    let results: Tensors = { [nameOf(input)]: inputs['mutant']! }
    if (session) {
      results = await session.run(inputs, { signal })
      this.note(session)
    }
    return members.map(({ run: { plan } }, slot) => {
      const parts = new Map<Tensor, Part>()
      for (const [tensor, span] of plan.frontier) {
        const all = results[nameOf(tensor)]!.data as Float32Array
        const each = all.length / batch
        parts.set(tensor, { data: all.subarray(slot * each, (slot + 1) * each), held: span, span })
      }
      return parts
    })
  }

  /** Undefined: nothing is local. */
  async #localSession(run: Run, batch: number, signal: AbortSignal): Promise<Session | undefined> {
    const key = `${batch} ${run.shape}`
    let outputs = this.#graphs.get(key)
    if (!outputs) {
      outputs = buildLocal(this.analysis, run.plan, batch).outputs
      this.#graphs.set(key, outputs)
    }
    if (Object.values(outputs).every(t => t.node.leaf)) return undefined
    const limit = this.grouping.globalFlops > HEAVY_FLOPS ? LIMITS.heavy : LIMITS.classes
    return this.sessions.get(key, outputs, { kind: 'local', limit, workload: 'fixed' }, signal)
  }

  readonly #graphs = new Map<string, Readonly<Record<string, Tensor>>>()
  readonly #runs = new Map<number, Run>()
  #runAt(at: { start: number; end: number }): Run {
    const known = this.#runs.get(at.start)
    if (known) return known
    if (this.#runs.size > MOST_RUNS) this.#runs.clear()
    const plan = planLocal(this.analysis, at)
    const contexts = contextList(this.analysis, plan)
    const run = { plan, contexts, shape: shapeOfPlan(plan, contexts) }
    this.#runs.set(at.start, run)
    return run
  }
}

const rowsKey = ({ spans }: Tables): string => [...spans.values()].map(t => t.rows).join()

/** Batches of few sizes, so that few sessions are opened. */
function roundedBatch(count: number): number {
  let size = 1
  while (size < count) size = size < 4 ? size + 1 : Math.ceil((size * 1.5) / 4) * 4
  return size
}
