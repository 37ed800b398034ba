import { liveNodes, type Node, type Tensor } from './graph.ts'
import { sizeOf } from './types.ts'

/** Floating-point operations of matrix products and convolutions (2 for each multiply-add) that some tensors need; all else is not counted. */
export const flopsOf = (outputs: readonly Tensor[]): number =>
  liveNodes(outputs)
    .filter(node => dependsOnInput(node))
    .reduce((sum, node) => sum + flopsOfNode(node), 0)

/** Below this a run is so short that threads had better sleep between its operations (measured at 1 and 11 GFLOP a run). */
const SMALL_FLOPS = 2e9

/** How threads should wait in a session that computes these tensors. */
export const waitingFor = (outputs: readonly Tensor[]): 'spin' | 'sleep' =>
  flopsOf(outputs) < SMALL_FLOPS ? 'sleep' : 'spin'

const known = new WeakMap<Node, boolean>()

/** What weights and constants alone make is computed once, when a session opens. */
function dependsOnInput(node: Node): boolean {
  if (node.leaf) return node.leaf.kind === 'input'
  const before = known.get(node)
  if (before !== undefined) return before
  const depends = node.inputs.some(x => dependsOnInput(x.node))
  known.set(node, depends)
  return depends
}

function flopsOfNode({ operation, inputs, outputs, attributes }: Node): number {
  const size = outputs.length > 0 ? sizeOf(outputs[0]!.shape) : 0
  switch (operation?.name) {
    case 'matmul':
      return 2 * size * inputs[0]!.shape.at(attributes['transposeA'] ? -2 : -1)!
    case 'gemm':
      return 2 * size * inputs[0]!.shape[1]!
    case 'conv1d':
      return 2 * size * inputs[1]!.shape[1]! * inputs[1]!.shape[2]!
    default:
      return 0
  }
}
