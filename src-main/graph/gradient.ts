import { WorkbenchError } from '../../src-shared/ipc/errors.ts'
import { liveNodes, type Node, type Tensor } from './graph.ts'
import { add } from './ops/add.ts'
import { expand } from './ops/expand.ts'
import { isFloat, showShape, sizeOf } from './types.ts'

export interface GradientOptions {
  /** Gradient by the loss itself; 1 unless told. Lets several losses or an outer derivative be joined. */
  readonly seed?: Tensor
}

/**
 * Reverse-mode differentiation: the gradients of a scalar loss by each tensor of `by`, as tensors of the same graph.
 * Where the loss does not depend on a tensor its gradient is zeros. Branches that lead to none of `by` are not built.
 */
export function gradient(loss: Tensor, by: readonly Tensor[], options: GradientOptions = {}): Tensor[] {
  if (sizeOf(loss.shape) !== 1 || !isFloat(loss.dtype))
    throw new WorkbenchError(
      'bad-model',
      `gradient: expected a float scalar loss, got ${loss.dtype} ${showShape(loss.shape)}`,
      'reduce the loss to one number first',
    )
  const nodes = liveNodes([loss])
  const relevant = nodesBetween(nodes, by)
  const flowing = new Map<Tensor, Tensor>()
  flowing.set(loss, options.seed ?? expand(loss.graph.constant(1, [], loss.dtype), loss.shape))
  for (const node of nodes.toReversed()) {
    const { operation } = node
    if (!operation?.gradient || !relevant.has(node)) continue
    const upstream = node.outputs.map(tensor => flowing.get(tensor))
    if (upstream.every(tensor => tensor === undefined)) continue
    const wanted = node.inputs.map(tensor => isFloat(tensor.dtype) && relevant.has(tensor.node))
    if (!wanted.includes(true)) continue
    const parts = operation.gradient(node, upstream, wanted)
    node.inputs.forEach((input, i) => {
      const part = parts[i]
      if (part === undefined || !wanted[i]) return
      if (showShape(part.shape) !== showShape(input.shape))
        throw new WorkbenchError(
          'internal',
          `gradient of ${operation.name} by input ${i}: expected ${showShape(input.shape)}, got ${showShape(part.shape)}`,
          'please report this',
        )
      const sum = flowing.get(input)
      flowing.set(input, sum ? add(sum, part) : part)
    })
  }
  return by.map(tensor => flowing.get(tensor) ?? expand(tensor.graph.constant(0, [], tensor.dtype), tensor.shape))
}

/** Nodes on a path from a tensor of `by` (those included). `nodes` is in order of evaluation. */
function nodesBetween(nodes: readonly Node[], by: readonly Tensor[]): Set<Node> {
  const relevant = new Set(by.map(tensor => tensor.node))
  for (const node of nodes) if (node.inputs.some(input => relevant.has(input.node))) relevant.add(node)
  return relevant
}
