import { WorkbenchError } from '../../../src-shared/ipc/errors.ts'
import type { WorkContext } from '../../../src-shared/job.ts'
import { type Tensor as Data, float32, type Tensors } from '../../../src-shared/tensor.ts'
import { windowGeometry } from '../../analyses/predict.ts'
import type { Compute } from '../../compute/client.ts'
import type { ProviderReport, Session, StateHandle } from '../../compute/engine.ts'
import { Graph, type Tensor } from '../../graph/graph.ts'
import { analyseMutants, type MutantAnalysis, nameOf } from '../../graph/incremental/analysis.ts'
import { buildGlobal, changeName, rowsName } from '../../graph/incremental/global.ts'
import { aligned, chooseGrouping, type Grouping } from '../../graph/incremental/grouping.ts'
import { type AxisSpan, contextsOf, type LocalPlan, planLocal } from '../../graph/incremental/local.ts'
import { spanSize } from '../../graph/incremental/slices.ts'
import { heldByWindows } from '../../graph/incremental/windowFeeds.ts'
import { tableName } from '../../graph/incremental/windows.ts'
import { slice, transpose } from '../../graph/ops.ts'
import type { ModelRegistry } from '../../models/registry.ts'
import { channelsByHead, type SelectedNetwork, selectedColumns, selectNetwork } from '../predict/selectedNetwork.ts'
import { cutPart, heldOf, type Parts, putPart, type ReferenceCache } from './exactCache.ts'
import { ExactLocal, HEAVY_FLOPS } from './exactLocal.ts'
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
/** Mutants of a run of the whole-sequence part: as many as this arithmetic allows; more give nothing, and take memory. */
const GLOBAL_FLOPS = 1e9
const GLOBAL_BATCH = 144
/** Open sessions of each kind. */
const LIMITS = { reference: 1, side: 1, global: 2 } as const

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
  readonly #local: ExactLocal
  readonly #batch: number
  #cache: ReferenceCache | undefined
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
    this.#local = new ExactLocal(analysis, this.grouping, this.#sessions, compute, session => this.#note(session))
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
      start: aligned(region.start, grouping.period, length).start,
      end: aligned(region.end - 1, grouping.period, length).end,
    }
    const plan = planLocal(analysis, wide)
    const graph = this.#local.windows(plan)
    const windows = graph && heldByWindows(graph, region)
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
    const session = await this.#sessions.get(`${region.start} ${region.end}`, outputs, { kind: 'reference', limit: LIMITS.reference, workload: 'varied' }, signal) // biome-ignore format: one line
    const results = await session.run({ sequence: float32(sequence, analysis.input.shape) }, { signal })
    this.#note(session)
    if (this.grouping.globalFlops > HEAVY_FLOPS) await this.#sessions.drop('reference')
    const held = new Map<Tensor, { span: AxisSpan; data: Float32Array }>()
    held.set(analysis.input, { span: { axis: 1, start: 0, end: length }, data: sequence.slice() })
    for (const [tensor, span] of spans) {
      const axis = span?.axis ?? plan.spans.get(tensor)?.axis ?? 0
      const data = results[nameOf(tensor)]!.data as Float32Array
      held.set(tensor, { span: span ?? { axis, start: 0, end: tensor.shape[axis]! }, data })
    }
    const tables = await this.#local.layTables(windows, results, signal)
    const heads = new Map(Object.keys(analysis.outputs).map(head => [head, results[`head.${head}`]!.data as Float32Array])) // biome-ignore format: one line
    this.#cache = { sequence: sequence.slice(), region: { ...region }, plan, held, heads, tables }
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
      const parts = await this.#local.recompute(some, cache, signal)
      for (let at = 0; at < some.length; ) {
        const count = this.#together(some, at, cache)
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

  #prepared(): ReferenceCache {
    if (!this.#cache) throw new WorkbenchError('internal', 'mutants were asked for before their reference', 'please report this') // biome-ignore format: one thought
    return this.#cache
  }

  #check({ position, base }: Mutation, { region, sequence }: ReferenceCache): void {
    if (!(position >= region.start && position < region.end)) throw new WorkbenchError('bad-input', `position ${position} is not in the prepared ${region.start}..${region.end}`, 'prepare the region that is mutated') // biome-ignore format: one thought
    if (!(base >= 0 && base < 4)) throw new WorkbenchError('bad-input', `base ${base} is not one of 0..3`, 'give A, C, G or T') // biome-ignore format: one thought
    // An unknown base that becomes a known one changes more than the base: which tokens count as padding.
    if (!sequence.subarray(4 * position, 4 * position + 4).includes(1)) throw new WorkbenchError('bad-input', `the base at position ${position} of the window is unknown`, 'leave positions of unknown bases out') // biome-ignore format: one thought
  }

  /** How many mutants from `at` on go through the whole-sequence part together. */
  #together(mutations: readonly Mutation[], at: number, cache: ReferenceCache): number {
    const { placed, period } = this.grouping
    let count = 1
    // Where the dense layers take changes, all of them at one place.
    const windows = this.#local.windows(cache.plan)
    const start = (i: number) => [...(windows?.frontier.values() ?? [])].map(w => windows!.startOf(w, mutations[i]!.position)).join() // biome-ignore format: one line
    const place = (i: number) => (placed ? start(i) : Math.floor(mutations[i]!.position / period))
    while (count < this.#batch && at + count < mutations.length && place(at + count) === place(at)) count++
    return count
  }

  /** Predictions of mutants that have one place. */
  async #globals(
    mutations: readonly Mutation[],
    parts: readonly Parts[],
    cache: ReferenceCache,
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
          cutPart(cache, tensor, into, one)
          putPart(parts[i]!.get(tensor), one, into, tensor)
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
        putPart(part, one, { axis: 1, start: analysis.bins.start, end: analysis.bins.end }, output)
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
    cache: ReferenceCache,
    inputs: Record<string, Data>,
  ): void {
    // biome-ignore format: one line
    const windows = this.#local.windows(cache.plan)!
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
  async #placeAt({ position }: Mutation, cache: ReferenceCache, signal: AbortSignal): Promise<Place> {
    const { analysis, grouping } = this
    const { placed, period } = grouping
    const length = analysis.input.shape[1]!
    const key = placed ? 0 : Math.floor(position / period)
    if (this.#place?.key === key) return this.#place
    await this.#leave()
    // Whole tensors are given for every place: for all that any position of the region reaches.
    const plan = placed ? cache.plan : planLocal(analysis, aligned(position, period, length))
    const lengths = new Map([...(this.#local.windows(cache.plan)?.frontier ?? [])].map(([t, w]) => [t, w.length]))
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
        if (grouping.globalFlops > HEAVY_FLOPS) await this.#sessions.drop('side')
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
