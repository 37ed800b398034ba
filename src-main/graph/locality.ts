import { WorkbenchError } from '../../src-shared/ipc/errors.ts'
import { liveNodes, type Node, type Tensor } from './graph.ts'
import type { Reach } from './operation.ts'

/**
 * Positions start ≤ i < end of one axis of a tensor. `axis` undefined: the tensor holds no sequence axis any more (it was
 * summed over or mixed), and all of it is meant.
 */
export interface Span {
  readonly axis: number | undefined
  readonly start: number
  readonly end: number
}

const whole: Span = { axis: undefined, start: 0, end: 1 }

/**
 * What a change of positions start … end - 1 of `axis` of `input` can reach: the span of every tensor that the outputs
 * need and that can change. Tensors that cannot change are absent. Spans are exact hulls, clipped at the ends of the
 * sequence: where windows reach, pools align and crops cut (Nair et al. 2022, fastISM; here from the operations' own
 * declarations).
 */
export function reachedSpans(
  outputs: readonly Tensor[],
  input: Tensor,
  at: { axis: number; start: number; end: number },
): Map<Tensor, Span> {
  checkSpan(input, at)
  const spans = new Map<Tensor, Span>([[input, at]])
  for (const node of liveNodes(outputs)) {
    if (!node.operation) continue
    let reached: Span | undefined
    let mixed = false
    node.inputs.forEach((source, i) => {
      const span = spans.get(source)
      if (!span) return
      const image = imageOf(node, i, source, span)
      if (image === undefined) return
      if (reached && reached.axis !== image.axis) mixed = true
      reached = reached
        ? { axis: reached.axis, start: Math.min(reached.start, image.start), end: Math.max(reached.end, image.end) }
        : image
    })
    if (!reached) continue
    for (const tensor of node.outputs) spans.set(tensor, mixed ? joined(node, tensor, spans) : fitted(tensor, reached))
  }
  return spans
}

/**
 * What positions start … end - 1 of `axis` of `output` need: the span of every tensor that they read. Positions that a
 * window would read beyond the ends are padding and are not part of a span. `inputAxis` is the sequence axis of `input`, its
 * longest one unless told.
 */
export function neededSpans(
  output: Tensor,
  input: Tensor,
  at: { axis: number; start: number; end: number },
  inputAxis?: number,
): Map<Tensor, Span> {
  checkSpan(output, at)
  const axes = sequenceAxes([output], input, inputAxis)
  const spans = new Map<Tensor, Span>([[output, at]])
  for (const node of liveNodes([output]).toReversed()) {
    if (!node.operation) continue
    const asked = node.outputs.flatMap(tensor => spans.get(tensor) ?? [])
    if (asked.length === 0) continue
    node.inputs.forEach((source, i) => {
      if (!axes.has(source)) return
      const axis = axes.get(source)
      const previous = spans.get(source)
      if (axis === undefined) {
        spans.set(source, whole)
        return
      }
      const length = source.shape[axis]!
      for (const span of asked) {
        const { axis: lands, reach } = node.operation!.locality(node, i, axis)
        const image =
          span.axis === undefined || lands !== span.axis ? { start: 0, end: length } : sourceOf(reach, span, length)
        if (image.end <= image.start) continue
        const before = spans.get(source) ?? previous
        spans.set(source, {
          axis,
          start: Math.min(before?.start ?? image.start, image.start),
          end: Math.max(before?.end ?? image.end, image.end),
        })
      }
    })
  }
  return spans
}

/** The axis of each tensor along which the sequence of `input` (its longest axis unless told) still lies. */
export function sequenceAxes(
  outputs: readonly Tensor[],
  input: Tensor,
  axis = sequenceAxisOf(input),
): Map<Tensor, number | undefined> {
  const axes = new Map<Tensor, number | undefined>([[input, axis]])
  for (const node of liveNodes(outputs)) {
    if (!node.operation) continue
    const landed = node.inputs.flatMap((source, i) => {
      if (!axes.has(source)) return []
      const from = axes.get(source)
      return [from === undefined ? undefined : node.operation!.locality(node, i, from).axis]
    })
    if (landed.length === 0) continue
    const known = [...new Set(landed.filter(value => value !== undefined))]
    // A residual sum of a local and a global part keeps the axis of the local one.
    for (const tensor of node.outputs) axes.set(tensor, known.length === 1 ? known[0] : undefined)
  }
  return axes
}

