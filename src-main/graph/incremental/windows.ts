import { Graph, type Node, type Tensor } from '../graph.ts'
import type { Reach } from '../operation.ts'
import { add, concat, gather, linear, matmul, mul, pad, reshape, slice, sub, transpose } from '../ops.ts'
import { applyPart, joinParts, type PartInput } from '../part.ts'
import { type MutantAnalysis, nameOf } from './analysis.ts'
import type { AxisSpan, LocalPlan } from './local.ts'
import { Rebuilder } from './rebuild.ts'

/**
 * Where a window of a layer begins for a change at some position: worked out from the window before it, layer by layer. Windows of one
 * origin lie at fixed distances from one another; pooling makes a new origin, since where a window falls in its pools differs.
 */
interface Place {
  readonly origin: number
  readonly shift: number
}

/** Positions of a layer that are recomputed, at every place of the sequence as many. */
export interface Window {
  readonly axis: number
  readonly length: number
  readonly place: Place
}

/** What a run is fed for each mutant, beside the mutant itself. */
export type WindowFeed =
  /** Rows of the table of a reference tensor that make a window; its last row, all zeros, stands beyond the ends and in `without`: [batch, length] int32. */
  | {
      readonly kind: 'reference'
      readonly name: string
      readonly tensor: Tensor
      readonly window: Window
      readonly without?: Window
    }
  /** 1 where a position of the window lies in the sequence, else 0: [batch, 1, length] or [batch, length, 1]. */
  | { readonly kind: 'inside'; readonly name: string; readonly tensor: Tensor; readonly window: Window }
  /** 1 where position (row) of window `from` is position (column) of window `to`: [batch, from, to], or turned for axis 1. */
  | {
      readonly kind: 'placing'
      readonly name: string
      readonly tensor: Tensor
      readonly from: Window
      readonly to: Window
    }

export interface WindowGraph {
  readonly outputs: Readonly<Record<string, Tensor>>
  readonly feeds: readonly WindowFeed[]
  /** Reference tensors that are read, as tables [positions held + 1, channels] under the name of `tableName`, and their sequence axis. */
  readonly tables: ReadonlyMap<Tensor, number>
  /** Windows of what the rest of the network reads. */
  readonly frontier: ReadonlyMap<Tensor, Window>
  /** First position of a window for a change at `position`. It may lie beyond an end. */
  startOf(window: Window, position: number): number
}

type Step = { readonly from: Place; readonly divide: number; readonly multiply: number }

/**
 * The local part of a network as one graph for every position: each layer is recomputed in a window of fixed length, whose place is
 * data. Convolutions take the change of their input and add it to the reference: W(x + Δ) = Wx + WΔ, which loses no more than the sum
 * over all inputs would. Undefined where a layer is not of a form that has such windows; `buildLocal` takes any.
 */
export function buildWindows(
  analysis: MutantAnalysis,
  plan: LocalPlan,
  batch: number,
  /** Positions of a reference tensor that its table holds; default: all. */
  rowsOf: (tensor: Tensor, axis: number) => number = (tensor, axis) => tensor.shape[axis]!,
): WindowGraph | undefined {
  return new WindowBuilder(analysis, plan, batch, rowsOf).build()
}

export const tableName = (tensor: Tensor): string => `${nameOf(tensor)}.table`

class WindowBuilder {
  readonly #graph: Graph
  readonly #rebuild: Rebuilder
  readonly #windows = new Map<Tensor, Window>()
  readonly #parts = new Map<Tensor, Tensor>()
  readonly #feeds = new Map<string, WindowFeed>()
  readonly #tables = new Map<Tensor, number>()
  /** How each origin is found from the one before; the first is the position itself. */
  readonly #steps: (Step | undefined)[] = [undefined]

  constructor(
    readonly analysis: MutantAnalysis,
    readonly plan: LocalPlan,
    readonly batch: number,
    readonly rowsOf: (tensor: Tensor, axis: number) => number,
  ) {
    this.#graph = new Graph({ float: analysis.input.graph.float })
    this.#rebuild = new Rebuilder(this.#graph, analysis)
  }

