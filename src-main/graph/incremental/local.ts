import { Graph, type Node, type Tensor } from '../graph.ts'
import { imageOf, type Span } from '../locality.ts'
import { applyPart, joinParts, type PartInput, partShape, readBy } from '../part.ts'
import { type MutantAnalysis, nameOf, neededOf } from './analysis.ts'
import { Rebuilder } from './rebuild.ts'

/** Part of an axis that has a place. */
export interface AxisSpan {
  readonly axis: number
  readonly start: number
  readonly end: number
}

/** What a graph is fed from the reference: the span of a tensor of the source. */
export interface Context {
  readonly name: string
  readonly tensor: Tensor
  readonly span: AxisSpan | undefined
}

/** The local part of a network around changed bases. */
export interface LocalPlan {
  /** Which tensors a change reaches before anything looks at the whole sequence, and how far. */
  readonly spans: ReadonlyMap<Tensor, AxisSpan>
  /** Those of them that the rest of the network reads. */
  readonly frontier: ReadonlyMap<Tensor, AxisSpan>
}

/**
 * How far a change of the bases start … end - 1 reaches layer by layer, as long as it stays a part of the layer. Hulls: a maximum may
 * hide a change.
 */
export function planLocal(analysis: MutantAnalysis, at: { start: number; end: number }): LocalPlan {
  const { input, nodes, dependent, needed } = analysis
  const reached = new Map<Tensor, AxisSpan>([[input, { axis: 1, start: at.start, end: at.end }]])
  const beyond = new Set<Tensor>()
  const readFar = new Set<Tensor>()
  for (const node of nodes) {
    if (!node.operation || !node.outputs.some(t => dependent.has(t))) continue
    const span = node.inputs.some(x => beyond.has(x)) ? 'far' : imageIn(node, reached, needed)
    if (span === undefined) continue
    if (span === 'far') {
      for (const t of node.outputs) beyond.add(t)
      for (const x of node.inputs) if (reached.has(x)) readFar.add(x)
    } else for (const t of node.outputs) if (needed.has(t)) reached.set(t, span)
  }
  for (const output of Object.values(analysis.outputs)) if (reached.has(output)) readFar.add(output)
  // What lies behind the first look at the whole sequence belongs to the global part, though it may be a part of its layer.
  const spans = new Map<Tensor, AxisSpan>([[input, reached.get(input)!]])
  const frontier = new Map<Tensor, AxisSpan>()
  const behind = new Set<Tensor>()
  for (const node of nodes) {
    const own = node.inputs.some(x => reached.has(x) || beyond.has(x))
    if (!node.operation || !own || !node.outputs.some(t => reached.has(t) || beyond.has(t))) continue
    const far = node.inputs.some(x => behind.has(x) || beyond.has(x) || readFar.has(x)) || node.outputs.some(t => beyond.has(t)) // biome-ignore format: one line
    if (far) {
      for (const t of node.outputs) behind.add(t)
      for (const x of node.inputs) if (spans.has(x)) frontier.set(x, spans.get(x)!)
    } else for (const t of node.outputs) if (reached.has(t)) spans.set(t, reached.get(t)!)
  }
  for (const output of Object.values(analysis.outputs)) {
    const span = spans.get(output)
    if (span) frontier.set(output, span)
  }
  return { spans, frontier }
}

/** Where a node's reached inputs land; 'far': not in a part of one axis; undefined: nowhere that is needed. */
function imageIn(
  node: Node,
  reached: ReadonlyMap<Tensor, AxisSpan>,
  needed: ReadonlyMap<Tensor, Span | undefined>,
): AxisSpan | 'far' | undefined {
  const wanted = neededOf(node, needed)
  if (wanted === 'none') return undefined
  let hull: AxisSpan | undefined
  for (const [i, source] of node.inputs.entries()) {
    const span = reached.get(source)
    const image = span && imageOf(node, i, source, span)
    if (!image) continue
    if (image.axis === undefined || (hull && hull.axis !== image.axis)) return 'far'
    const { axis, start, end } = image
    hull = hull ? { axis, start: Math.min(hull.start, start), end: Math.max(hull.end, end) } : { axis, start, end }
  }
  if (!hull) return undefined
  if (!node.operation!.part) return 'far'
  if (wanted?.axis !== hull.axis) return hull
  const [start, end] = [Math.max(hull.start, wanted.start), Math.min(hull.end, wanted.end)]
  return start < end ? { axis: hull.axis, start, end } : undefined
}

export interface LocalGraph {
  /** Recomputed parts by the name of their tensor. */
  readonly outputs: Readonly<Record<string, Tensor>>
  /** What the graph is fed from the reference, each sequence for itself: [batch · …]. */
  readonly contexts: readonly Context[]
  /** Input `mutant`: these positions of each mutant, one-hot [batch, positions, 4]. */
  readonly mutant: AxisSpan
}

