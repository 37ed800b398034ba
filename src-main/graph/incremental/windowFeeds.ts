import type { Tensor } from '../graph.ts'
import type { AxisSpan } from './local.ts'
import { copySpan } from './slices.ts'
import type { Window, WindowFeed, WindowGraph } from './windows.ts'

type Numbers = Float32Array | Float64Array

/** Values of a reference tensor: a part of one axis, or all. */
export interface HeldTensor<A extends Numbers> {
  readonly span: AxisSpan
  readonly data: A
}

/** Positions of a window that lie in the sequence. */
export function spanOfWindow(tensor: Tensor, { axis, length }: Window, start: number): AxisSpan | undefined {
  const span = { axis, start: Math.max(0, start), end: Math.min(tensor.shape[axis]!, start + length) }
  return span.start < span.end ? span : undefined
}

/** Which part of reference tensors the feeds read for changes at positions start … end - 1. */
export function heldByWindows(
  graph: WindowGraph,
  { start, end }: { start: number; end: number },
): Map<Tensor, AxisSpan> {
  const held = new Map<Tensor, AxisSpan>()
  for (const feed of graph.feeds) {
    if (feed.kind !== 'reference') continue
    const { tensor, window } = feed
    const { axis } = window
    const from = Math.max(0, graph.startOf(window, start))
    const to = Math.min(tensor.shape[axis]!, graph.startOf(window, end - 1) + window.length)
    const known = held.get(tensor)
    if (from < to) held.set(tensor, { axis, start: Math.min(from, known?.start ?? from), end: Math.max(to, known?.end ?? to) }) // biome-ignore format: one line
  }
  return held
}

/** Writes what a feed holds for a change at `position` to `into`, which is all zeros. */
export function fillFeed<A extends Numbers>(
  graph: WindowGraph,
  feed: WindowFeed,
  position: number,
  held: (tensor: Tensor) => HeldTensor<A>,
  into: A,
): void {
  const { tensor } = feed
  switch (feed.kind) {
    case 'reference': {
      const { window, without } = feed
      const { axis, length } = window
      const start = graph.startOf(window, position)
      const span = spanOfWindow(tensor, window, start)
      if (!span) return
      const there = { axis, start, end: start + length }
      const { data, span: has } = held(tensor)
      const hole = without && spanOfWindow(tensor, without, graph.startOf(without, position))
      const parts = hole ? [{ start: span.start, end: Math.min(span.end, hole.start) }, { start: Math.max(span.start, hole.end), end: span.end }] : [span] // biome-ignore format: one line
      for (const part of parts) if (part.start < part.end) copySpan(data, has, into, there, part, tensor.shape)
      return
    }
    case 'inside': {
      const start = graph.startOf(feed.window, position)
      const span = spanOfWindow(tensor, feed.window, start)
      if (span) into.fill(1, span.start - start, span.end - start)
      return
    }
    case 'placing': {
      const { from, to } = feed
      const [first, target] = [graph.startOf(from, position), graph.startOf(to, position)]
      const span = spanOfWindow(tensor, from, first)
      for (let at = span?.start ?? 0; at < (span?.end ?? 0); at++) {
        const [row, column] = [at - first, at - target]
        if (column >= 0 && column < to.length)
          into[from.axis === 2 ? row * to.length + column : column * from.length + row] = 1
      }
    }
  }
}
