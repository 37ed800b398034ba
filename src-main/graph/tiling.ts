import { WorkbenchError } from '../../src-shared/ipc/errors.ts'
import { Graph, liveNodes, type Node, type Tensor } from './graph.ts'
import { neededSpans, type Span, sequenceAxes } from './locality.ts'
import type { Reach } from './operation.ts'
import { slice } from './ops/slice.ts'
import { applyPart, type PartInput } from './part.ts'
import { bytesOf } from './types.ts'

/** A tensor along one axis of which the sequence still lies. */
export interface AlongSequence {
  readonly tensor: Tensor
  readonly axis: number
}

/** What of a graph can be computed tile by tile, found from what its operations say of their reach. */
export interface LocalPart {
  readonly input: AlongSequence
  /**
   * What the rest reads of it, in order of construction: the tensors at the first mixing of all positions, moved back over
   * operations that would only make more of it (projections of the same tokens), and what leaves earlier (skips of a U-net, the
   * input itself). Nothing but these need be whole at once.
   */
  readonly frontier: readonly AlongSequence[]
}

/**
 * Finds the local part of a graph. `axis`: the sequence axis of `input`, its longest unless told. Undefined when nothing of the graph
 * is local, so that there is nothing to tile.
 */
export function localPart(outputs: readonly Tensor[], input: Tensor, axis?: number): LocalPart | undefined {
  const live = liveNodes(outputs)
  const axes = sequenceAxes(outputs, input, axis)
  const local = new Map<Tensor, number>([[input, axes.get(input)!]])
  for (const node of live) {
    const landed = localAxis(node, axes, local)
    if (landed !== undefined) for (const tensor of node.outputs) local.set(tensor, landed)
  }
  const inTiles = new Set(live.filter(node => node.operation && local.has(node.outputs[0]!)))
  const readers = readersOf(live)
  const wanted = new Set(outputs)
  const crossing = () =>
    [...local.keys()].filter(t => {
      if (t !== input && !inTiles.has(t.node)) return false
      return wanted.has(t) || readers.get(t)?.some(node => !inTiles.has(node))
    })
  const size = (tensors: readonly Tensor[]) => tensors.reduce((sum, t) => sum + bytesOf(t), 0)
  for (const nodes of movable(inTiles, readers, local)) {
    // From the last operation back, the rest takes as many as leave the least to be handed over.
    let [least, kept] = [size(crossing()), nodes.length]
    for (let at = nodes.length - 1; at >= 0; at--) {
      inTiles.delete(nodes[at]!)
      const bytes = size(crossing())
      if (bytes < least) [least, kept] = [bytes, at]
    }
    for (const node of nodes.slice(0, kept)) inTiles.add(node)
  }
  const best = crossing()
  const frontier = best.toSorted((a, b) => a.id - b.id).map(tensor => ({ tensor, axis: local.get(tensor)! }))
  if (frontier.every(f => f.tensor === input)) return undefined
  return { input: { tensor: input, axis: local.get(input)! }, frontier }
}

/**
 * Operations at the end of the local part that treat each position by itself, or pick some, so that the rest may do them as well:
 * in groups that depend on each other, each in order of construction.
 */
function movable(
  inTiles: ReadonlySet<Node>,
  readers: ReadonlyMap<Tensor, readonly Node[]>,
  local: ReadonlyMap<Tensor, number>,
): readonly (readonly Node[])[] {
  const groups = new Map<Node, Node[]>()
  for (const node of [...inTiles].toReversed()) {
    const alone = node.inputs.every((source, i) => {
      const axis = local.get(source)
      return axis === undefined || byItself(node.operation!.locality(node, i, axis).reach)
    })
    const next = node.outputs.flatMap(t => readers.get(t) ?? []).filter(reader => inTiles.has(reader))
    if (!alone || !next.every(reader => groups.has(reader))) continue
    const group = [node]
    for (const other of new Set(next.map(reader => groups.get(reader)!))) group.push(...other)
    for (const member of group) groups.set(member, group)
  }
  return [...new Set(groups.values())].map(group => group.toSorted((a, b) => a.id - b.id))
}

