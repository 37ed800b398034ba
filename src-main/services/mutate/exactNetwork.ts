import { throwIfCancelled, WorkbenchError } from '../../../src-shared/ipc/errors.ts'
import type { WorkContext } from '../../../src-shared/job.ts'
import { type Tensor as Data, elementCount, float32, type Tensors } from '../../../src-shared/tensor.ts'
import { windowGeometry } from '../../analyses/predict.ts'
import type { Compute } from '../../compute/client.ts'
import type { ProviderReport, Session, StateHandle } from '../../compute/engine.ts'
import { Graph, type Tensor } from '../../graph/graph.ts'
import { analyseMutants, type MutantAnalysis, nameOf } from '../../graph/incremental/analysis.ts'
import { buildGlobal, changeName, rowsName } from '../../graph/incremental/global.ts'
import { aligned, chooseGrouping, type Grouping } from '../../graph/incremental/grouping.ts'
import { type AxisSpan, buildLocal, type Context, contextList, contextsOf, type LocalPlan, planLocal, shapeOfPlan } from '../../graph/incremental/local.ts' // biome-ignore format: one line
import { copySpan, spanSize } from '../../graph/incremental/slices.ts'
import { fillFeed, heldByWindows, spanOfWindow, type TableSpan } from '../../graph/incremental/windowFeeds.ts'
import { buildWindows, feedShape, tableName, type WindowGraph } from '../../graph/incremental/windows.ts'
import { slice, transpose } from '../../graph/ops.ts'
import { partShape } from '../../graph/part.ts'
import type { ModelRegistry } from '../../models/registry.ts'
import { channelsByHead, type SelectedNetwork, selectedColumns, selectNetwork } from '../predict/selectedNetwork.ts'
import { ExactSessions } from './exactSessions.ts'
import type { MutantNetwork, MutantRequest, Mutation } from './mutantNetwork.ts'

export interface ExactNetwork extends MutantNetwork {
  /** How positions share graphs, and the arithmetic of one mutant. */
  readonly grouping: Grouping
  /** Bytes of reference activations that are kept now. */
  readonly cachedBytes: number
}

/** Arithmetic of a step of `run`: some tenths of a second. */
const STEP_FLOPS = 5e10
const MOST_MUTANTS = 2160
/** Mutants of a run of the local graphs, and of the rest: more give nothing, and take memory. */
const LOCAL_BATCH = 108
const GLOBAL_FLOPS = 1e9
const GLOBAL_BATCH = 144
/** Tables of reference activations have a multiple of so many rows. */
const TABLE_ROWS = 64
/** Open sessions of each kind. */
const LIMITS = { reference: 1, local: 160, windows: 3, side: 1, global: 2 } as const
/** Weights of this many bytes are loaded again rather than kept for many classes of positions. */
const HEAVY_FLOPS = 1e10

/**
 * Opens a network that predicts mutants by recomputing only what a changed base can reach: local layers in the reached part, each
 * class of positions with its own graph, then what looks at the whole sequence, with what attention can reuse of the reference. The
 * numbers are those of the whole network but for the order of sums.
 * @throws WorkbenchError `unsupported` for a network whose graph is not ours (an ONNX import), or an operation that has no parts
 */
export async function openExactNetwork(
  request: MutantRequest,
  compute: Compute,
  registry: ModelRegistry,
  context: WorkContext,
): Promise<ExactNetwork> {
  const { folder, json, channels } = request
  if (json.kind === 'onnx') throw new WorkbenchError('unsupported', `model '${json.id}' is an imported ONNX graph, which does not say what a changed base reaches`, 'use --method naive') // biome-ignore format: one thought
  const { bins: kept } = windowGeometry(json)
  const wanted = channelsByHead(json, channels)
  const selected = await selectNetwork(folder, json, wanted, registry, context)
  const built = selected.build(new Graph(), 1)
  const { heads, columns } = selectedColumns(json, wanted, head => built[head]?.shape.at(-1))
  const outputs = Object.fromEntries(heads.map(head => [head, built[head]!]))
  const [input, ...more] = built[heads[0]!]!.graph.leaves('input')
  if (!input || more.length > 0 || input.shape.length !== 3 || input.shape[2] !== 4) throw new WorkbenchError('unsupported', `model '${json.id}' does not read one sequence of bases alone`, 'use --method naive') // biome-ignore format: one thought
  const bins = request.bins ?? { first: 0, count: kept }
  const analysis = analyseMutants({ input, outputs, bins: { start: bins.first, end: bins.first + bins.count } })
  return new ExactMutants(request, compute, selected, analysis, columns, bins)
}

