import { throwIfCancelled } from '../../../src-shared/ipc/errors.ts'
import type { WorkContext } from '../../../src-shared/job.ts'
import { elementCount, float32, type Tensors } from '../../../src-shared/tensor.ts'
import {
  type CalibrationGraph,
  chainGraph,
  fedGraph,
  PASS_SIZES,
  PASSES,
  PRODUCT_SAMPLES,
  packedGraph,
  passGraph,
} from '../../analyses/planner/calibrationGraphs.ts'
import type { Pass } from '../../analyses/planner/passes.ts'
import { PRODUCTS, type Product, type ProductKind } from '../../analyses/planner/products.ts'
import { fitTerms, type Rates } from '../../analyses/planner/rates.ts'
import type { Compute } from '../../compute/client.ts'
import type { StateHandle, Workload } from '../../compute/engine.ts'
import { emitOnnx } from '../../graph/onnx.ts'

/** Runs of one sample: at least, at most, and the seconds after which it is enough. */
const RUNS = { least: 6, most: 100, seconds: 0.15 }
/** The quarter that took least is left out as luck, what is above as disturbance: whatever else runs only adds. */
const QUANTILE = 0.25
/** Seconds of products before anything is timed: a processor that was idle runs faster at first than it can go on. */
const WARM_SECONDS = 2
/** 32 MiB: above this, memory is mapped anew (heap.ts). */
const LARGE = 2 ** 23
/** What is kept or sent when that is measured. */
const MOVED = 2 ** 20

/** Measures what a compute process does, kernel by kernel. `seconds`: a clock. */
export async function measureRates(compute: Compute, context: WorkContext, seconds: () => number): Promise<Rates> {
  const started = seconds()
  const { peakRssBytes: empty } = await compute.stats({ start: true })
  const start = seconds() - started
  const bench = new Bench(compute, context, seconds)
  await bench.warm(PRODUCT_SAMPLES[0]!.graph())
  const inside = await bench.time(chainGraph(1), { least: 60 })
  const run = await bench.time(chainGraph(1), { whole: true })
  const { peakRssBytes } = await compute.stats()
  const open = await bench.opening(chainGraph(1))
  const openPerKernel = Math.max(0, (await bench.opening(chainGraph(1000))) - open) / 1000

  const chain = 256
  // No kernel is called in less: passSeconds goes through logarithms.
  const perKernel = Math.max(1e-7, ((await bench.time(chainGraph(chain))) - inside) / chain)
  const passes = {} as Record<Pass, [number, number][]>
  for (const pass of PASSES) passes[pass] = []
  for (const { elements, passes: count, tensors } of PASS_SIZES) {
    const asking = await bench.time(passGraph(undefined, elements, count, tensors))
    for (const pass of PASSES) {
      const all = await bench.time(passGraph(pass, elements, count, tensors))
      passes[pass].push([elements, Math.max(perKernel, (all - asking) / count)])
    }
    await bench.clear()
  }
  const samples: { readonly product: Product; readonly seconds: number }[] = []
  for (const { product, graph } of PRODUCT_SAMPLES) {
    const all = await bench.time(graph())
    samples.push({ product, seconds: Math.max(all / 2, all - inside) }) // never all of it: asking is the least part
    await bench.clear()
  }
  const products = Object.fromEntries(
    PRODUCTS.map(kind => [
      kind,
      fitTerms(samples.filter(s => s.product.kind === kind).map(s => ({ terms: s.product.terms, seconds: s.seconds }))),
    ]),
  ) as Record<ProductKind, number[]>

  const many = fedGraph(128, 4)
  const perFed = Math.max(0, (await bench.time(many, { keep: true })) - inside) / (2 * 128)
  const moved = fedGraph(1, MOVED)
  const kept = await bench.time(moved, { keep: true })
  const sent = await bench.time(moved, { whole: true })
  const still = await bench.time(passGraph('arithmetic', MOVED, 1))
  // One block larger than any that the heap keeps cannot be made short: more runs find one that was left alone.
  const alone = await bench.time(passGraph('arithmetic', LARGE, 1), { least: 25 })
  const fresh = await bench.time(passGraph('arithmetic', LARGE, 1), { least: 25, workload: 'varied' })
  await bench.clear()
  return {
    start,
    openPerKernel,
    openPerByte: await bench.openingPerByte(),
    run,
    perFed,
    perKeptByte: Math.max(0, kept - still) / (4 * MOVED),
    perSentByte: Math.max(0, sent - run - still) / (4 * MOVED),
    perFreshByte: Math.max(0, fresh - alone) / (4 * LARGE),
    products,
    passes,
    processBytes: Math.max(empty, peakRssBytes),
  }
}