/** Which parts of reference tensors a plan reads beside what it recomputes: of several plans, the hull is what a cache must hold. */
export function contextsOf(analysis: MutantAnalysis, plan: LocalPlan): Map<Tensor, AxisSpan | undefined> {
  const { spans } = plan
  const held = new Map<Tensor, AxisSpan | undefined>()
  for (const node of analysis.nodes) {
    const output = node.operation && node.outputs.map(t => spans.get(t)).find(s => s)
    if (!output) continue
    node.inputs.forEach((x, i) => {
      if (!analysis.dependent.has(x)) return
      const read = readBy(node, i, spans.get(x)?.axis, output)
      const known = held.get(x)
      if (!read) held.set(x, undefined)
      else if (read.start < read.end && !(held.has(x) && !known))
        held.set(x, known ? { axis: read.axis, start: Math.min(known.start, read.start), end: Math.max(known.end, read.end) } : read) // biome-ignore format: one thought
    })
  }
  return held
}

/** What the graph of a plan is fed from the reference: neighbours of the recomputed parts, and what it reads besides. */
export function contextList(analysis: MutantAnalysis, plan: LocalPlan): readonly Context[] {
  const list: Context[] = []
  for (const [tensor, wide] of contextsOf(analysis, plan)) {
    const span = plan.spans.get(tensor)
    if (!span) {
      list.push({ name: `${nameOf(tensor)}.all`, tensor, span: wide })
      continue
    }
    const { axis, start, end } = wide ?? { axis: span.axis, start: 0, end: tensor.shape[span.axis]! }
    if (start < span.start)
      list.push({ name: `${nameOf(tensor)}.left`, tensor, span: { axis, start, end: span.start } })
    if (span.end < end) list.push({ name: `${nameOf(tensor)}.right`, tensor, span: { axis, start: span.end, end } })
  }
  return list
}

/** Places of plans of the same shape differ by a shift along the sequence: they have the same graph. */
export function shapeOfPlan(plan: LocalPlan, contexts: readonly Context[]): string {
  const parts = [...plan.spans].map(([t, { axis, start, end }]) => `${t.id}:${axis}:${end - start}`)
  const around = contexts.map(({ name, span }) => `${name}:${span ? span.end - span.start : ''}`)
  return [...parts, ...around, ...[...plan.frontier.keys()].map(t => t.id)].join(' ')
}

/** The graph that recomputes what `plan` reaches, for `batch` mutants at once, each with its own surroundings. */
export function buildLocal(analysis: MutantAnalysis, plan: LocalPlan, batch: number): LocalGraph {
  const { spans } = plan
  const graph = new Graph({ float: analysis.input.graph.float })
  const rebuild = new Rebuilder(graph, analysis)
  const contexts = contextList(analysis, plan)
  const byName = new Map(contexts.map(context => [context.name, context]))
  const fromReference = ({ name, tensor, span }: Context): Tensor =>
    graph.input(name, partShape(tensor.shape, span, batch), tensor.dtype)
  const given = new Map<Tensor, PartInput>()
  /** With its neighbours from the reference, as far as anything reads them. */
  const surrounded = (tensor: Tensor, part: Tensor, span: AxisSpan): PartInput => {
    const left = byName.get(`${nameOf(tensor)}.left`)
    const right = byName.get(`${nameOf(tensor)}.right`)
    const pieces = [...(left ? [fromReference(left)] : []), part, ...(right ? [fromReference(right)] : [])]
    const [start, end] = [left?.span?.start ?? span.start, right?.span?.end ?? span.end]
    return { tensor: joinParts(pieces, span.axis, batch), span: { axis: span.axis, start, end } }
  }
  const inputOf = (tensor: Tensor): PartInput => {
    const known = given.get(tensor)
    if (known) return known
    const all = byName.get(`${nameOf(tensor)}.all`)
    const made = all ? { tensor: fromReference(all), span: all.span } : { tensor: rebuild.constant(tensor) }
    given.set(tensor, made)
    return made
  }
  const mutant = spans.get(analysis.input)!
  const outputs: Record<string, Tensor> = {}
  const put = (tensor: Tensor, part: Tensor, span: AxisSpan) => {
    if (plan.frontier.has(tensor)) outputs[nameOf(tensor)] = part
    given.set(tensor, surrounded(tensor, part, span))
  }
  put(analysis.input, graph.input('mutant', partShape(analysis.input.shape, mutant, batch)), mutant)
  for (const node of analysis.nodes) {
    const span = node.operation && node.outputs.map(t => spans.get(t)).find(s => s)
    if (!span) continue
    const inputs = node.inputs.map((x, i) => {
      const read = readBy(node, i, spans.get(x)?.axis, span)
      return read && read.start >= read.end ? undefined : inputOf(x)
    })
    const parts = applyPart(graph, node, inputs, span, { batch })
    node.outputs.forEach((t, i) => {
      if (spans.has(t)) put(t, parts[i]!, span)
    })
  }
  return { outputs, contexts, mutant }
}