interface Tables {
  readonly spans: ReadonlyMap<Tensor, TableSpan>
  readonly state: StateHandle
  readonly bytes: number
}

/** Reference activations of the window at hand. */
interface Cache {
  readonly sequence: Float32Array
  readonly region: { readonly start: number; readonly end: number }
  readonly held: ReadonlyMap<Tensor, { readonly span: AxisSpan; readonly data: Float32Array }>
  /** Rows of reference activations around the region, in the compute process; where windows are used. */
  readonly tables: Tables | undefined
  /** Heads, [asked bins, tracks]. */
  readonly heads: ReadonlyMap<string, Float32Array>
}

/** An aligned run of positions, with what its local graph is fed; runs of the same shape share the graph. */
interface Run {
  readonly plan: LocalPlan
  readonly contexts: readonly Context[]
  readonly shape: string
}

/** A recomputed part: values of `held`, of which `span` lies in the sequence. */
interface Part {
  readonly data: Float32Array
  readonly held: AxisSpan
  readonly span: AxisSpan
}
type Parts = ReadonlyMap<Tensor, Part>

/** The whole-sequence part at one place. */
interface Place {
  readonly key: number
  readonly plan: LocalPlan
  readonly session: Session | undefined
  readonly state: StateHandle | undefined
  readonly changes: ReadonlyMap<Tensor, number>
}

class ExactMutants implements ExactNetwork {
  readonly grouping: Grouping
  readonly #sessions: ExactSessions
  readonly #batch: number
  #cache: Cache | undefined
  #place: Place | undefined
  #stateBytes = 0
  #ran: Record<string, number> = {}
  #report: ProviderReport

  constructor(
    readonly request: MutantRequest,
    readonly compute: Compute,
    readonly network: SelectedNetwork,
    readonly analysis: MutantAnalysis,
    readonly columns: ReadonlyMap<number, number>,
    readonly bins: { readonly first: number; readonly count: number },
  ) {
    this.grouping = chooseGrouping(analysis)
    this.#sessions = new ExactSessions(compute, network, request.load)
    const fits = Math.max(1, Math.min(GLOBAL_BATCH, Math.floor(GLOBAL_FLOPS / Math.max(1, this.grouping.globalFlops))))
    this.#batch = request.batch ?? fits
    this.#report = { requested: request.load.device ?? 'cpu', ran: {}, note: undefined }
  }

