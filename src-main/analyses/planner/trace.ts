import { WorkbenchError } from '../../../src-shared/ipc/errors.ts'
import type { Emitter, OnnxAttribute } from '../../graph/emitter.ts'
import { liveNodes, type Tensor } from '../../graph/graph.ts'
import { type DType, type Shape, sizeOf } from '../../graph/types.ts'
import { innerTypes } from './innerTypes.ts'

/** Element types of the tensor language, and the words of its generator of random numbers. */
export type ElementType = DType | 'uint32'

export interface ValueType {
  readonly shape: Shape
  readonly dtype: ElementType
}

/** A value that the runtime sees: of the graph, or inside an operation that is several kernels. */
export interface TracedValue extends ValueType {
  readonly elements: number
  readonly bytes: number
  /** `fed`: given at each run. `kept`: weights of the model file, constants, and what they alone make when the model is opened. */
  readonly source: 'fed' | 'kept' | 'made'
  /** Numbers of small constants (axes, bounds), where a kernel's shape depends on them. */
  readonly numbers?: readonly number[]
}

/** One kernel that the runtime runs. */
export interface TracedKernel {
  readonly op: string
  readonly reads: readonly TracedValue[]
  readonly writes: readonly TracedValue[]
  readonly attributes: Readonly<Record<string, OnnxAttribute>>
}

/** What a graph becomes for the runtime, before the runtime's own rewriting. */
export interface Trace {
  readonly kernels: readonly TracedKernel[]
  /** Weights in the model file, before anything is made of them. */
  readonly weights: readonly TracedValue[]
  readonly fed: readonly TracedValue[]
  readonly outputs: readonly TracedValue[]
}

/** Parameters and states: inside the model file, as for inference, or given at each run, as for training. */
export type WeightPlace = 'file' | 'fed'

/**
 * Walks the part of a graph that `outputs` need as an ONNX writer would, noting kernels with their shapes instead of writing them. What
 * depends on weights of the file and constants alone is computed when the model is opened: it is no kernel of a run.
 */
export function traceGraph(outputs: readonly Tensor[], place: WeightPlace): Trace {
  const writer = new TraceWriter(place)
  return writer.trace(outputs)
}

const elementBytes: Readonly<Record<ElementType, number>> = { float32: 4, float64: 8, int32: 4, int64: 8, bool: 1, uint32: 4 } // biome-ignore format: a table

class TraceWriter implements Emitter {
  readonly #values = new Map<string, TracedValue>()
  readonly #names = new Map<Tensor, string>()
  readonly #shared = new Map<string, string>()
  readonly #read = new Set<Tensor>()
  readonly #kernels: TracedKernel[] = []
  readonly #weights: TracedValue[] = []
  readonly #fed: TracedValue[] = []
  readonly #place: WeightPlace
  #fresh = 0
  /** Types of the graph's own tensors, by name. */
  readonly #known = new Map<string, ValueType>()

  constructor(place: WeightPlace) {
    this.#place = place
  }

  trace(outputs: readonly Tensor[]): Trace {
    const nodes = liveNodes(outputs)
    for (const node of nodes) for (const tensor of node.inputs) this.#read.add(tensor)
    for (const tensor of outputs) this.#read.add(tensor)
    for (const node of nodes) {
      for (const tensor of node.outputs) this.#known.set(this.name(tensor), tensor)
      if (node.leaf) this.#leaf(node.outputs[0]!)
      else node.operation!.emit(node, this)
    }
    return {
      kernels: this.#kernels,
      weights: this.#weights,
      fed: this.#fed,
      outputs: outputs.map(tensor => this.#value(this.name(tensor))),
    }
  }

  name(tensor: Tensor): string {
    let name = this.#names.get(tensor)
    if (name === undefined) {
      name = `${tensor.node.id}/${tensor.index}`
      this.#names.set(tensor, name)
    }
    return name
  }

  node(
    op: string,
    inputs: readonly (Tensor | string)[],
    attributes: Readonly<Record<string, OnnxAttribute>> = {},
    outputs?: readonly (Tensor | string)[],
  ): string {
    const names = (outputs ?? [`inner/${this.#fresh++}`]).map(o => (typeof o === 'string' ? o : this.name(o)))
    const reads = inputs.map(x => this.#value(typeof x === 'string' ? x : this.name(x)))
    const inner = names.some(n => !this.#known.has(n)) ? innerTypes(op, reads, attributes, names.length) : []
    const source = reads.every(r => r.source === 'kept') ? 'kept' : 'made'
    const writes = names.map((name, i) => {
      const type = this.#known.get(name) ?? inner[i]
      if (!type)
        throw new WorkbenchError('internal', `the planner does not know what ${op} gives`, 'please report this')
      return this.#put(name, type, source)
    })
    if (source === 'made') this.#kernels.push({ op, reads, writes, attributes })
    return names[0]!
  }

  ints(values: readonly number[]): string {
    return this.constant('int64', [values.length], values)
  }

  constant(dtype: DType, shape: Shape, values: readonly number[]): string {
    return this.#constant({ shape, dtype }, values.length <= 64 ? values : undefined)
  }

  words(shape: Shape, values: readonly number[]): string {
    return this.#constant({ shape, dtype: 'uint32' }, values.length <= 1 ? values : undefined)
  }

  shared(key: string, make: () => string): string {
    const known = this.#shared.get(key)
    if (known !== undefined) return known
    const name = make()
    this.#shared.set(key, name)
    return name
  }

  isRead(tensor: Tensor): boolean {
    return this.#read.has(tensor)
  }

  #constant(type: ValueType, numbers: readonly number[] | undefined): string {
    const name = `inner/${this.#fresh++}`
    this.#put(name, type, 'kept', numbers)
    return name
  }

  #leaf(tensor: Tensor): void {
    const leaf = tensor.node.leaf!
    const fed = leaf.kind === 'input' || (leaf.kind !== 'constant' && this.#place === 'fed')
    const numbers = leaf.data && leaf.data.length <= 64 ? Array.from(leaf.data, Number) : undefined
    const value = this.#put(this.name(tensor), tensor, fed ? 'fed' : 'kept', numbers)
    if (fed) this.#fed.push(value)
    else this.#weights.push(value)
  }

  #put(name: string, type: ValueType, source: TracedValue['source'], numbers?: readonly number[]): TracedValue {
    const { shape, dtype } = type
    const elements = sizeOf(shape)
    const value: TracedValue = {
      shape,
      dtype,
      elements,
      bytes: elements * elementBytes[dtype],
      source,
      // As the file holds them: 1.702 of a kernel and 1.702 of a float32 leaf are one number.
      ...(numbers ? { numbers: dtype === 'float32' ? numbers.map(Math.fround) : numbers } : {}),
    }
    this.#values.set(name, value)
    return value
  }

  #value(name: string): TracedValue {
    const value = this.#values.get(name)
    if (!value)
      throw new WorkbenchError('internal', `the planner met '${name}' before it was made`, 'please report this')
    return value
  }
}