  build(): WindowGraph | undefined {
    const { analysis, plan, batch } = this
    const { input } = analysis
    this.#windows.set(input, { axis: 1, length: 1, place: { origin: 0, shift: 0 } })
    this.#parts.set(input, this.#graph.input('mutant', [batch, 1, 4], input.dtype))
    for (const node of analysis.nodes) {
      if (!node.operation || !node.outputs.some(t => plan.spans.has(t))) continue
      if (!this.#node(node)) return undefined
    }
    const outputs: Record<string, Tensor> = {}
    const frontier = new Map<Tensor, Window>()
    for (const tensor of plan.frontier.keys()) {
      outputs[nameOf(tensor)] = this.#parts.get(tensor)!
      frontier.set(tensor, this.#windows.get(tensor)!)
    }
    const steps = this.#steps
    const originAt = (origin: number, position: number): number => {
      const step = steps[origin]
      return step ? Math.floor(((originAt(step.from.origin, position) + step.from.shift) * step.multiply) / step.divide) : position // biome-ignore format: one line
    }
    return {
      outputs,
      frontier,
      feeds: [...this.#feeds.values()],
      tables: this.#tables,
      startOf: ({ place }, position) => originAt(place.origin, position) + place.shift,
    }
  }

  /** False: not of a form that has windows. */
  #node(node: Node): boolean {
    const spans = node.inputs.map(x => this.#windows.get(x))
    const images = spans.map((window, i) => window && this.#image(node, i, window))
    if (images.includes('none')) return false
    const windows = images.filter((w): w is Window => w !== undefined && w !== 'none')
    const [first] = windows
    if (!first || node.outputs.some(t => t.shape.length !== 3 || t.shape[0] !== 1)) return false
    // Inputs whose windows lie otherwise would need a hull that depends on the place.
    if (windows.some(w => w.axis !== first.axis || w.place.origin !== first.place.origin)) return false
    const start = Math.min(...windows.map(w => w.place.shift))
    const end = Math.max(...windows.map(w => w.place.shift + w.length))
    const out: Window = { axis: first.axis, length: end - start, place: { origin: first.place.origin, shift: start } }
    if (out.axis === 0) return false
    const made = this.#convolved(node, out) ?? this.#applied(node, out)
    if (!made) return false
    node.outputs.forEach((t, i) => {
      this.#windows.set(t, out)
      this.#parts.set(t, made[i]!)
    })
    return true
  }

  #image(node: Node, input: number, window: Window): Window | 'none' {
    const { axis, reach }: { axis: number | undefined; reach: Reach } = node.operation!.locality(
      node,
      input,
      window.axis,
    )
    if (axis === undefined) return 'none'
    const { length, place } = window
    const moved = (shift: number) => ({ ...place, shift: place.shift + shift })
    switch (reach.kind) {
      case 'pointwise':
        return { axis, length, place }
      case 'window':
        return { axis, length: length + reach.left + reach.right, place: moved(-reach.right) }
      case 'shift':
        return { axis, length, place: moved(-reach.offset) }
      case 'pool': {
        const origin = this.#origin({ from: place, divide: reach.size, multiply: 1 })
        return { axis, length: Math.floor((length + reach.size - 2) / reach.size) + 1, place: { origin, shift: 0 } }
      }
      default:
        return 'none'
    }
  }

  #origin(step: Step): number {
    const same = (s: Step | undefined) => s && s.from.origin === step.from.origin && s.from.shift === step.from.shift && s.divide === step.divide && s.multiply === step.multiply // biome-ignore format: one line
    const known = this.#steps.findIndex(same)
    return known >= 0 ? known : this.#steps.push(step) - 1
  }

  /** What a window of the output reads of an input. */
  #read(node: Node, input: number, axis: number, out: Window): Window | undefined {
    const { axis: lands, reach } = node.operation!.locality(node, input, axis)
    if (lands !== out.axis) return undefined
    const { length, place } = out
    const moved = (shift: number) => ({ ...place, shift: place.shift + shift })
    switch (reach.kind) {
      case 'pointwise':
        return { axis, length, place }
      case 'window':
        return { axis, length: length + reach.left + reach.right, place: moved(-reach.left) }
      case 'shift':
        return { axis, length, place: moved(reach.offset) }
      case 'pool':
        return { axis, length: length * reach.size, place: { origin: this.#origin({ from: place, divide: 1, multiply: reach.size }), shift: 0 } } // biome-ignore format: one line
      default:
        return undefined
    }
  }

  /** The operation's own rule, somewhere inside the sequence: nothing there is padding. */
  #applied(node: Node, out: Window): readonly Tensor[] | undefined {
    const inside = (tensor: Tensor, { axis, length }: Window, start: number): AxisSpan | undefined =>
      start >= 0 && start + length <= tensor.shape[axis]! ? { axis, start, end: start + length } : undefined
    const [output] = node.outputs
    // A start that every pool divides, in the middle.
    const from = Math.floor((output!.shape[out.axis]! - out.length) / 2)
    const asked = inside(output!, out, from)
    if (!asked) return undefined
    const inputs: PartInput[] = []
    for (const [i, x] of node.inputs.entries()) {
      if (!this.analysis.dependent.has(x)) {
        if (x.shape.length === output!.shape.length && x.shape[out.axis] === output!.shape[out.axis] && node.operation!.locality(node, i, out.axis).axis === out.axis) return undefined // biome-ignore format: one line
        inputs.push({ tensor: this.#rebuild.of(x) })
        continue
      }
      const axis = this.#windows.get(x)?.axis ?? out.axis
      const read = this.#read(node, i, axis, out)
      const span = read && inside(x, read, startOfRead(node, i, axis, from))
      const tensor = read && this.#surrounded(x, read)
      if (!span || !tensor) return undefined
      inputs.push({ tensor, span })
    }
    return applyPart(this.#graph, node, inputs, asked, { batch: this.batch })
  }

  /** A window of an input: what was recomputed, in its place among the reference. */
  #surrounded(tensor: Tensor, window: Window): Tensor | undefined {
    const part = this.#parts.get(tensor)
    if (tensor.shape.length !== 3 || tensor.shape[0] !== 1) return undefined
    if (!part) return this.#picked(`${nameOf(tensor)}.all`, tensor, window)
    const own = this.#windows.get(tensor)!
    if (own.place.origin !== window.place.origin) {
      const around = this.#picked(`${nameOf(tensor)}.around.${keyOf(window)}`, tensor, window, own)
      const placing = this.#fed({ kind: 'placing', name: `${nameOf(tensor)}.placing.${keyOf(window)}`, tensor, from: own, to: window }) // biome-ignore format: one line
      return add(around, own.axis === 2 ? matmul(part, placing) : matmul(placing, part))
    }
    const [before, after] = [own.place.shift - window.place.shift, window.length - own.length - (own.place.shift - window.place.shift)] // biome-ignore format: one line
    if (before === 0 && after === 0) return part
    if (before * after < 0) return undefined
    if (before < 0 || after < 0) return slice(part, own.axis, -before, -before + window.length)
    const side = (name: string, shift: number, length: number) =>
      this.#picked(`${nameOf(tensor)}.${name}${length}`, tensor, {
        axis: own.axis,
        length,
        place: { ...own.place, shift },
      })
    const pieces = [this.#inSequence(tensor, part)]
    if (before > 0) pieces.unshift(side('left', window.place.shift, before))
    if (after > 0) pieces.push(side('right', own.place.shift + own.length, after))
    return joinParts(pieces, own.axis, this.batch)
  }

  /** Zeros beyond the ends, as a convolution pads them. */
  #inSequence(tensor: Tensor, part: Tensor): Tensor {
    const window = this.#windows.get(tensor)!
    return mul(part, this.#fed({ kind: 'inside', name: `${nameOf(tensor)}.inside`, tensor, window }))
  }

  /** A dense convolution of several positions: only the change of its input goes through it. */
  #convolved(node: Node, out: Window): readonly Tensor[] | undefined {
    const [x, weight] = node.inputs as readonly [Tensor, Tensor]
    if (node.operation!.name !== 'conv1d' || out.axis !== 2 || node.attributes['groups'] !== 1) return undefined
    const [filters, channels, kernel] = weight.shape as readonly [number, number, number]
    const own = this.#windows.get(x)
    const part = this.#parts.get(x)
    if (kernel === 1 || !own || !part || this.analysis.dependent.has(weight) || x.shape.length !== 3) return undefined
    const dilation = node.attributes['dilation'] as number
    const { batch } = this
    const before = this.#rows(`${nameOf(x)}.before`, x, own)
    const mask = this.#fed({ kind: 'inside', name: `${nameOf(x)}.inside`, tensor: x, window: own })
    const inside = reshape(mask, [batch, own.length, 1])
    const change = mul(sub(transpose(part, [0, 2, 1]), before), inside)
    const rows = reshape(change, [batch * own.length, channels])
    // Tap t of the input at i adds to the output at i + (kernel - 1 - t)·dilation of the window.
    const taps = this.#rebuild.of(weight)
    const turned = concat(Array.from({ length: kernel }, (_, t) => slice(taps, 2, kernel - 1 - t, kernel - t)), 2) // biome-ignore format: one line
    const matrix = reshape(transpose(turned, [2, 0, 1]), [kernel * filters, channels])
    const each = reshape(linear(rows, matrix), [batch, own.length, kernel, filters])
    const sum = dilation === 1 && own.length <= kernel ? this.#byInput(each, out.length) : this.#byTap(each, dilation, out.length) // biome-ignore format: one line
    const after = this.#rows(`${nameOf(node.outputs[0]!)}.before`, node.outputs[0]!, out)
    return [transpose(add(after, sum), [0, 2, 1])]
  }

  /** [batch, inputs, kernel, filters] -> [batch, out, filters]: input i adds to outputs i … i + kernel - 1. */
  #byInput(each: Tensor, length: number): Tensor {
    const [batch, inputs, kernel, filters] = each.shape as readonly [number, number, number, number]
    const rows = Array.from({ length: inputs }, (_, i) =>
      pad(reshape(slice(each, 1, i, i + 1), [batch, kernel, filters]), 1, i, length - kernel - i),
    )
    return rows.reduce((sum, row) => add(sum, row))
  }

  #byTap(each: Tensor, dilation: number, length: number): Tensor {
    const [batch, inputs, kernel, filters] = each.shape as readonly [number, number, number, number]
    const rows = Array.from({ length: kernel }, (_, t) =>
      pad(reshape(slice(each, 2, t, t + 1), [batch, inputs, filters]), 1, t * dilation, length - inputs - t * dilation),
    )
    return rows.reduce((sum, row) => add(sum, row))
  }

