import { executionOrder } from './executionOrder.ts'
import { intsOf } from './innerTypes.ts'
import type { Trace, TracedKernel, TracedValue } from './trace.ts'

/** A kernel as it runs, after the runtime has joined some. */
export interface RuntimeKernel extends TracedKernel {
  /** Names of fused kernels that are not of the standard: `Gelu`, `QuickGelu`; `View`: the same memory under another shape. */
  readonly op: string
}

const VIEWS = new Set(['Reshape', 'Squeeze', 'Unsqueeze', 'Identity', 'Flatten'])
const ACTIVATIONS = new Set(['Relu', 'Sigmoid', 'Tanh'])

/**
 * Imitates what ONNX Runtime's optimiser (level `all`, CPU) does to the graphs of this program, as its profiles show: equal kernels
 * become one, the three forms of GELU one kernel each, factors and turned operands of a matrix product are part of it, an activation
 * after a convolution or Gemm runs with it. In the order in which they run.
 */
export function runtimeKernels(trace: Trace): readonly RuntimeKernel[] {
  return new Rewriting(trace).kernels()
}

class Rewriting {
  readonly #made = new Map<TracedValue, TracedKernel>()
  readonly #readers = new Map<TracedValue, TracedKernel[]>()
  readonly #same = new Map<TracedValue, TracedValue>()
  readonly #outputs: ReadonlySet<TracedValue>
  readonly #gone = new Set<TracedKernel>()
  readonly #changed = new Map<TracedKernel, RuntimeKernel>()
  readonly #list: readonly TracedKernel[]

  constructor({ kernels, outputs }: Trace) {
    this.#list = this.#withoutEqual(kernels)
    this.#outputs = new Set(outputs.map(o => this.#same.get(o) ?? o))
    for (const kernel of this.#list) {
      for (const w of kernel.writes) this.#made.set(w, kernel)
      for (const r of kernel.reads) this.#readers.set(r, [...(this.#readers.get(r) ?? []), kernel])
    }
  }