const sequenceAxisOf = (input: Tensor): number =>
  input.shape.reduce((longest, length, axis) => (length > input.shape[longest]! ? axis : longest), 0)

/** Where the positions of one input land in the outputs of a node; undefined: nowhere. */
export function imageOf(node: Node, index: number, source: Tensor, span: Span): Span | undefined {
  if (span.axis === undefined) return whole
  const { axis, reach } = node.operation!.locality(node, index, span.axis)
  if (axis === undefined) return whole
  const length = node.outputs[0]!.shape[axis]!
  const image = forward(reach, span, source.shape[span.axis]!)
  const start = Math.max(0, image.start)
  const end = Math.min(length, image.end)
  return start < end ? { axis, start, end } : undefined
}

function forward(reach: Reach, { start, end }: Span, length: number): { start: number; end: number } {
  switch (reach.kind) {
    case 'pointwise':
      return { start, end }
    case 'window':
      return { start: start - reach.right, end: end + reach.left }
    case 'pool':
      return { start: Math.floor(start / reach.size), end: Math.floor((end - 1) / reach.size) + 1 }
    case 'upsample':
      return { start: start * reach.factor, end: end * reach.factor }
    case 'shift':
      return { start: start - reach.offset, end: end - reach.offset }
    case 'stride':
      return {
        start: Math.ceil((start - reach.offset) / reach.step),
        end: Math.floor((end - 1 - reach.offset) / reach.step) + 1,
      }
    case 'global':
      return { start: 0, end: Math.max(length, Number.MAX_SAFE_INTEGER) }
  }
}

/** What part of an input of `length` positions is read by a part of the output, clipped at its ends; empty: only padding. */
export function sourceOf(reach: Reach, { start, end }: Span, length: number): { start: number; end: number } {
  const clip = (from: number, to: number) => ({ start: Math.max(0, from), end: Math.min(length, to) })
  switch (reach.kind) {
    case 'pointwise':
      return clip(start, end)
    case 'window':
      return clip(start - reach.left, end + reach.right)
    case 'pool':
      return clip(start * reach.size, end * reach.size)
    case 'upsample':
      return clip(Math.floor(start / reach.factor), Math.floor((end - 1) / reach.factor) + 1)
    case 'shift':
      return clip(start + reach.offset, end + reach.offset)
    case 'stride':
      return clip(start * reach.step + reach.offset, (end - 1) * reach.step + reach.offset + 1)
    case 'global':
      return { start: 0, end: length }
  }
}

/** A local and a global part meet: all positions of the axis of the local part, if it has one. */
function joined(node: Node, tensor: Tensor, spans: ReadonlyMap<Tensor, Span>): Span {
  const landed = node.inputs.flatMap((source, i) => {
    const span = spans.get(source)
    return span?.axis === undefined ? [] : (node.operation!.locality(node, i, span.axis).axis ?? [])
  })
  const known = [...new Set(landed)]
  const axis = known.length === 1 ? known[0] : undefined
  return axis === undefined ? whole : { axis, start: 0, end: tensor.shape[axis]! }
}

const fitted = (tensor: Tensor, span: Span): Span =>
  span.axis === undefined || span.axis >= tensor.shape.length
    ? whole
    : { ...span, end: Math.min(span.end, tensor.shape[span.axis]!) }

function checkSpan(tensor: Tensor, { axis, start, end }: { axis: number; start: number; end: number }): void {
  const length = tensor.shape[axis]
  if (length === undefined || !(start >= 0 && start < end && end <= length))
    throw new WorkbenchError(
      'bad-input',
      `positions ${start}..${end} do not lie in an axis of ${length ?? 'no'} positions`,
      'give a part of the axis',
    )
}
