import { Graph, type Node, type Tensor } from '../graph.ts'
import { imageOf } from '../locality.ts'
import { add, gather, matmul, pad, reshape, slice, transpose } from '../ops.ts'
import { applyPart, joinParts, type PartInput, partShape, readBy, repeatSequence } from '../part.ts'
import { type MutantAnalysis, nameOf, neededOf } from './analysis.ts'
import { type Cross, crossOf, joinElements, mergedAttention } from './cross.ts'
import type { AxisSpan, LocalPlan } from './local.ts'
import { Rebuilder } from './rebuild.ts'

/** What a tensor of the source is for a mutant. */
export type MutantValue =
  /** Recomputed in a span of one axis; elsewhere as in the reference. */
  | { readonly kind: 'part'; readonly tensor: Tensor; readonly span: AxisSpan }
  /** Recomputed wherever it is needed. */
  | { readonly kind: 'full'; readonly tensor: Tensor; readonly span: AxisSpan | undefined }
  /** Scores of all pairs, of which some rows and columns changed; and the softmax of such scores along the columns. */
  | { readonly kind: 'cross'; readonly cross: Cross; readonly node: Node }
  | { readonly kind: 'shares'; readonly cross: Cross; readonly node: Node }

export interface GlobalGraph {
  /** Heads, [batch, asked bins, tracks]; a head that no change reaches is absent. */
  readonly outputs: Readonly<Record<string, Tensor>>
  /** What the graph is fed from the reference at every run: made by the outputs of `reference`, of the same names. */
  readonly reference: Readonly<Record<string, Tensor>>
  /**
   * Tensors that a dense layer flattens, and how many positions of each are given as their change (input `changeName`) with the rows
   * of the layer's weights that these positions have (input `rowsName`, one place for all mutants of a run).
   */
  readonly changes: ReadonlyMap<Tensor, number>
  /** Whether the changed parts are given as such (at the place that the plan says) or placed in whole tensors by the caller. */
  readonly placed: boolean
}

export interface GlobalOptions {
  readonly batch: number
  /** The caller puts the changed parts into whole tensors: one graph for every place. */
  readonly placed: boolean
  /** Positions of the changed part of each tensor of the frontier, if they are as many at every place. */
  readonly lengths?: ReadonlyMap<Tensor, number>
}

/** Change of a flattened tensor: [batch, positions · channels], position by position. */
export const changeName = (tensor: Tensor): string => `${nameOf(tensor)}.change`
/** Which positions these are: [positions] int32; the number of positions stands for one beyond the ends, whose change is 0. */
export const rowsName = (tensor: Tensor): string => `${nameOf(tensor)}.rows`

/** The part of a network that looks at the whole sequence, for `batch` mutants, from what the local part found. */
export function buildGlobal(analysis: MutantAnalysis, plan: LocalPlan, options: GlobalOptions): GlobalGraph {
  return new GlobalBuilder(analysis, plan, options).build()
}

export class GlobalBuilder {
  readonly graph: Graph
  /** Whole layers of the reference, from the tensors that the local part hands on: what is asked of them is computed once. */
  readonly side: Rebuilder
  readonly #own: Rebuilder
  readonly #reference: Record<string, Tensor> = {}
  readonly #fed = new Map<string, Tensor>()
  readonly #values = new Map<Tensor, MutantValue>()
  readonly #whole = new Map<Tensor, PartInput>()
  readonly #changes = new Map<Tensor, number>()
  /** Not needed any more. */
  readonly #settled = new Set<Tensor>()

  constructor(
    readonly analysis: MutantAnalysis,
    readonly plan: LocalPlan,
    readonly options: GlobalOptions,
  ) {
    const { float } = analysis.input.graph
    this.graph = new Graph({ float })
    this.side = new Rebuilder(new Graph({ float }), analysis, new Set([...plan.frontier.keys(), analysis.input]))
    this.#own = new Rebuilder(this.graph, analysis, this.side.bases)
  }