  kernels(): readonly RuntimeKernel[] {
    for (const kernel of this.#list) {
      if (kernel.op === 'Sigmoid') this.#quickGelu(kernel)
      if (kernel.op === 'Erf') this.#gelu(kernel)
      if (kernel.op === 'Tanh') this.#tanhGelu(kernel)
    }
    for (const kernel of this.#list) {
      if (kernel.op === 'MatMul') this.#product(kernel)
      if (ACTIVATIONS.has(kernel.op)) this.#activation(kernel)
    }
    const numbers = new Map<RuntimeKernel, number>()
    const kept = this.#list.flatMap((kernel, i) => {
      if (this.#gone.has(kernel)) return []
      const changed = this.#changed.get(kernel) ?? kernel
      const running = VIEWS.has(changed.op) ? { ...changed, op: 'View' } : changed
      numbers.set(running, i + (changed === kernel ? 0 : this.#list.length))
      return [running]
    })
    return executionOrder(kept, numbers)
  }

  /** Equal kernels of equal values are one. */
  #withoutEqual(kernels: readonly TracedKernel[]): TracedKernel[] {
    const ids = new Map<TracedValue, number>()
    const idOf = (v: TracedValue) => {
      let id = ids.get(v)
      if (id === undefined) {
        id = ids.size
        ids.set(v, id)
      }
      return v.source === 'kept' && v.numbers ? `${v.dtype}${v.shape}:${v.numbers}` : id
    }
    const known = new Map<string, TracedKernel>()
    const list: TracedKernel[] = []
    for (const kernel of kernels) {
      const reads = kernel.reads.map(r => this.#same.get(r) ?? r)
      const key = `${kernel.op}(${reads.map(idOf)})${JSON.stringify(kernel.attributes)}`
      const before = known.get(key)
      if (before)
        kernel.writes.forEach((w, i) => { this.#same.set(w, before.writes[i]!) }) // biome-ignore format: one pass
      else {
        const own = { ...kernel, reads }
        known.set(key, own)
        list.push(own)
      }
    }
    return list
  }

  /** The one kernel that reads a value; undefined when several do or it is an output. */
  #only(value: TracedValue | undefined): TracedKernel | undefined {
    if (!value || this.#outputs.has(value)) return undefined
    const readers = this.#readers.get(value) ?? []
    return readers.length === 1 ? readers[0] : undefined
  }

  #fuse(op: string, input: TracedValue, parts: readonly TracedKernel[], last: TracedKernel): void {
    for (const part of parts) this.#gone.add(part)
    this.#changed.set(last, { op, reads: [input], writes: last.writes, attributes: {} })
  }

  /** x · sigmoid(c·x) */
  #quickGelu(sigmoid: TracedKernel): void {
    const scale = this.#made.get(sigmoid.reads[0]!)
    const last = this.#only(sigmoid.writes[0])
    if (scale?.op !== 'Mul' || last?.op !== 'Mul' || this.#only(sigmoid.reads[0]) !== sigmoid) return
    const x = scale.reads.find(r => r.source !== 'kept')
    if (x && last.reads.includes(x)) this.#fuse('QuickGelu', x, [scale, sigmoid], last)
  }

  /** x · (1 + erf(x / √2)) · ½ */
  #gelu(erf: TracedKernel): void {
    const scale = this.#made.get(erf.reads[0]!)
    const gate = this.#only(erf.writes[0])
    const product = this.#only(gate?.writes[0])
    const last = this.#only(product?.writes[0])
    if (scale?.op !== 'Div' || gate?.op !== 'Add' || product?.op !== 'Mul' || last?.op !== 'Mul') return
    const x = scale.reads[0]!
    if (product.reads.includes(x)) this.#fuse('Gelu', x, [scale, erf, gate, product], last)
  }

  /** ½x · (1 + tanh(√(2/π)(x + 0.044715x³))) */
  #tanhGelu(tanh: TracedKernel): void {
    const bent = this.#made.get(tanh.reads[0]!)
    const sum = bent && this.#made.get(bent.reads[0]!)
    const cube = sum?.reads[1] && this.#made.get(sum.reads[1])
    const power = cube && this.#made.get(cube.reads[0]!)
    const gate = this.#only(tanh.writes[0])
    const last = this.#only(gate?.writes[0])
    if (power?.op !== 'Pow' || sum?.op !== 'Add' || gate?.op !== 'Add' || last?.op !== 'Mul') return
    const x = power.reads[0]!
    const half = this.#made.get(last.reads[0]!)
    const alone = [power, cube, sum, bent].every(k => k && this.#only(k.writes[0]))
    if (alone && half?.reads[0] === x) this.#fuse('FastGelu', x, [power, cube!, sum, bent!, tanh, gate, half], last)
  }

  /** A factor beside a product, and operands whose last axes are turned, cost nothing of their own. */
  #product(product: TracedKernel): void {
    const reads = product.reads.map(read => {
      let value = read
      for (let maker = this.#made.get(value); maker && this.#foldable(maker); maker = this.#made.get(value)) {
        if (this.#only(value)) this.#gone.add(maker)
        value = maker.reads.find(r => r.source !== 'kept')!
      }
      return value
    })
    const after = this.#only(product.writes[0])
    let writes = product.writes
    if (after && isScale(after)) {
      this.#gone.add(after)
      writes = after.writes
    }
    this.#changed.set(product, { ...product, reads, writes })
  }

  #foldable(maker: TracedKernel): boolean {
    if (isScale(maker)) return true
    if (maker.op !== 'Transpose') return false
    const perm = intsOf(maker.attributes['perm'])
    const n = perm.length
    return n >= 2 && perm[n - 1] === n - 2 && perm[n - 2] === n - 1 && perm.slice(0, -2).every((p, i) => p === i)
  }

  #activation(kernel: TracedKernel): void {
    const maker = this.#made.get(kernel.reads[0]!)
    if (!maker || (maker.op !== 'Conv' && maker.op !== 'Gemm') || this.#only(kernel.reads[0]) !== kernel) return
    if (this.#gone.has(kernel) || this.#changed.has(kernel)) return
    this.#gone.add(kernel)
    this.#changed.set(maker, { ...maker, writes: kernel.writes })
  }
}

/** A product or quotient by one fixed number. */
const isScale = ({ op, reads }: TracedKernel): boolean =>
  (op === 'Mul' && reads.some(r => r.source === 'kept' && r.elements === 1) && reads.some(r => r.source !== 'kept')) ||
  (op === 'Div' && reads[1]?.source === 'kept' && reads[1].elements === 1)