  /** A window of a reference tensor, in its own layout. */
  #picked(name: string, tensor: Tensor, window: Window, without?: Window): Tensor {
    const rows = this.#rows(name, tensor, window, without)
    return window.axis === 2 ? transpose(rows, [0, 2, 1]) : rows
  }

  /** A window of a reference tensor, position by position: [batch, length, channels]. */
  #rows(name: string, tensor: Tensor, window: Window, without?: Window): Tensor {
    const { axis } = window
    this.#tables.set(tensor, axis)
    const shape = [this.rowsOf(tensor, axis) + 1, tensor.shape[3 - axis]!]
    const table = this.#graph.input(tableName(tensor), shape, tensor.dtype)
    return gather(table, this.#fed({ kind: 'reference', name, tensor, window, ...(without ? { without } : {}) }), 0)
  }

  #fed(feed: WindowFeed): Tensor {
    this.#feeds.set(feed.name, feed)
    return this.#graph.input(
      feed.name,
      feedShape(feed, this.batch),
      feed.kind === 'reference' ? 'int32' : feed.tensor.dtype,
    )
  }
}

/** The shape of a feed for a batch. */
export function feedShape(feed: WindowFeed, batch: number): readonly number[] {
  switch (feed.kind) {
    case 'reference':
      return [batch, feed.window.length]
    case 'inside':
      return [batch, 1, 1].with(feed.window.axis, feed.window.length)
    case 'placing':
      return feed.from.axis === 2
        ? [batch, feed.from.length, feed.to.length]
        : [batch, feed.to.length, feed.from.length]
  }
}

const keyOf = ({ length, place }: Window): string => `${place.origin}.${place.shift}.${length}`

/** First position that an output position reads. */
function startOfRead(node: Node, input: number, axis: number, start: number): number {
  const { reach } = node.operation!.locality(node, input, axis)
  if (reach.kind === 'window') return start - reach.left
  if (reach.kind === 'shift') return start + reach.offset
  return reach.kind === 'pool' ? start * reach.size : start
}