const byItself = (reach: Reach): boolean =>
  ['pointwise', 'shift', 'stride'].includes(reach.kind) ||
  (reach.kind === 'window' && reach.left === 0 && reach.right === 0)

/** Where the sequence lies in the outputs of a node that reads bounded parts of local tensors alone. */
function localAxis(
  node: Node,
  axes: ReadonlyMap<Tensor, number | undefined>,
  local: ReadonlyMap<Tensor, number>,
): number | undefined {
  if (!node.operation?.part) return undefined
  let axis: number | undefined
  for (const [i, source] of node.inputs.entries()) {
    if (!axes.has(source)) continue
    const from = local.get(source)
    if (from === undefined) return undefined
    const { axis: lands, reach } = node.operation.locality(node, i, from)
    if (lands === undefined || reach.kind === 'global' || (axis !== undefined && axis !== lands)) return undefined
    axis = lands
  }
  return axis
}

function readersOf(nodes: readonly Node[]): ReadonlyMap<Tensor, readonly Node[]> {
  const readers = new Map<Tensor, Node[]>()
  for (const node of nodes)
    for (const tensor of node.inputs) {
      const known = readers.get(tensor)
      if (known) known.push(node)
      else readers.set(tensor, [node])
    }
  return readers
}

/** A part of each frontier tensor, in their order, along its sequence axis. */
export type Tile = readonly { readonly start: number; readonly end: number }[]

/** Positions of the frontier tensor that has the fewest: what tiles are counted in. */
export const tilePositions = ({ frontier, input }: LocalPart): number =>
  Math.min(...frontier.filter(f => f.tensor !== input.tensor).map(lengthOf))

const lengthOf = ({ tensor, axis }: AlongSequence): number => tensor.shape[axis]!

/** Tiles of `positions` each (see `tilePositions`), the last one of what remains, that together cover the frontier. */
export function tilesOf(local: LocalPart, positions: number): readonly Tile[] {
  const coarsest = tilePositions(local)
  if (!Number.isInteger(positions) || positions < 1)
    throw new WorkbenchError('bad-input', `tiles of ${positions} positions`, 'give a whole number from 1')
  const tiles: Tile[] = []
  for (let from = 0; from < coarsest; from += positions) {
    const to = Math.min(coarsest, from + positions)
    // Finer tensors are cut at the same places of the sequence; what one ends with, the next begins with.
    tiles.push(
      local.frontier.map(f => ({
        start: Math.floor((from * lengthOf(f)) / coarsest),
        end: Math.floor((to * lengthOf(f)) / coarsest),
      })),
    )
  }
  return tiles
}

export interface TileGraph {
  readonly graph: Graph
  /** Which positions of the input it reads. */
  readonly read: { readonly start: number; readonly end: number }
  /** The tile's part of each frontier tensor, in their order; undefined for the input itself, which needs no computing. */
  readonly outputs: readonly (Tensor | undefined)[]
}

/**
 * Builds what computes one tile, exactly as the whole has it: halos as wide as the operations reach, padding only at the true ends. The
 * input keeps its name and is cut to `read`. Tiles inside a sequence are alike: their models have the same bytes.
 * @throws WorkbenchError `unsupported` that names an operation which cannot be applied to a part
 */