interface TimeOptions {
  readonly workload?: Workload
  /** Results stay in the process, in place of what was fed. */
  readonly keep?: boolean
  /** With asking and answering, not the run alone. */
  readonly whole?: boolean
  /** Runs at least. */
  readonly least?: number
}

/** Times graphs, with their inputs lying in the process. */
class Bench {
  #state: StateHandle | undefined
  #held = ''
  #done = 0

  constructor(
    private readonly compute: Compute,
    private readonly context: WorkContext,
    private readonly seconds: () => number,
  ) {}

  async time(graph: CalibrationGraph, options: TimeOptions = {}): Promise<number> {
    const { signal } = this.context
    throwIfCancelled(signal)
    this.context.report({ phase: 'measuring this machine', done: this.#done++, total: SAMPLES })
    const state = await this.#inputs(graph)
    const session = await this.#load(graph, options.workload ?? 'fixed')
    const carry = options.keep ? Object.keys(graph.outputs).map(from => ({ from, to: from.replace('y', 'x') })) : []
    const outputs = options.keep ? [] : Object.keys(graph.outputs)
    const times: number[] = []
    try {
      const begun = this.seconds()
      for (let i = 0; i <= RUNS.most; i++) {
        throwIfCancelled(signal)
        const before = this.seconds()
        await session.run({}, { signal, state, carry, outputs })
        const all = this.seconds() - before
        const inside = options.whole || session.lastRunMs === undefined ? all : session.lastRunMs / 1000
        if (i > 0) times.push(inside) // the first takes memory
        if (i >= (options.least ?? RUNS.least) && this.seconds() - begun > RUNS.seconds) break
      }
    } finally {
      await session.close()
    }
    times.sort((a, b) => a - b)
    return times[Math.floor(QUANTILE * times.length)]!
  }

  /** Runs a graph for a while. */
  async warm(graph: CalibrationGraph): Promise<void> {
    const { signal } = this.context
    const state = await this.#inputs(graph)
    const session = await this.#load(graph, 'fixed')
    try {
      for (const begun = this.seconds(); this.seconds() - begun < WARM_SECONDS; ) {
        throwIfCancelled(signal)
        await session.run({}, { signal, state, carry: [], outputs: Object.keys(graph.outputs) })
      }
    } finally {
      await session.close()
    }
  }

  /** Seconds of opening a graph: the shortest of three. */
  async opening(graph: CalibrationGraph): Promise<number> {
    const times: number[] = []
    for (let i = 0; i < 3; i++) {
      throwIfCancelled(this.context.signal)
      const before = this.seconds()
      const session = await this.#load(graph, 'fixed')
      times.push(this.seconds() - before)
      await session.close()
    }
    return Math.min(...times)
  }

  /** By two weights of different size. */
  async openingPerByte(): Promise<number> {
    const [small, large] = [packedGraph(1, 64, 64), packedGraph(1, 2048, 2048)]
    const bytes = (g: CalibrationGraph) => 4 * elementCount(g.weights[0]!.shape)
    return Math.max(0, (await this.opening(large)) - (await this.opening(small))) / (bytes(large) - bytes(small))
  }

  async clear(): Promise<void> {
    await this.#state?.close()
    this.#state = undefined
    this.#held = ''
  }

  #load(graph: CalibrationGraph, workload: Workload) {
    const values = new Map(graph.weights.map(w => [w.node.leaf!.name, ordinary(elementCount(w.shape))]))
    return this.compute.load(emitOnnx(graph.outputs, { values }), { workload }, this.context.signal)
  }

  /** The same inputs serve graph after graph. */
  async #inputs(graph: CalibrationGraph): Promise<StateHandle> {
    const key = graph.inputs.map(x => `${x.node.leaf!.name} ${x.shape}`).join('; ')
    if (this.#state && this.#held === key) return this.#state
    await this.clear()
    const tensors: Tensors = Object.fromEntries(
      graph.inputs.map(x => [x.node.leaf!.name, float32(ordinary(elementCount(x.shape)), x.shape)]),
    )
    this.#state = await this.compute.createState(tensors, this.context.signal)
    this.#held = key
    return this.#state
  }
}

/** Numbers between -1.7 and 1.7, the same each time: what networks compute with, not the special case of zeros. */
function ordinary(count: number): Float32Array<ArrayBuffer> {
  const numbers = new Float32Array(count)
  let state = 1
  for (let i = 0; i < count; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0 // Numerical Recipes' generator
    numbers[i] = 3.4 * (state / 2 ** 32 - 0.5)
  }
  return numbers
}

const SAMPLES = PASS_SIZES.length * (PASSES.length + 1) + PRODUCT_SAMPLES.length + 6