  get provider(): ProviderReport {
    return { ...this.#report, ran: this.#ran }
  }

  get cachedBytes(): number {
    let bytes = this.#stateBytes + (this.#cache?.tables?.bytes ?? 0)
    for (const { data } of this.#cache?.held.values() ?? []) bytes += data.byteLength
    return bytes
  }

  async prepare(
    sequence: Float32Array,
    region: { start: number; end: number },
    signal: AbortSignal,
  ): Promise<Float32Array> {
    // biome-ignore format: one line
    const { analysis, grouping } = this
    const length = analysis.input.shape[1]!
    if (!(region.start >= 0 && region.start < region.end && region.end <= length)) throw new WorkbenchError('region', `positions ${region.start}..${region.end} are not in a window of ${length} bp`, 'give positions inside the window') // biome-ignore format: one thought
    await this.#forget()
    const wide = {
      start: aligned(region.start, grouping.group, length).start,
      end: aligned(region.end - 1, grouping.group, length).end,
    }
    const plan = planLocal(analysis, wide)
    const windows = grouping.windows ? heldByWindows(this.#windows(1, undefined)!, region) : undefined
    const spans = new Map<Tensor, AxisSpan | undefined>(windows ? [] : contextsOf(analysis, plan))
    for (const tensor of plan.frontier.keys()) spans.set(tensor, undefined)
    spans.delete(analysis.input)
    const outputs: Record<string, Tensor> = {}
    for (const [head, tensor] of Object.entries(analysis.outputs)) outputs[`head.${head}`] = slice(tensor, 1, analysis.bins.start, analysis.bins.end) // biome-ignore format: one line
    for (const [tensor, span] of spans) outputs[nameOf(tensor)] = span ? slice(tensor, span.axis, span.start, span.end) : tensor // biome-ignore format: one line
    for (const [tensor, span] of windows ?? []) {
      const part = slice(tensor, span.axis, span.start, span.end)
      outputs[tableName(tensor)] = span.axis === 2 ? transpose(part, [0, 2, 1]) : part
    }
    const session = await this.#sessions.get(`${wide.start} ${wide.end}`, outputs, { kind: 'reference', limit: LIMITS.reference, workload: 'varied' }, signal) // biome-ignore format: one line
    const results = await session.run({ sequence: float32(sequence, analysis.input.shape) }, { signal })
    this.#note(session)
    const held = new Map<Tensor, { span: AxisSpan; data: Float32Array }>()
    held.set(analysis.input, { span: { axis: 1, start: 0, end: length }, data: sequence.slice() })
    for (const [tensor, span] of spans) {
      const axis = span?.axis ?? plan.spans.get(tensor)?.axis ?? 0
      const data = results[nameOf(tensor)]!.data as Float32Array
      held.set(tensor, { span: span ?? { axis, start: 0, end: tensor.shape[axis]! }, data })
    }
    const tables = await this.#tables(windows, results, signal)
    const heads = new Map(Object.keys(analysis.outputs).map(head => [head, results[`head.${head}`]!.data as Float32Array])) // biome-ignore format: one line
    this.#cache = { sequence: sequence.slice(), region: { ...region }, held, heads, tables }
    return this.#joined(head => heads.get(head)!)
  }

  async *run(
    mutations: readonly Mutation[],
    signal: AbortSignal,
  ): AsyncGenerator<{ first: number; values: readonly Float32Array[] }> {
    // biome-ignore format: one line
    const { localFlops, globalFlops } = this.grouping
    const cache = this.#prepared()
    for (const mutation of mutations) this.#check(mutation, cache)
    const step = Math.max(3, Math.min(MOST_MUTANTS, Math.floor(STEP_FLOPS / Math.max(1, localFlops + globalFlops))))
    for (let first = 0; first < mutations.length; first += step) {
      const some = mutations.slice(first, first + step)
      const parts = await this.#locals(some, cache, signal)
      for (let at = 0; at < some.length; ) {
        const count = this.#together(some, at)
        const values = await this.#globals(some.slice(at, at + count), parts.slice(at, at + count), cache, signal)
        yield { first: first + at, values }
        at += count
      }
    }
  }

  async close(): Promise<void> {
    await this.#forget()
    await this.#sessions.close()
  }

  async #forget(): Promise<void> {
    const { tables } = this.#cache ?? {}
    this.#cache = undefined
    await this.#leave()
    await tables?.state.close()
  }

  #prepared(): Cache {
    if (!this.#cache) throw new WorkbenchError('internal', 'mutants were asked for before their reference', 'please report this') // biome-ignore format: one thought
    return this.#cache
  }

  #check({ position, base }: Mutation, { region, sequence }: Cache): void {
    if (!(position >= region.start && position < region.end)) throw new WorkbenchError('bad-input', `position ${position} is not in the prepared ${region.start}..${region.end}`, 'prepare the region that is mutated') // biome-ignore format: one thought
    if (!(base >= 0 && base < 4)) throw new WorkbenchError('bad-input', `base ${base} is not one of 0..3`, 'give A, C, G or T') // biome-ignore format: one thought
    // An unknown base that becomes a known one changes more than the base: which tokens count as padding.
    if (!sequence.subarray(4 * position, 4 * position + 4).includes(1)) throw new WorkbenchError('bad-input', `the base at position ${position} of the window is unknown`, 'leave positions of unknown bases out') // biome-ignore format: one thought
  }

  /** The recomputed parts of each mutant. */
  async #locals(mutations: readonly Mutation[], cache: Cache, signal: AbortSignal): Promise<readonly Parts[]> {
    const length = this.analysis.input.shape[1]!
    const found: Parts[] = new Array(mutations.length)
    const classes = new Map<string, number[]>()
    const runs = this.grouping.windows ? [] : mutations.map(({ position }) => this.#runAt(aligned(position, this.grouping.group, length))) // biome-ignore format: one line
    mutations.forEach((_, i) => {
      const shape = runs[i]?.shape ?? ''
      const members = classes.get(shape) ?? []
      members.push(i)
      classes.set(shape, members)
    })
    for (const members of classes.values())
      for (let first = 0; first < members.length; first += LOCAL_BATCH) {
        throwIfCancelled(signal)
        const some = members.slice(first, first + LOCAL_BATCH)
        const parts = this.grouping.windows
          ? await this.#inWindows(some.map(i => mutations[i]!), cache, signal)
          : await this.#inRuns(some.map(i => ({ run: runs[i]!, mutation: mutations[i]! })), cache, signal) // biome-ignore format: one line
        some.forEach((index, i) => {
          found[index] = parts[i]!
        })
      }
    return found
  }

  /** Lays the reference activations that windows read into the compute process, a row for each position. */
  async #tables(
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

  readonly #windowGraphs = new Map<string, WindowGraph | undefined>()
  #windows(batch: number, tables: Tables | undefined): WindowGraph | undefined {
    const key = tables ? `${batch} ${[...tables.spans.values()].map(t => t.rows)}` : 'whole'
    if (!this.#windowGraphs.has(key)) {
      if (this.#windowGraphs.size > 16) this.#windowGraphs.clear()
      const middle = Math.floor(this.analysis.input.shape[1]! / 2)
      const plan = planLocal(this.analysis, { start: middle, end: middle + 1 })
      const rowsOf = tables && ((tensor: Tensor) => tables.spans.get(tensor)!.rows)
      this.#windowGraphs.set(key, buildWindows(this.analysis, plan, batch, rowsOf))
    }
    return this.#windowGraphs.get(key)
  }

  /** One graph for all positions. */
  async #inWindows(mutations: readonly Mutation[], cache: Cache, signal: AbortSignal): Promise<readonly Parts[]> {
    const batch = roundedBatch(mutations.length)
    const tables = cache.tables!
    const graph = this.#windows(batch, tables)!
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
      const session = await this.#sessions.get(`windows ${batch} ${[...tables.spans.values()].map(t => t.rows)}`, graph.outputs, { kind: 'local', limit: LIMITS.windows, workload: 'fixed' }, signal) // biome-ignore format: one line
      results = await session.run(inputs, { signal, state: tables.state })
      this.#note(session)
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
    cache: Cache,
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
        cut(cache, own.tensor, own.span, into)
      })
    })
    let results: Tensors = { [nameOf(input)]: inputs['mutant']! }
    if (session) {
      results = await session.run(inputs, { signal })
      this.#note(session)
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
    const limit = this.grouping.globalFlops > HEAVY_FLOPS ? 2 : LIMITS.local
    return this.#sessions.get(key, outputs, { kind: 'local', limit, workload: 'fixed' }, signal)
  }

  readonly #graphs = new Map<string, Readonly<Record<string, Tensor>>>()
  readonly #runs = new Map<number, Run>()
  #runAt(at: { start: number; end: number }): Run {
    const known = this.#runs.get(at.start)
    if (known) return known
    if (this.#runs.size > 4 * MOST_MUTANTS) this.#runs.clear()
    const plan = planLocal(this.analysis, at)
    const contexts = contextList(this.analysis, plan)
    const run = { plan, contexts, shape: shapeOfPlan(plan, contexts) }
    this.#runs.set(at.start, run)
    return run
  }

  /** How many mutants from `at` on go through the whole-sequence part together. */
  #together(mutations: readonly Mutation[], at: number): number {
    const { placed, period } = this.grouping
    let count = 1
    // Where the dense layers take changes, all of them at one place.
    const windows = this.#windows(1, undefined)
    const start = (i: number) => [...(windows?.frontier.values() ?? [])].map(w => windows!.startOf(w, mutations[i]!.position)).join() // biome-ignore format: one line
    const place = (i: number) => (placed ? start(i) : Math.floor(mutations[i]!.position / period))
    while (count < this.#batch && at + count < mutations.length && place(at + count) === place(at)) count++
    return count
  }

  /** Predictions of mutants that have one place. */
  async #globals(
    mutations: readonly Mutation[],
    parts: readonly Parts[],
    cache: Cache,
    signal: AbortSignal,
  ): Promise<readonly Float32Array[]> {
    // biome-ignore format: one line
    const { analysis, grouping } = this
    const { placed } = grouping
    const place = await this.#placeAt(mutations[0]!, cache, signal)
    const { session, plan } = place
    let results: Tensors = {}
    if (session) {
      const inputs: Record<string, Data> = {}
      for (const [tensor, count] of place.changes) this.#change(tensor, count, mutations[0]!, parts, cache, inputs)
      for (const { name, shape } of session.inputs) {
        const tensor = [...plan.frontier.keys()].find(t => nameOf(t) === name)
        if (!tensor) continue
        const at = plan.frontier.get(tensor)!
        const into = placed ? { ...at, start: 0, end: tensor.shape[at.axis]! } : at
        const size = spanSize(tensor.shape, into)
        const data = new Float32Array(size * this.#batch)
        for (let slot = 0; slot < this.#batch; slot++) {
          const i = Math.min(slot, mutations.length - 1)
          const one = data.subarray(slot * size, (slot + 1) * size)
          cut(cache, tensor, into, one)
          put(parts[i]!.get(tensor), one, into, tensor)
        }
        inputs[name] = float32(data, shape as readonly number[])
      }
      results = await session.run(inputs, { signal, ...(place.state ? { state: place.state } : {}) })
      this.#note(session)
    }
    return mutations.map((_, i) =>
      this.#joined(head => {
        const output = analysis.outputs[head]!
        const reference = cache.heads.get(head)!
        const whole = results[head]
        if (whole) {
          const size = reference.length
          return (whole.data as Float32Array).subarray(i * size, (i + 1) * size)
        }
        const part = parts[i]!.get(output)
        if (!part) return reference
        const one = reference.slice()
        put(part, one, { axis: 1, start: analysis.bins.start, end: analysis.bins.end }, output)
        return one
      }),
    )
  }

  /** What changed in the positions of a tensor, for mutants of one place. */
  #change(
    tensor: Tensor,
    count: number,
    { position }: Mutation,
    parts: readonly Parts[],
    cache: Cache,
    inputs: Record<string, Data>,
  ): void {
    // biome-ignore format: one line
    const windows = this.#windows(1, undefined)!
    const start = windows.startOf(windows.frontier.get(tensor)!, position)
    const [, channels, positions] = tensor.shape as readonly [number, number, number]
    const { data: reference } = heldOf(cache, tensor)
    const rows = Int32Array.from({ length: count }, (_, i) => (start + i >= 0 && start + i < positions ? start + i : positions)) // biome-ignore format: one line
    const change = new Float32Array(this.#batch * count * channels)
    parts.forEach((own, slot) => {
      const part = own.get(tensor)
      if (!part) return
      for (let at = part.span.start; at < part.span.end; at++) {
        const to = (slot * count + at - start) * channels
        for (let c = 0; c < channels; c++)
          change[to + c] = part.data[c * count + at - start]! - reference[c * positions + at]!
      }
    })
    inputs[rowsName(tensor)] = { dtype: 'int32', shape: [count], data: rows }
    inputs[changeName(tensor)] = float32(change, [this.#batch, count * channels])
  }

  /** The whole-sequence part where a mutation lies: its session, with what of the reference it reads. */
  async #placeAt({ position }: Mutation, cache: Cache, signal: AbortSignal): Promise<Place> {
    const { analysis, grouping } = this
    const { placed, period } = grouping
    const length = analysis.input.shape[1]!
    const key = placed ? 0 : Math.floor(position / period)
    if (this.#place?.key === key) return this.#place
    await this.#leave()
    const plan = planLocal(analysis, aligned(position, period, length))
    const lengths = new Map([...(this.#windows(1, undefined)?.frontier ?? [])].map(([t, w]) => [t, w.length]))
    const graph = buildGlobal(analysis, plan, { batch: this.#batch, placed, lengths })
    let session: Session | undefined
    let state: StateHandle | undefined
    if (Object.keys(graph.outputs).length > 0) {
      if (Object.keys(graph.reference).length > 0) {
        const side = await this.#sessions.get(undefined, graph.reference, { kind: 'side', limit: LIMITS.side, workload: 'varied' }, signal) // biome-ignore format: one line
        const inputs: Record<string, ReturnType<typeof float32>> = {}
        for (const { name } of side.inputs) {
          const [tensor, held] = [...cache.held].find(([t]) => nameOf(t) === name)!
          inputs[name] = float32(held.data, tensor.shape)
        }
        const made = await side.run(inputs, { signal })
        this.#note(side)
        state = await this.compute.createState(made, signal)
        this.#stateBytes = Object.values(made).reduce((sum, t) => sum + t.data.byteLength, 0)
      }
      session = await this.#sessions.get(undefined, graph.outputs, { kind: 'global', limit: LIMITS.global, workload: 'fixed' }, signal) // biome-ignore format: one line
    }
    this.#place = { key, plan, session, state, changes: graph.changes }
    return this.#place
  }

  async #leave(): Promise<void> {
    const place = this.#place
    this.#place = undefined
    this.#stateBytes = 0
    await place?.state?.close()
  }

  #note(session: Session): void {
    const { ran, note } = session.provider
    this.#ran = { ...this.#ran, ...ran }
    if (note) this.#report = { ...this.#report, note }
  }

  /** Heads side by side, [asked bins, columns]. */
  #joined(of: (head: string) => Float32Array): Float32Array {
    const heads = Object.entries(this.analysis.outputs).map(([head, { shape }]) => ({
      values: of(head),
      width: shape[2]!,
    }))
    if (heads.length === 1) return heads[0]!.values
    const total = heads.reduce((sum, h) => sum + h.width, 0)
    const { count } = this.bins
    const out = new Float32Array(count * total)
    let at = 0
    for (const { values, width } of heads) {
      for (let bin = 0; bin < count; bin++) out.set(values.subarray(bin * width, (bin + 1) * width), bin * total + at)
      at += width
    }
    return out
  }
}

function heldOf(cache: Cache, tensor: Tensor): { readonly span: AxisSpan; readonly data: Float32Array } {
  const held = cache.held.get(tensor)
  if (!held) throw new WorkbenchError('internal', `${nameOf(tensor)} of the reference was not kept`, 'please report this') // biome-ignore format: one line
  return held
}

/** Puts a recomputed part into an array that holds `into` of its axis; what lies outside is left out, it did not change. */
function put(part: Part | undefined, data: Float32Array, into: AxisSpan, tensor: Tensor): void {
  if (!part) return
  const span = { start: Math.max(part.span.start, into.start), end: Math.min(part.span.end, into.end) }
  if (span.start < span.end) copySpan(part.data, part.held, data, into, span, tensor.shape)
}

/** Part of a reference tensor that the cache holds. */
function cut(cache: Cache, tensor: Tensor, span: AxisSpan | undefined, into: Float32Array): void {
  const held = heldOf(cache, tensor)
  const { data, span: has } = held
  if (!span) into.set(data)
  else copySpan(data, has, into, span, span, tensor.shape)
}

/** Batches of few sizes, so that few sessions are opened. */
function roundedBatch(count: number): number {
  let size = 1
  while (size < count) size = size < 4 ? size + 1 : Math.ceil((size * 1.5) / 4) * 4
  return size
}
