/** A stretch of one contig, 0-based half-open: `{ contig: 'chr1', start: 999, end: 2000 }` is shown as `chr1:1,000-2,000`. */
export interface Interval {
  readonly contig: string
  readonly start: number
  readonly end: number
}

export const lengthOf = (i: Interval): number => i.end - i.start

/** True when the two share at least one base. Touching intervals do not overlap. */
export const overlaps = (a: Interval, b: Interval): boolean =>
  a.contig === b.contig && a.start < b.end && b.start < a.end

export const contains = (i: Interval, contig: string, position: number): boolean =>
  i.contig === contig && position >= i.start && position < i.end

/** The shared part, or undefined when there is none. */
export function intersection(a: Interval, b: Interval): Interval | undefined {
  if (!overlaps(a, b)) return undefined
  return { contig: a.contig, start: Math.max(a.start, b.start), end: Math.min(a.end, b.end) }
}