export function tileGraph({ input, frontier }: LocalPart, tile: Tile): TileGraph {
  const targets = frontier.flatMap((f, i) => (f.tensor === input.tensor ? [] : [{ ...f, ...tile[i]! }]))
  const needed = new Map<Tensor, Span>()
  for (const { tensor, ...at } of targets)
    for (const [t, span] of neededSpans(tensor, input.tensor, at, input.axis)) join(needed, t, span)
  const read = needed.get(input.tensor)
  if (!read) throw new TypeError('the tile reads nothing of the sequence')
  const graph = new Graph({ float: input.tensor.graph.float })
  const shape = input.tensor.shape.with(input.axis, read.end - read.start)
  const { name } = input.tensor.node.leaf!
  const held = new Map<Tensor, PartInput>([
    [input.tensor, { tensor: graph.input(name, shape, input.tensor.dtype), span: read }],
  ])
  const wanted = targets.map(t => t.tensor)
  const along = sequenceAxes(wanted, input.tensor, input.axis)
  for (const node of liveNodes(wanted)) {
    if (node.outputs[0] === input.tensor) continue
    const inputs = node.inputs.map(source => held.get(source))
    if (!along.has(node.outputs[0]!)) {
      hold(held, node, copied(graph, node, inputs.map(part => part!.tensor))) // biome-ignore format: one thought
      continue
    }
    const span = hull(node.outputs.flatMap(t => needed.get(t) ?? []))
    // What has no span lies beyond the ends for this tile.
    if (span) hold(held, node, applyPart(graph, node, inputs, span), span)
  }
  const outputs = frontier.map((f, i) => {
    if (f.tensor === input.tensor) return undefined
    // Another tensor of the frontier may read more of this one than the tile's own part.
    const { tensor, span } = held.get(f.tensor)!
    const from = span?.start ?? 0
    return slice(tensor, f.axis, tile[i]!.start - from, tile[i]!.end - from)
  })
  return { graph, read: { start: read.start, end: read.end }, outputs }
}

export interface RestGraph {
  readonly graph: Graph
  /** Frontier tensors are inputs under the names of `frontierName`, but the input itself, which keeps its own. */
  readonly outputs: Readonly<Record<string, Tensor>>
}

export const frontierName = ({ input, frontier }: LocalPart, index: number): string =>
  frontier[index]!.tensor === input.tensor ? input.tensor.node.leaf!.name : `frontier.${index}`

/** Builds what follows the frontier, once for the whole sequence. */
export function restGraph(local: LocalPart, outputs: Readonly<Record<string, Tensor>>): RestGraph {
  const graph = new Graph({ float: local.input.tensor.graph.float })
  const held = new Map<Tensor, PartInput>()
  local.frontier.forEach(({ tensor }, i) => {
    held.set(tensor, { tensor: graph.input(frontierName(local, i), tensor.shape, tensor.dtype) })
  })
  for (const node of behind(Object.values(outputs), new Set(held.keys())))
    hold(held, node, copied(graph, node, node.inputs.map(source => held.get(source)!.tensor))) // biome-ignore format: one thought
  return {
    graph,
    outputs: Object.fromEntries(Object.entries(outputs).map(([name, tensor]) => [name, held.get(tensor)!.tensor])),
  }
}

/** Nodes that tensors need when others are given, in order of evaluation. */
function behind(tensors: readonly Tensor[], given: ReadonlySet<Tensor>): readonly Node[] {
  const nodes = new Set<Node>()
  const open = [...tensors]
  for (let tensor = open.pop(); tensor !== undefined; tensor = open.pop()) {
    if (given.has(tensor) || nodes.has(tensor.node)) continue
    nodes.add(tensor.node)
    open.push(...tensor.node.inputs)
  }
  return [...nodes].sort((a, b) => a.id - b.id)
}

function hold(held: Map<Tensor, PartInput>, node: Node, outputs: readonly Tensor[], span?: Span): void {
  node.outputs.forEach((tensor, i) => {
    // A frontier tensor that is given stays what was given.
    if (!held.has(tensor)) held.set(tensor, { tensor: outputs[i]!, ...(span ? { span } : {}) })
  })
}

/** The same leaf or application in another graph. */
function copied(graph: Graph, node: Node, inputs: readonly Tensor[]): readonly Tensor[] {
  const { leaf, operation } = node
  if (operation) return graph.apply(operation, inputs, node.attributes)
  const { shape, dtype } = node.outputs[0]!
  const { kind, name, data } = leaf!
  if (kind === 'constant') return [graph.constant(data!, shape, dtype)]
  return [kind === 'input' ? graph.input(name, shape, dtype) : graph[kind](name, shape, dtype)]
}

function join(spans: Map<Tensor, Span>, tensor: Tensor, span: Span): void {
  const known = spans.get(tensor)
  spans.set(tensor, known ? hull([known, span])! : span)
}

const hull = (spans: readonly Span[]): Span | undefined =>
  spans.length === 0
    ? undefined
    : {
        axis: spans[0]!.axis,
        start: Math.min(...spans.map(s => s.start)),
        end: Math.max(...spans.map(s => s.end)),
      }
