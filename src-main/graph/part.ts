import { WorkbenchError } from '../../src-shared/ipc/errors.ts'
import type { Graph, Node, Tensor } from './graph.ts'
import { type Span, sourceOf } from './locality.ts'
import type { AxisReach } from './operation.ts'
import { concat } from './ops/concat.ts'
import { expand } from './ops/expand.ts'
import { reshape } from './ops/reshape.ts'
import { slice } from './ops/slice.ts'
import { type Shape, sameShape, showShape, sizeOf } from './types.ts'

/** What stands for an input of a node in another graph. */
export interface PartInput {
  readonly tensor: Tensor
  /** Which part of the sequence axis of the node's input it holds. Absent: all of it (a weight, a constant, the whole sequence). */
  readonly span?: Span | undefined
}

export interface PartOptions {
  /** Sequences side by side on axis 0 of the inputs that depend on them, where the node has one. Default 1. */
  readonly batch?: number
}

/**
 * Applies one node of a graph to a part of its sequence axis in another graph, and gives its outputs there: exactly the numbers that
 * the whole has in `output`, whatever lies outside. An input may hold more than the part reads (see `neededSpans`); it is cut. A
 * constant with positions of its own (a table added to the tokens) is given whole and is cut as well. `undefined` stands for an input
 * of which nothing is read (the other side of a join), and for `output`: all of it.
 * @throws WorkbenchError `unsupported` that names an operation which cannot be applied to a part, or not to several sequences;
 * `bad-model` when an input holds less than the part reads
 */
export function applyPart(
  target: Graph,
  node: Node,
  inputs: readonly (PartInput | undefined)[],
  output: Span | undefined,
  { batch = 1 }: PartOptions = {},
): readonly Tensor[] {
  const { operation } = node
  if (!operation) throw new TypeError('a leaf has no parts: give an input of the other graph')
  const refused = (why: string) =>
    new WorkbenchError('unsupported', `operation '${operation.name}' ${why}`, 'run the network on whole sequences')
  if (!operation.part) throw refused('cannot be applied to a part of a sequence')
  const whole = { inputs: node.inputs, outputs: node.outputs, attributes: node.attributes }
  const local = output?.axis === undefined ? undefined : { axis: output.axis, start: output.start, end: output.end }
  if (local && !inputs.some((input, i) => readBy(node, i, input?.span?.axis, local) !== undefined)) {
    // Nothing that it reads has this axis: all of it is made, and cut.
    const made = applyPart(target, node, inputs, undefined, { batch })
    return made.map((x, i) => {
      const length = node.outputs[i]!.shape[local.axis]!
      const several = sizeOf(x.shape) === batch * sizeOf(node.outputs[i]!.shape)
      return cutAxis(x, local.axis, local.start, local.end, length, several ? batch : 1)
    })
  }
  const spans: (Span | undefined)[] = []
  const batched: boolean[] = []
  const cut = inputs.map((input, i): Tensor | undefined => {
    spans.push(undefined)
    batched.push(false)
    if (!input) return undefined
    const source = node.inputs[i]!
    const read = local && readBy(node, i, input.span?.axis, local)
    const held = heldShape(source.shape, input.span)
    batched[i] = batch > 1 && sizeOf(input.tensor.shape) === batch * sizeOf(held)
    if (sizeOf(input.tensor.shape) !== sizeOf(held) && !batched[i])
      throw misfit(operation.name, `input ${i} is ${showShape(input.tensor.shape)}, expected ${showShape(held)}`)
    if (batched[i] && !keepsBatch(node, i)) throw refused('cannot be applied to several sequences at once')
    if (!read) {
      const { span } = input
      if (span?.axis !== undefined && (span.start > 0 || span.end < source.shape[span.axis]!))
        throw refused(`reads the whole sequence; positions ${span.start}..${span.end} do not suffice`)
      return input.tensor
    }
    if (read.start >= read.end) return undefined
    spans[i] = read
    const from = input.span?.start ?? 0
    const to = input.span?.end ?? source.shape[read.axis]!
    if (read.start < from || read.end > to)
      throw misfit(operation.name, `reads positions ${read.start}..${read.end}, given ${from}..${to}`)
    const [first, last] = [read.start - from, read.end - from]
    return cutAxis(input.tensor, read.axis, first, last, to - from, batched[i] ? batch : 1)
  })
  const several = batched.includes(true)
  const given = several ? cut.map((x, i) => (x && !batched[i] ? aligned(node, i, x, batch) : x)) : cut
  const all = batched.map((own, i) => own || (several && given[i] !== cut[i]))
  const ruled = operation.part({ target, whole, inputs: given, spans, output: local, batch, batched: all })
  const outputs = ruled === 'same' ? target.apply(operation, required(given, operation.name), node.attributes) : ruled
  outputs.forEach((tensor, i) => {
    const one = heldShape(node.outputs[i]!.shape, local)
    const expected = several ? [(one[0] ?? 1) * batch, ...one.slice(1)] : one
    if (!sameShape(tensor.shape, expected))
      throw refused(`gives ${showShape(tensor.shape)} of a part, not ${showShape(expected)}`)
  })
  return outputs
}

