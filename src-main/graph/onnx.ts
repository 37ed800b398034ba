import { create } from '@bufbuild/protobuf'
import {
  GraphProtoSchema,
  ModelProtoSchema,
  type NodeProto,
  NodeProtoSchema,
  OperatorSetIdProtoSchema,
  type TensorProto,
} from 'onnx-buf'
import { WorkbenchError } from '../../src-shared/ipc/errors.ts'
import type { Emitter, OnnxAttribute } from './emitter.ts'
import { liveNodes, type Tensor } from './graph.ts'
import {
  attributeProto,
  bytesView,
  externalProto,
  joinModel,
  type RawTensor,
  tensorProto,
  valueInfo,
  wordsProto,
} from './onnxProto.ts'
import {
  bytesOf,
  type DType,
  holds,
  type Shape,
  showType,
  sizeOf,
  type TensorData,
  type TensorType,
  toData,
} from './types.ts'

/** Opset and IR version that the checker of onnx 1.12 (Debian 12) accepts. */
const opset = 17
const irVersion = 8

/** Above this, values lie in a file beside the model: one protobuf message cannot hold 2 GB, and parsing copies it. */
const inlineLimit = 2 ** 30

/** Where a parameter's numbers are: in memory, or in a file beside the model (a safetensors file will do as it is). */
export type ParameterValues =
  | TensorData
  | { readonly location: string; readonly offset: number; readonly length: number }

export interface EmitOptions {
  /** Parameters and states with values become initialisers; those without become inputs of each run. */
  readonly values?: ReadonlyMap<string, ParameterValues>
  /** File name, relative to the model, for values that are too large to be inline. Default `weights.bin`. */
  readonly externalLocation?: string
  /** Bytes above which values go to that file. Default 1 GiB in all. */
  readonly inlineBytes?: number
}

export interface OnnxModel {
  /** The model file. */
  readonly bytes: Uint8Array
  /** What each run must be given, by name. */
  readonly inputs: ReadonlyMap<string, TensorType>
  readonly outputs: ReadonlyMap<string, TensorType>
  /** Written one after the other to `location` beside the model, when present. */
  readonly external?: { readonly location: string; readonly parts: readonly Uint8Array[]; readonly bytes: number }
}

/**
 * Writes the part of a graph that `outputs` need as an ONNX model: opset 17, standard operators only.
 * Names of inputs, parameters and outputs are kept. Throws `bad-model` when values do not fit their tensor.
 */
export function emitOnnx(outputs: Readonly<Record<string, Tensor>>, options: EmitOptions = {}): OnnxModel {
  const named = Object.entries(outputs)
  const writer = new OnnxWriter(named, options)
  return writer.write()
}

class OnnxWriter implements Emitter {
  readonly #nodes: NodeProto[] = []
  readonly #initialisers: TensorProto[] = []
  readonly #large: RawTensor[] = []
  readonly #shared = new Map<string, string>()
  readonly #names = new Map<Tensor, string>()
  readonly #inputs = new Map<string, TensorType>()
  readonly #read = new Set<Tensor>()
  readonly #parts: Uint8Array[] = []
  #externalBytes = 0
  #fresh = 0
  readonly #outputs: readonly (readonly [string, Tensor])[]
  readonly #options: EmitOptions
  readonly #inline: boolean

  constructor(outputs: readonly (readonly [string, Tensor])[], options: EmitOptions) {
    this.#outputs = outputs
    this.#options = options
    let total = 0
    for (const values of options.values?.values() ?? []) if ('byteLength' in values) total += values.byteLength
    this.#inline = total <= (options.inlineBytes ?? inlineLimit)
  }

