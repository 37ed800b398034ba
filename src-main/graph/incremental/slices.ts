import type { Shape } from '../types.ts'
import type { AxisSpan } from './local.ts'

/** Numbers of a tensor, of which an axis holds positions from `from` on. */
interface Run {
  /** Elements before the axis, and in each of its positions. */
  readonly outer: number
  readonly inner: number
}

function runOf(shape: Shape, axis: number): Run {
  let [outer, inner] = [1, 1]
  shape.forEach((length, a) => {
    if (a < axis) outer *= length
    if (a > axis) inner *= length
  })
  return { outer, inner }
}

/**
 * Copies positions `span` of a tensor of `shape` between an array that holds `held` of its axis and one that holds `into`.
 * Both spans are of the same axis and hold `span`.
 */
export function copySpan<A extends Float32Array | Float64Array>(
  from: A,
  held: AxisSpan,
  to: A,
  into: AxisSpan,
  span: { readonly start: number; readonly end: number },
  shape: Shape,
): void {
  const { outer, inner } = runOf(shape, held.axis)
  const count = (span.end - span.start) * inner
  const [stepFrom, stepTo] = [(held.end - held.start) * inner, (into.end - into.start) * inner]
  const [offsetFrom, offsetTo] = [(span.start - held.start) * inner, (span.start - into.start) * inner]
  for (let row = 0; row < outer; row++) {
    const at = row * stepFrom + offsetFrom
    to.set(from.subarray(at, at + count) as never, row * stepTo + offsetTo)
  }
}

/** Elements of a tensor of `shape` in a span of one axis. */
export const spanSize = (shape: Shape, span: AxisSpan | undefined): number =>
  shape.reduce((n, length, a) => n * (span && a === span.axis ? span.end - span.start : length), 1)
