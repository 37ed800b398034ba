import { WorkbenchError } from '../../../src-shared/ipc/errors.ts'
import type { Graph, Tensor } from '../graph.ts'
import { sizeOf } from '../types.ts'
import { isNever, type MutantAnalysis, nameOf } from './analysis.ts'

/** Operations whose results are worth keeping rather than computing (or folding at the opening of a session) again. */
const HEAVY = new Set(['matmul', 'gemm', 'conv1d', 'softmax'])

/** Builds tensors of the source again in another graph, as they are for the reference: with a batch of 1. */
export class Rebuilder {
  readonly #known = new Map<Tensor, Tensor>()

  /** `bases`: tensors of the source that are given (inputs of the same name as `nameOf`). */
  constructor(
    readonly graph: Graph,
    readonly analysis: MutantAnalysis,
    readonly bases: ReadonlySet<Tensor> = new Set(),
  ) {}

  /** What no base changes and no sequence enters: weights, constants, and what is made of them. */
  constant(tensor: Tensor): Tensor {
    return this.of(tensor)
  }

  of(tensor: Tensor): Tensor {
    const known = this.#known.get(tensor)
    if (known) return known
    const { node } = tensor
    const { leaf } = node
    let made: Tensor
    if (this.bases.has(tensor)) made = this.graph.input(nameOf(tensor), tensor.shape, tensor.dtype)
    else if (leaf?.data) made = this.graph.constant(leaf.data, tensor.shape, tensor.dtype)
    else if (leaf?.kind === 'parameter') made = this.graph.parameter(leaf.name, tensor.shape, tensor.dtype)
    else if (leaf?.kind === 'state') made = this.graph.state(leaf.name, tensor.shape, tensor.dtype)
    else if (leaf) throw new WorkbenchError('unsupported', `the network reads an input '${leaf.name}' beside its sequence`, 'use --method naive') // biome-ignore format: one thought
    else if (isNever(node)) made = this.graph.constant(new Uint8Array(sizeOf(tensor.shape)), tensor.shape, 'bool')
    else made = this.graph.apply(node.operation!, node.inputs.map(x => this.of(x)), node.attributes)[tensor.index]! // biome-ignore format: one line
    this.#known.set(tensor, made)
    return made
  }

  /** Can it be made of weights and constants alone, without computing much? */
  isCheap(tensor: Tensor): boolean {
    if (this.bases.has(tensor) || tensor === this.analysis.input) return false
    if (tensor.node.leaf || isNever(tensor.node)) return true
    return !HEAVY.has(tensor.node.operation!.name) && tensor.node.inputs.every(x => this.isCheap(x))
  }
}