/**
 * What a part of the output reads of an input along the axis that lies there; undefined: no axis does, and all of it is read. `axis`:
 * the axis of the input, where it is known; empty: nothing but padding is read.
 */
export function readBy(
  node: Node,
  index: number,
  axis: number | undefined,
  output: { readonly axis: number; readonly start: number; readonly end: number },
): { axis: number; start: number; end: number } | undefined {
  const { shape } = node.inputs[index]!
  const lands = (a: number) => {
    const { axis: there, reach }: AxisReach = node.operation!.locality(node, index, a)
    return there === output.axis && reach.kind !== 'global' ? reach : undefined
  }
  // One position that is read everywhere (broadcast) is no axis; one that is joined to others is.
  const stretched = (a: number) => shape[a] === 1 && lands(a)?.kind === 'pointwise' && node.outputs[0]!.shape[output.axis] !== 1 // biome-ignore format: one line
  const along = axis ?? shape.findIndex((_, a) => lands(a) !== undefined && !stretched(a))
  const reach = along >= 0 ? lands(along) : undefined
  return reach && { axis: along, ...sourceOf(reach, output, shape[along]!) }
}

/** A tensor in the shape of the part that holds a span, for several sequences. */
export const partShape = (shape: Shape, span: Span | undefined, batch: number): number[] => {
  const one = heldShape(shape, span)
  return batch === 1 ? one : one.with(0, one[0]! * batch)
}

/** Sequences must stay apart, and outermost. */
function keepsBatch(node: Node, index: number): boolean {
  // Row-major order keeps the outermost axis outermost whatever the shape.
  if (node.operation!.name === 'reshape') return true
  const { axis, reach } = node.operation!.locality(node, index, 0)
  return axis === 0 && reach.kind === 'pointwise'
}

const heldShape = (shape: Shape, span: Span | undefined): number[] =>
  shape.map((length, a) => (span !== undefined && a === span.axis ? span.end - span.start : length))

/** Positions of an axis; on axis 0 of several sequences they lie apart by the length that each holds. */
function cutAxis(x: Tensor, axis: number, start: number, end: number, held: number, batch: number): Tensor {
  if (axis > 0 || batch === 1) return slice(x, axis, start, end)
  const rest = x.shape.slice(1)
  const apart = slice(reshape(x, [batch, held, ...rest]), 1, start, end)
  return reshape(apart, [batch * (end - start), ...rest])
}

/** Repeats one sequence for all where the operation takes elements of its inputs side by side and would not broadcast them. */
function aligned(node: Node, index: number, x: Tensor, batch: number): Tensor {
  const { name } = node.operation!
  const joins = name === 'concat' || name === 'interleave'
  if (x.shape.length !== node.outputs[0]!.shape.length || (x.shape[0] === 1 && !joins)) return x
  if (!keepsBatch(node, index) || name === 'matmul') return x
  return repeatSequence(x, batch)
}

/** One sequence for all of a batch, each behind the other on axis 0. */
export function repeatSequence(x: Tensor, batch: number): Tensor {
  if (batch === 1) return x
  const [rows, ...rest] = x.shape as readonly [number, ...number[]]
  return reshape(expand(reshape(x, [1, rows, ...rest]), [batch, rows, ...rest]), [batch * rows, ...rest])
}

/** Joins parts along an axis, each of which holds `batch` sequences. */
export function joinParts(parts: readonly Tensor[], axis: number, batch: number): Tensor {
  if (axis > 0 || batch === 1) return concat(parts, axis)
  const joined = concat(
    parts.map(x => reshape(x, [batch, x.shape[0]! / batch, ...x.shape.slice(1)])),
    1,
  )
  return reshape(joined, [batch * joined.shape[1]!, ...joined.shape.slice(2)])
}

function required(inputs: readonly (Tensor | undefined)[], name: string): readonly Tensor[] {
  const given = inputs.filter(x => x !== undefined)
  if (given.length < inputs.length) throw misfit(name, 'the part lies in the padding alone')
  return given
}

const misfit = (name: string, what: string): WorkbenchError =>
  new WorkbenchError(
    'bad-model',
    `${name}, applied to a part of a sequence: ${what}`,
    'check the spans that were given',
  )
