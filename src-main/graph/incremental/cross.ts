import type { Node, Tensor } from '../graph.ts'
import { add, concat, exp, log, matmul, mul, reduceMax, reduceSum, slice, softmax, sub } from '../ops.ts'
import { applyPart, type PartInput, repeatSequence } from '../part.ts'
import type { GlobalBuilder, MutantValue } from './global.ts'
import type { AxisSpan } from './local.ts'

/**
 * A matrix of which some rows and columns changed. `rows.tensor` holds the changed rows in full; `columns.tensor` the changed columns
 * of all rows, right in those rows only that did not change.
 */
export interface Cross {
  readonly rows: { readonly span: AxisSpan; readonly tensor: Tensor } | undefined
  readonly columns: { readonly axis: number; readonly span: AxisSpan; readonly tensor: Tensor }
}

/** a·b where rows of a and columns of b changed. Undefined: not of this form. */
export function crossOf(
  on: GlobalBuilder,
  node: Node,
  a: MutantValue | undefined,
  b: MutantValue | undefined,
): Cross | undefined {
  if (b?.kind !== 'part' || (a && a.kind !== 'part')) return undefined
  const [left, right] = node.inputs as readonly [Tensor, Tensor]
  const columns = node.operation!.locality(node, 1, b.span.axis)
  const last = node.outputs[0]!.shape.length - 1
  if (columns.axis !== last || columns.reach.kind !== 'pointwise') return undefined
  const rows = a && node.operation!.locality(node, 0, a.span.axis)
  if (rows && (rows.axis !== last - 1 || rows.reach.kind !== 'pointwise')) return undefined
  const { batch } = on.options
  const at = { ...b.span, axis: last }
  const changed = applyPart(on.graph, node, [on.same(left), { tensor: b.tensor, span: b.span }], at, { batch })
  if (!a) return { rows: undefined, columns: { axis: last, span: at, tensor: changed[0]! } }
  const across = { ...a.span, axis: last - 1 }
  const whole = applyPart(on.graph, node, [{ tensor: a.tensor, span: a.span }, on.input(right, undefined)], across, { batch }) // biome-ignore format: one thought
  return { rows: { span: across, tensor: whole[0]! }, columns: { axis: last, span: at, tensor: changed[0]! } }
}

const sameSpan = (a: AxisSpan, b: AxisSpan): boolean => a.axis === b.axis && a.start === b.start && a.end === b.end

/** An operation of each element alone on such matrices, changed rows, and the reference. Undefined: not of this form. */
export function joinElements(
  on: GlobalBuilder,
  node: Node,
  values: readonly (MutantValue | undefined)[],
): Cross | undefined {
  const [output] = node.outputs
  const rank = output!.shape.length
  const crosses = values.flatMap(v => (v?.kind === 'cross' ? [v.cross] : []))
  const { axis, span } = crosses[0]!.columns
  const rowSpans = values.flatMap(v => (v?.kind === 'cross' && v.cross.rows ? [v.cross.rows.span] : v?.kind === 'part' ? [v.span] : [])) // biome-ignore format: one thought
  const across = rowSpans[0]
  const fits =
    node.outputs.length === 1 &&
    crosses.every(c => sameSpan(c.columns.span, span)) &&
    rowSpans.every(s => s.axis === rank - 2 && sameSpan(s, across!)) &&
    values.every(v => !v || v.kind === 'cross' || v.kind === 'part') &&
    node.inputs.every((x, i) => !isMatrix(x, output!) || isElementwise(node, i, rank))
  // What broadcasts over the matrix must be the same in all of it.
  if (!fits || node.inputs.some((x, i) => !isMatrix(x, output!) && (values[i] || !isScalar(x)))) return undefined
  const { batch } = on.options
  const apply = (at: AxisSpan, pick: (value: MutantValue | undefined, x: Tensor) => PartInput) =>
    applyPart(on.graph, node, node.inputs.map((x, i) => pick(values[i], x)), at, { batch })[0]! // biome-ignore format: one line
  const columns = apply(span, (value, x) =>
    value?.kind === 'cross'
      ? { tensor: value.cross.columns.tensor, span }
      : isMatrix(x, output!)
        ? { tensor: on.sameIn(x, span), span }
        : on.same(x),
  )
  const rows =
    across &&
    apply(across, (value, x) =>
      value?.kind === 'cross' && value.cross.rows
        ? { tensor: value.cross.rows.tensor, span: across }
        : value?.kind === 'part'
          ? { tensor: value.tensor, span: across }
          : isMatrix(x, output!)
            ? { tensor: on.sameIn(x, across), span: across }
            : on.same(x),
    )
  // Columns that changed in rows that did not are not in the reference.
  if (rows && crosses.some(c => !c.rows)) return undefined
  return { rows: rows && across ? { span: across, tensor: rows } : undefined, columns: { axis, span, tensor: columns } }
}