  build(): GlobalGraph {
    const { plan, options } = this
    for (const [tensor, span] of plan.frontier) {
      if (options.placed && this.#flattened(tensor)) continue
      const whole = options.placed ? undefined : span
      const given = this.graph.input(nameOf(tensor), partShape(tensor.shape, whole, options.batch), tensor.dtype)
      this.#values.set(tensor, options.placed ? { kind: 'full', tensor: given, span: undefined } : { kind: 'part', tensor: given, span }) // biome-ignore format: one thought
    }
    for (const node of this.analysis.nodes) {
      if (!node.operation || node.outputs.some(t => plan.spans.has(t) || this.#settled.has(t) || this.#values.has(t))) continue // biome-ignore format: one line
      if (!node.outputs.some(t => this.analysis.dependent.has(t)) || !node.inputs.some(x => this.#values.has(x)))
        continue
      this.#node(node)
    }
    const outputs: Record<string, Tensor> = {}
    for (const [name, tensor] of Object.entries(this.analysis.outputs)) {
      // What the local part alone changes is put into the reference by the caller.
      if (!this.#values.has(tensor) || plan.frontier.has(tensor)) continue
      const { start, end } = this.analysis.bins
      const held = this.input(tensor, { axis: 1, start, end })
      const from = held.span?.start ?? 0
      outputs[name] = slice(held.tensor, 1, start - from, end - from)
    }
    return { outputs, reference: this.#reference, changes: this.#changes, placed: options.placed }
  }

  /**
   * A tensor [1, channels, positions] that only a dense layer reads, flattened: what changed in a few positions goes through the rows of
   * the weights that belong to these, and is added to what the reference gives: W(x + Δ) = Wx + WΔ.
   */
  #flattened(tensor: Tensor): boolean {
    const count = this.options.lengths?.get(tensor)
    const [, channels, positions] = tensor.shape as readonly [number, number, number]
    const readers = (t: Tensor) => this.analysis.nodes.filter(node => node.inputs.includes(t))
    const [flatten, ...more] = readers(tensor)
    if (count === undefined || tensor.shape.length !== 3 || count * 2 > positions || more.length > 0 || flatten?.operation?.name !== 'reshape') return false // biome-ignore format: one thought
    const [flat] = flatten.outputs
    const [dense, ...others] = readers(flat!)
    if (flat!.shape.length !== 2 || flat!.shape[0] !== 1 || others.length > 0 || dense?.operation?.name !== 'gemm' || dense.inputs[0] !== flat) return false // biome-ignore format: one thought
    const [output] = dense.outputs
    const { batch } = this.options
    const width = output!.shape[1]!
    const weight = reshape(this.#own.of(dense.inputs[1]!), [width, channels, positions])
    const byPosition = pad(reshape(transpose(weight, [2, 1, 0]), [positions, channels * width]), 0, 0, 1)
    const rows = gather(byPosition, this.graph.input(rowsName(tensor), [count], 'int32'), 0)
    const change = this.graph.input(changeName(tensor), [batch, count * channels], tensor.dtype)
    const before = this.fed(nameOf(output!), output, () => this.side.of(output!))
    this.#values.set(output!, { kind: 'full', tensor: add(matmul(change, reshape(rows, [count * channels, width])), before), span: undefined }) // biome-ignore format: one thought
    for (const t of [tensor, flat!]) this.#settled.add(t)
    this.#changes.set(tensor, count)
    return true
  }

  #node(node: Node): void {
    const wanted = neededOf(node, this.analysis.needed)
    if (wanted === 'none') return
    const special = this.#special(node)
    if (special === 'same') return
    if (special) {
      for (const t of node.outputs) this.#values.set(t, special)
      return
    }
    const span = this.#partSpan(node)
    if (span === 'same') return
    const asked = span ?? (wanted?.axis === undefined ? undefined : { ...wanted, axis: wanted.axis })
    const outputs = this.#apply(node, asked)
    node.outputs.forEach((t, i) => {
      this.#values.set(t, { kind: span ? 'part' : 'full', tensor: outputs[i]!, span: asked } as MutantValue)
    })
  }

  /** Attention over keys of which a few changed. */
  #special(node: Node): MutantValue | 'same' | undefined {
    const values = node.inputs.map(x => this.#values.get(x))
    const [a, b] = values
    if (node.operation!.name === 'matmul') {
      if (a?.kind === 'shares') {
        const tensor = mergedAttention(this, node, a.cross, a.node)
        if (!tensor) return undefined
        return { kind: 'full', tensor, span: undefined }
      }
      if (a?.kind === 'cross' || b?.kind === 'cross' || b?.kind === 'shares') return undefined
      const cross = crossOf(this, node, a, b)
      return cross && { kind: 'cross', cross, node }
    }
    const crossed = values.some(v => v?.kind === 'cross')
    if (node.operation!.name === 'softmax' && a?.kind === 'cross' && a.cross.columns.axis === node.outputs[0]!.shape.length - 1) return { kind: 'shares', cross: a.cross, node } // biome-ignore format: one thought
    const joined = crossed ? joinElements(this, node, values) : undefined
    return joined && { kind: 'cross', cross: joined, node }
  }

  /** The span that changed parts of the inputs reach in the outputs, when they stay a part. */
  #partSpan(node: Node): AxisSpan | 'same' | undefined {
    const wanted = neededOf(node, this.analysis.needed)
    if (wanted === 'none' || !node.operation!.part) return undefined
    let hull: AxisSpan | undefined
    let read = false
    for (const [i, x] of node.inputs.entries()) {
      const value = this.#values.get(x)
      if (!value) continue
      if (value.kind !== 'part') {
        // A whole input of which the needed part reads nothing does not count.
        const part =
          wanted?.axis === undefined ? undefined : readBy(node, i, undefined, { ...wanted, axis: wanted.axis })
        if (part && part.start >= part.end) continue
        return undefined
      }
      const image = imageOf(node, i, x, value.span)
      if (!image) continue
      if (image.axis === undefined || (hull && hull.axis !== image.axis)) return undefined
      read = true
      hull = {
        axis: image.axis,
        start: Math.min(hull?.start ?? image.start, image.start),
        end: Math.max(hull?.end ?? image.end, image.end),
      }
    }
    if (!read || !hull) return 'same'
    if (wanted?.axis !== hull.axis) return hull
    const [start, end] = [Math.max(hull.start, wanted.start), Math.min(hull.end, wanted.end)]
    return start < end ? { axis: hull.axis, start, end } : 'same'
  }

  #apply(node: Node, asked: AxisSpan | undefined): readonly Tensor[] {
    const inputs = node.inputs.map((x, i) => {
      const axis = this.#axisOf(x)
      const read = asked && readBy(node, i, axis, asked)
      return read && read.start >= read.end ? undefined : this.input(x, read)
    })
    return applyPart(this.graph, node, inputs, asked, { batch: this.options.batch })
  }

  #axisOf(tensor: Tensor): number | undefined {
    const value = this.#values.get(tensor)
    return value?.kind === 'part' ? value.span.axis : value?.kind === 'full' ? value.span?.axis : undefined
  }

  valueOf(tensor: Tensor): MutantValue | undefined {
    return this.#values.get(tensor)
  }

  /** A tensor for the mutants, in `span` at least: what changed among what did not. */
  input(tensor: Tensor, span: AxisSpan | undefined): PartInput {
    const value = this.#values.get(tensor)
    if (!value) return this.same(tensor)
    switch (value.kind) {
      case 'full':
        return value
      case 'part':
        return this.#among(tensor, value.tensor, value.span, span)
      default: {
        const known = this.#whole.get(tensor)
        if (known) return known
        const made = { tensor: this.#apply(value.node, undefined)[tensor.index]! }
        this.#whole.set(tensor, made)
        return made
      }
    }
  }

  /** As in the reference. */
  same(tensor: Tensor): PartInput {
    if (this.#own.isCheap(tensor)) return { tensor: this.#own.of(tensor) }
    // Many slices of one tensor are fed once.
    const { node } = tensor
    if (node.operation?.name === 'slice') {
      const { axis, start, end, step } = node.attributes as { axis: number; start: number; end: number; step: number }
      return { tensor: slice(this.same(node.inputs[0]!).tensor, axis, start, end, step) }
    }
    return { tensor: this.fed(nameOf(tensor), tensor, () => this.side.of(tensor)) }
  }

  /** A part of the reference. */
  sameIn(tensor: Tensor, span: AxisSpan): Tensor {
    if (this.#own.isCheap(tensor)) return slice(this.#own.of(tensor), span.axis, span.start, span.end)
    const name = `${nameOf(tensor)}[${span.axis}:${span.start}-${span.end}]`
    return this.fed(name, undefined, () => slice(this.side.of(tensor), span.axis, span.start, span.end))
  }

  /** An input that is computed beside, once for the reference. */
  fed(name: string, _of: Tensor | undefined, make: () => Tensor): Tensor {
    const known = this.#fed.get(name)
    if (known) return known
    const made = make()
    const key = `ref.${name}`
    this.#reference[key] = made
    const given = this.graph.input(key, made.shape, made.dtype)
    this.#fed.set(name, given)
    return given
  }

  #among(tensor: Tensor, part: Tensor, at: AxisSpan, span: AxisSpan | undefined): PartInput {
    const length = tensor.shape[at.axis]!
    const same = span !== undefined && span.axis === at.axis
    const start = Math.min(at.start, same ? span.start : 0)
    const end = Math.max(at.end, same ? span.end : length)
    if (start === at.start && end === at.end) return { tensor: part, span: at }
    const whole = this.same(tensor).tensor
    const pieces = [part]
    const { batch } = this.options
    const around = (from: number, to: number) => repeatSequence(slice(whole, at.axis, from, to), batch)
    if (start < at.start) pieces.unshift(around(start, at.start))
    if (at.end < end) pieces.push(around(at.end, end))
    return { tensor: joinParts(pieces, at.axis, batch), span: { axis: at.axis, start, end } }
  }
}