  write(): OnnxModel {
    const nodes = liveNodes(this.#outputs.map(([, tensor]) => tensor))
    const leafNames = new Set(
      nodes.flatMap(node => (node.leaf && node.leaf.kind !== 'constant' ? [node.leaf.name] : [])),
    )
    // An output tensor takes its public name, unless it is a leaf or has two names: then an Identity carries the name.
    const extra: [string, Tensor][] = []
    for (const [name, tensor] of this.#outputs) {
      if (leafNames.has(name) && !(tensor.node.leaf?.name === name))
        throw new WorkbenchError(
          'bad-model',
          `'${name}' is both an input and an output`,
          'give the output another name',
        )
      if (tensor.node.leaf || this.#names.has(tensor)) extra.push([name, tensor])
      else this.#names.set(tensor, name)
    }
    for (const node of nodes) for (const tensor of node.inputs) this.#read.add(tensor)
    for (const [, tensor] of this.#outputs) this.#read.add(tensor)
    for (const node of nodes) {
      if (node.leaf) this.#leaf(node.outputs[0]!)
      else node.operation!.emit(node, this)
    }
    for (const [name, tensor] of extra) this.node('Identity', [tensor], {}, [name])
    const results = new Map(this.#outputs.map(([name, tensor]) => [name, { shape: tensor.shape, dtype: tensor.dtype }]))
    const model = create(ModelProtoSchema, {
      irVersion: BigInt(irVersion),
      producerName: 'diploscope',
      opsetImport: [create(OperatorSetIdProtoSchema, { domain: '', version: BigInt(opset) })],
    })
    const graph = create(GraphProtoSchema, {
      name: 'graph',
      node: this.#nodes,
      initializer: this.#initialisers,
      input: [...this.#inputs].map(([name, type]) => valueInfo(name, type)),
      output: [...results].map(([name, type]) => valueInfo(name, type)),
      // Shapes between the nodes: from them a runtime tells the memory of a run before it starts.
      valueInfo: [...this.#names].flatMap(([tensor, name]) =>
        tensor.node.leaf || results.has(name) ? [] : [valueInfo(name, tensor)],
      ),
    })
    return {
      bytes: joinModel(model, graph, this.#large),
      inputs: this.#inputs,
      outputs: results,
      ...(this.#parts.length > 0
        ? { external: { location: this.#location, parts: this.#parts, bytes: this.#externalBytes } }
        : {}),
    }
  }

  get #location(): string {
    return this.#options.externalLocation ?? 'weights.bin'
  }

  name(tensor: Tensor): string {
    let name = this.#names.get(tensor)
    if (name === undefined) {
      const { leaf, operation, id } = tensor.node
      name =
        leaf && leaf.kind !== 'constant'
          ? leaf.name
          : `${operation?.name ?? 'constant'}/${id}${tensor.index > 0 ? `/${tensor.index}` : ''}`
      this.#names.set(tensor, name)
    }
    return name
  }

  node(
    opType: string,
    inputs: readonly (Tensor | string)[],
    attributes: Readonly<Record<string, OnnxAttribute>> = {},
    outputs?: readonly (Tensor | string)[],
  ): string {
    const resolve = (value: Tensor | string) => (typeof value === 'string' ? value : this.name(value))
    const results = outputs ? outputs.map(resolve) : [`inner/${this.#fresh++}`]
    this.#nodes.push(
      create(NodeProtoSchema, {
        opType,
        name: `${opType}/${this.#nodes.length}`,
        input: inputs.map(resolve),
        output: results,
        attribute: Object.entries(attributes).map(([name, value]) => attributeProto(name, value)),
      }),
    )
    return results[0]!
  }

  ints(values: readonly number[]): string {
    return this.constant('int64', [values.length], values)
  }

  constant(dtype: DType, shape: Shape, values: readonly number[]): string {
    return this.shared(`${dtype} ${shape} ${values.map(v => (Object.is(v, -0) ? '-0' : String(v)))}`, () =>
      this.#initialiser(name => tensorProto(name, { dtype, shape }, toData(dtype, values))),
    )
  }

  words(shape: Shape, values: readonly number[]): string {
    const make = (name: string) => wordsProto(name, shape, values)
    if (values.length > 1) return this.#initialiser(make)
    return this.shared(`word ${shape} ${values}`, () => this.#initialiser(make))
  }

  shared(key: string, make: () => string): string {
    let name = this.#shared.get(key)
    if (name === undefined) {
      name = make()
      this.#shared.set(key, name)
    }
    return name
  }

  #initialiser(make: (name: string) => TensorProto): string {
    const name = `inner/${this.#fresh++}`
    this.#initialisers.push(make(name))
    return name
  }

  isRead(tensor: Tensor): boolean {
    return this.#read.has(tensor)
  }

  #leaf(tensor: Tensor): void {
    const leaf = tensor.node.leaf!
    const name = this.name(tensor)
    if (leaf.data) {
      this.#large.push({ header: tensorProto(name, tensor), raw: bytesView(leaf.data) })
      return
    }
    const values = leaf.kind === 'input' ? undefined : this.#options.values?.get(leaf.name)
    if (values === undefined) {
      this.#inputs.set(name, { shape: tensor.shape, dtype: tensor.dtype })
      return
    }
    if ('location' in values) {
      if (values.length !== bytesOf(tensor))
        throw misfit(name, tensor, `${values.length} bytes of '${values.location}'`)
      this.#initialisers.push(externalProto(name, tensor, values))
      return
    }
    if (!holds(tensor.dtype, values) || values.length !== sizeOf(tensor.shape))
      throw misfit(name, tensor, `${values.length} values of ${values.constructor.name}`)
    if (this.#inline) this.#large.push({ header: tensorProto(name, tensor), raw: bytesView(values) })
    else {
      const part = bytesView(values)
      this.#initialisers.push(
        externalProto(name, tensor, { location: this.#location, offset: this.#externalBytes, length: part.length }),
      )
      this.#parts.push(part)
      this.#externalBytes += part.length
    }
  }
}

const misfit = (name: string, type: TensorType, got: string) =>
  new WorkbenchError(
    'bad-model',
    `'${name}': expected ${showType(type)}, got ${got}`,
    'check the weights against the model',
  )
