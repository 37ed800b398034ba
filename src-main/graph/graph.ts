import { WorkbenchError } from '../../src-shared/ipc/errors.ts'
import type { Attributes, Operation } from './operation.ts'
import { type DType, holds, type Shape, showShape, sizeOf, type TensorData, type TensorType, toData } from './types.ts'

/** A symbolic value: no numbers, only a type and where it comes from. */
export interface Tensor extends TensorType {
  readonly graph: Graph
  readonly node: Node
  /** Which output of the node. */
  readonly index: number
  /** Unique within the graph, increasing in order of construction. */
  readonly id: number
}

export type LeafKind = 'input' | 'parameter' | 'state' | 'constant'

/** What feeds a graph: run inputs, trained parameters, states that a training step renews (running statistics), constants. */
export interface Leaf {
  readonly kind: LeafKind
  readonly name: string
  readonly data?: TensorData
}

export interface Node {
  readonly id: number
  readonly operation: Operation | undefined
  readonly leaf: Leaf | undefined
  readonly inputs: readonly Tensor[]
  readonly attributes: Attributes
  readonly outputs: readonly Tensor[]
}

export interface GraphOptions {
  /** What real numbers are: float32 (default), or float64 for judging. */
  readonly float?: 'float32' | 'float64'
}

/**
 * A directed acyclic graph of symbolic tensors. Nodes are appended in a valid order of evaluation; an application that
 * was made before (same operation, inputs and attributes) is found again, so common subexpressions are one node.
 */
export class Graph {
  readonly float: 'float32' | 'float64'
  readonly nodes: Node[] = []
  readonly #byKey = new Map<string, Node>()
  readonly #leaves = new Map<string, Tensor>()
  readonly #updates = new Map<string, Tensor>()
  #tensors = 0
  #streams = 0

  constructor(options: GraphOptions = {}) {
    this.float = options.float ?? 'float32'
  }

  /** A value given at each run. dtype defaults to the graph's float. */
  input(name: string, shape: Shape, dtype: DType = this.float): Tensor {
    return this.#leaf('input', name, shape, dtype)
  }

  /** A trained tensor. Asking again for the same name and shape gives the same tensor. */
  parameter(name: string, shape: Shape, dtype: DType = this.float): Tensor {
    return this.#leaf('parameter', name, shape, dtype)
  }

  /** A tensor that belongs to the model but has no gradient (running statistics). */
  state(name: string, shape: Shape, dtype: DType = this.float): Tensor {
    return this.#leaf('state', name, shape, dtype)
  }

  /** Says what a state becomes after a training step. */
  update(state: Tensor, value: Tensor): void {
    const leaf = state.node.leaf
    if (leaf?.kind !== 'state')
      throw new WorkbenchError('bad-model', 'only a state can be updated', 'update a state tensor')
    if (showShape(state.shape) !== showShape(value.shape) || state.dtype !== value.dtype)
      throw new WorkbenchError(
        'bad-model',
        `update of '${leaf.name}': expected ${showShape(state.shape)}, got ${showShape(value.shape)}`,
        'check the shapes in the model definition',
      )
    this.#updates.set(leaf.name, value)
  }

  /** What a state will be after what was built so far: its update, or itself. */
  current(state: Tensor): Tensor {
    return this.#updates.get(state.node.leaf?.name ?? '') ?? state
  }

  /** New values of states, by name, as given to `update`. */
  get updates(): ReadonlyMap<string, Tensor> {
    return this.#updates
  }

