import type { ColumnRange } from '../../../src-shared/report/pen.ts'

/** Fewer positions than this are not zoomed to. */
const NEAREST = 8

/** A view of whole positions inside the scan, at least NEAREST wide where there are so many. */
export function clampView(view: ColumnRange, positions: number): ColumnRange {
  const width = Math.min(positions, Math.max(Math.min(NEAREST, positions), Math.round(view.to - view.from)))
  const from = Math.min(Math.max(0, Math.round(view.from)), positions - width)
  return { from, to: from + width }
}

/** A view whose width is multiplied about a place that stays where it is. */
export function zoomView(view: ColumnRange, factor: number, at: number, positions: number): ColumnRange {
  const width = (view.to - view.from) * factor
  const share = (at - view.from) / (view.to - view.from)
  return clampView({ from: at - share * width, to: at + (1 - share) * width }, positions)
}