const isMatrix = (x: Tensor, like: Tensor): boolean => x.shape.length === like.shape.length && x.shape.every((l, a) => l === like.shape[a]) // biome-ignore format: one line
const isScalar = (x: Tensor): boolean => x.shape.every(length => length === 1)
const isElementwise = (node: Node, input: number, rank: number): boolean =>
  [rank - 1, rank - 2].every(axis => {
    const there = node.operation!.locality(node, input, axis)
    return there.axis === axis && there.reach.kind === 'pointwise'
  })

/**
 * softmax(scores)·values where some keys changed, and their values: for each query, what it takes from the unchanged keys is known but
 * for its weight, e^(log Σ e^score). A softmax over that and the few changed keys gives all weights; no difference of large numbers is
 * taken (the rule by which parts of an attention are joined: Rabe and Staats 2021). Changed queries are computed in full. Undefined:
 * not of this form.
 */
export function mergedAttention(on: GlobalBuilder, node: Node, cross: Cross, shares: Node): Tensor | undefined {
  const [, memory] = node.inputs as readonly [Tensor, Tensor]
  const value = on.valueOf(memory)
  const { span } = cross.columns
  const rank = node.outputs[0]!.shape.length
  const keys = memory.shape.length - 2
  const total = memory.shape[keys]!
  const plain = !node.attributes['transposeA'] && !node.attributes['transposeB']
  const fits = value?.kind === 'part' && value.span.axis === keys && value.span.start === span.start && value.span.end === span.end // biome-ignore format: one line
  if (!plain || !fits || span.end - span.start >= total || memory.shape.length !== rank) return undefined
  const without = (x: Tensor, axis: number) =>
    concat([...(span.start > 0 ? [slice(x, axis, 0, span.start)] : []), ...(span.end < total ? [slice(x, axis, span.end, total)] : [])], axis) // biome-ignore format: one line
  const name = `${shares.id}.${node.id}`
  const scores = () => without(on.side.of(shares.inputs[0]!), rank - 1)
  const weight = on.fed(`${name}.weight`, undefined, () => {
    const top = reduceMax(scores(), -1, { keepAxes: true })
    return add(top, log(reduceSum(exp(sub(scores(), top)), -1, { keepAxes: true })))
  })
  const rest = on.fed(`${name}.rest`, undefined, () => matmul(softmax(scores()), without(on.side.of(memory), keys)))
  const all = softmax(concat([repeatSequence(weight, on.options.batch), cross.columns.tensor], rank - 1))
  const ofRest = slice(all, rank - 1, 0, 1)
  const ofChanged = slice(all, rank - 1, 1, 1 + span.end - span.start)
  const merged = add(mul(ofRest, rest), matmul(ofChanged, value.tensor))
  if (!cross.rows) return merged
  const { start, end } = cross.rows.span
  const count = merged.shape[rank - 2]!
  const changed = matmul(softmax(cross.rows.tensor), on.input(memory, undefined).tensor)
  const pieces = [changed]
  if (start > 0) pieces.unshift(slice(merged, rank - 2, 0, start))
  if (end < count) pieces.push(slice(merged, rank - 2, end, count))
  return concat(pieces, rank - 2)
}