  /** Inputs, parameters and states by name, in order of construction. */
  leaves(kind: Exclude<LeafKind, 'constant'>): Tensor[] {
    return [...this.#leaves.values()].filter(tensor => tensor.node.leaf?.kind === kind)
  }

  /** Fixed numbers inside the graph. */
  constant(values: TensorData | readonly number[] | number, shape: Shape = [], dtype: DType = this.float): Tensor {
    const data =
      typeof values === 'number'
        ? toData(dtype, [values])
        : Array.isArray(values)
          ? toData(dtype, values)
          : (values as TensorData)
    if (data.length !== sizeOf(shape) || !holds(dtype, data))
      throw new WorkbenchError(
        'bad-model',
        `constant: ${data.length} values of ${data.constructor.name} given for ${dtype} ${showShape(shape)}`,
        'check the shapes in the model definition',
      )
    const small = data.length <= 16
    const key = small
      ? `constant ${dtype} ${showShape(shape)} ${[...data].map(v => (Object.is(v, -0) ? '-0' : String(v)))}`
      : undefined
    const known = key === undefined ? undefined : this.#byKey.get(key)
    if (known) return known.outputs[0]!
    const node = this.#append(undefined, { kind: 'constant', name: `constant_${this.nodes.length}`, data }, [], {}, [
      { shape, dtype },
    ])
    if (key !== undefined) this.#byKey.set(key, node)
    return node.outputs[0]!
  }

  /** Applies an operation: infers and checks the types, and finds an equal application again. */
  apply<A extends Attributes>(operation: Operation<A>, inputs: readonly Tensor[], attributes: A): readonly Tensor[] {
    for (const tensor of inputs)
      if (tensor.graph !== this)
        throw new WorkbenchError(
          'bad-model',
          `${operation.name}: a tensor of another graph was given`,
          'build one graph at a time',
        )
    const key = `${operation.name}(${inputs.map(tensor => tensor.id)})${JSON.stringify(attributes, exactNumber)}`
    const known = this.#byKey.get(key)
    if (known) return known.outputs
    const types = operation.infer(inputs, attributes)
    const node = this.#append(operation as Operation, undefined, inputs, attributes, types)
    this.#byKey.set(key, node)
    return node.outputs
  }

  /** `apply` for the many operations that have one output. */
  apply1<A extends Attributes>(operation: Operation<A>, inputs: readonly Tensor[], attributes: A): Tensor {
    return this.apply(operation, inputs, attributes)[0]!
  }

  /** Number of the next random stream: each random node of a graph draws from its own. */
  nextStream(): number {
    return this.#streams++
  }

  #leaf(kind: 'input' | 'parameter' | 'state', name: string, shape: Shape, dtype: DType): Tensor {
    const known = this.#leaves.get(name)
    if (known) {
      if (known.node.leaf?.kind === kind && showShape(known.shape) === showShape(shape) && known.dtype === dtype)
        return known
      throw new WorkbenchError(
        'bad-model',
        `'${name}' is already the ${known.node.leaf?.kind} ${known.dtype} ${showShape(known.shape)}, not the ${kind} ${dtype} ${showShape(shape)}`,
        'give it another name or the same shape',
      )
    }
    if (shape.some(length => !Number.isInteger(length) || length < 1))
      throw new WorkbenchError(
        'bad-model',
        `'${name}': ${showShape(shape)} is not a shape`,
        'every axis needs a length of at least 1',
      )
    const tensor = this.#append(undefined, { kind, name }, [], {}, [{ shape, dtype }]).outputs[0]!
    this.#leaves.set(name, tensor)
    return tensor
  }

  #append(
    operation: Operation | undefined,
    leaf: Leaf | undefined,
    inputs: readonly Tensor[],
    attributes: Attributes,
    types: readonly TensorType[],
  ): Node {
    const outputs: Tensor[] = []
    const node: Node = { id: this.nodes.length, operation, leaf, inputs, attributes, outputs }
    types.forEach((type, index) => {
      outputs.push({ graph: this, node, index, id: this.#tensors++, shape: [...type.shape], dtype: type.dtype })
    })
    this.nodes.push(node)
    return node
  }
}

/** JSON writes infinities and NaN as null and -0 as 0: attributes that differ must not look alike. */
const exactNumber = (_key: string, value: unknown): unknown =>
  typeof value === 'number' && (!Number.isFinite(value) || Object.is(value, -0))
    ? `${Object.is(value, -0) ? '-' : ''}${value}`
    : value

/** Nodes that the outputs need, in order of evaluation: everything else is dead. */
export function liveNodes(outputs: readonly Tensor[]): Node[] {
  const live = new Set<Node>()
  const stack = outputs.map(tensor => tensor.node)
  for (let node = stack.pop(); node !== undefined; node = stack.pop()) {
    if (live.has(node)) continue
    live.add(node)
    for (const input of node.inputs) stack.push(input.node)
  }
  return [...live].sort((a, b) => a.id - b.id)
}
