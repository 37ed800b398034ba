import { liveNodes, type Node, type Tensor } from '../graph.ts'
import type { Span } from '../locality.ts'
import { readBy } from '../part.ts'

/** A network of one sequence whose mutants are to be predicted. Its graph is built for a batch of 1. */
export interface MutantSource {
  /** One-hot [1, length, 4]. */
  readonly input: Tensor
  /** Each [1, bins, tracks]. */
  readonly outputs: Readonly<Record<string, Tensor>>
  /** Bins that are asked for: positions start ≤ i < end of axis 1 of each output. */
  readonly bins: { readonly start: number; readonly end: number }
}

/** What holds whatever base is changed. */
export interface MutantAnalysis extends MutantSource {
  /** Nodes that the asked bins need, in order of evaluation. */
  readonly nodes: readonly Node[]
  /** Part of each tensor that the asked bins need; undefined: all of it. Absent: none. */
  readonly needed: ReadonlyMap<Tensor, Span | undefined>
  /** Tensors that depend on which base stands where. The others are the same for every sequence with the same unknown bases. */
  readonly dependent: ReadonlySet<Tensor>
}

export function analyseMutants(source: MutantSource): MutantAnalysis {
  const outputs = Object.values(source.outputs)
  const needed = new Map<Tensor, Span | undefined>()
  const ask = (tensor: Tensor, span: Span | undefined) => {
    const known = needed.get(tensor)
    if (!needed.has(tensor)) needed.set(tensor, span)
    else if (!known || !span || known.axis !== span.axis) needed.set(tensor, undefined)
    else needed.set(tensor, { axis: known.axis, start: Math.min(known.start, span.start), end: Math.max(known.end, span.end) }) // biome-ignore format: one thought
  }
  for (const output of outputs) ask(output, { axis: 1, ...source.bins })
  const live = liveNodes(outputs)
  for (const node of live.toReversed()) {
    const span = neededOf(node, needed)
    if (span === 'none') continue
    node.inputs.forEach((input, i) => {
      const read = span?.axis === undefined ? undefined : readBy(node, i, undefined, { ...span, axis: span.axis })
      if (!read || read.start < read.end) ask(input, read)
    })
  }
  const nodes = live.filter(node => node.outputs.some(tensor => needed.has(tensor)))
  // What only steady values read does not matter.
  const matters = new Set<Tensor>(outputs)
  for (const node of nodes.toReversed())
    if (node.outputs.some(tensor => matters.has(tensor)) && !isSteady(node, source.input))
      for (const input of node.inputs) matters.add(input)
  const dependent = new Set<Tensor>([source.input])
  for (const node of nodes)
    if (node.inputs.some(input => dependent.has(input)) && !isSteady(node, source.input))
      for (const tensor of node.outputs) if (matters.has(tensor)) dependent.add(tensor)
  return { ...source, nodes, needed, dependent }
}

/** The hull over the outputs of a node of what is needed of them; undefined: all. */
export function neededOf(node: Node, needed: ReadonlyMap<Tensor, Span | undefined>): Span | undefined | 'none' {
  const spans = node.outputs.filter(tensor => needed.has(tensor)).map(tensor => needed.get(tensor))
  const [first] = spans
  if (spans.length === 0) return 'none'
  if (!first || spans.some(span => span?.axis !== first.axis)) return undefined
  return { axis: first.axis, start: Math.min(...spans.map(s => s!.start)), end: Math.max(...spans.map(s => s!.end)) }
}

/**
 * Values that a change of one known base to another leaves as they are, though they are computed from the sequence: how many bases of
 * a stretch are known (a sum over whole rows of the one-hot sequence), and a comparison that no number passes.
 */
export function isSteady(node: Node, sequence: Tensor): boolean {
  if (isNever(node)) return true
  const [x] = node.inputs
  const source = x?.node.operation?.name === 'reshape' ? x.node.inputs[0] : x
  const axes = node.attributes['axes'] as readonly number[] | undefined
  return (
    node.operation?.name === 'reduceSum' &&
    source === sequence &&
    axes?.length === 1 &&
    axes[0] === x!.shape.length - 1 &&
    x!.shape.at(-1)! % 4 === 0
  )
}

/** x < -∞ */
export const isNever = (node: Node): boolean =>
  node.operation?.name === 'less' && node.inputs[1]!.node.leaf?.data?.[0] === Number.NEGATIVE_INFINITY

/** A span of a tensor that holds an axis: part of it, or all. */
export const spanOf = (
  tensor: Tensor,
  axis: number,
  span?: Span | undefined,
): { axis: number; start: number; end: number } =>
  // biome-ignore format: one line
  span ? { ...span, axis } : { axis, start: 0, end: tensor.shape[axis]! }

/** A name that does not depend on where in the sequence a base is changed. */
export const nameOf = (tensor: Tensor): string => `t${tensor.node.id}${tensor.index > 0 ? `.${tensor.index}` : ''}`
