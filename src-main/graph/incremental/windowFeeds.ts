import type { Tensor } from '../graph.ts'
import type { AxisSpan } from './local.ts'
import type { Window, WindowFeed, WindowGraph } from './windows.ts'

/** What the table of a reference tensor holds: positions from `start` on, `rows` of them, and a row of zeros. */
export interface TableSpan {
  readonly start: number
  readonly rows: number
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
export function fillFeed(
  graph: WindowGraph,
  feed: WindowFeed,
  position: number,
  tableOf: (tensor: Tensor) => TableSpan,
  into: { [index: number]: number },
): void {
  const { tensor } = feed
  switch (feed.kind) {
    case 'reference': {
      const { window, without } = feed
      const first = graph.startOf(window, position)
      const total = tensor.shape[window.axis]!
      const hole = without && graph.startOf(without, position)
      const { start, rows } = tableOf(tensor)
      for (let i = 0; i < window.length; i++) {
        const at = first + i
        const there = at >= 0 && at < total && !(hole !== undefined && at >= hole && at < hole + without!.length)
        into[i] = there ? at - start : rows
      }
      return
    }
    case 'inside': {
      const first = graph.startOf(feed.window, position)
      const total = tensor.shape[feed.window.axis]!
      for (let i = 0; i < feed.window.length; i++) into[i] = first + i >= 0 && first + i < total ? 1 : 0
      return
    }
    case 'placing': {
      const { from, to } = feed
      const [first, target] = [graph.startOf(from, position), graph.startOf(to, position)]
      const span = spanOfWindow(tensor, from, first)
      for (let at = span?.start ?? 0; at < (span?.end ?? 0); at++) {
        const [row, column] = [at - first, at - target]
        if (column >= 0 && column < to.length) into[from.axis === 2 ? row * to.length + column : column * from.length + row] = 1 // biome-ignore format: one line
      }
    }
  }
}
