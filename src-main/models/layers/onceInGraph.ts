import type { Graph, Tensor } from '../../graph/graph.ts'

const known = new WeakMap<Graph, Map<object, Map<string, Tensor>>>()

/** A large constant that several layers of a graph share: made at the first call by its owner (a function) with its key. */
export function onceInGraph(graph: Graph, owner: object, key: string, make: () => Tensor): Tensor {
  const owners = known.get(graph) ?? new Map<object, Map<string, Tensor>>()
  known.set(graph, owners)
  const ofOwner = owners.get(owner) ?? new Map<string, Tensor>()
  owners.set(owner, ofOwner)
  const tensor = ofOwner.get(key) ?? make()
  ofOwner.set(key, tensor)
  return tensor
}
