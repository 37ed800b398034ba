/** A measured cost at a length; null where it did not fit or was too slow: more than anything that was measured. */
export interface CostAt {
  readonly x: number
  readonly cost: number | null
}

/**
 * From where on one form costs less than another, up to the largest x that both were tried at:
 * - at: from x on, by interpolation; between: somewhere in there, where one of the two had no cost. `only`: at no smaller x
 * - always, never: at every x that was measured
 * - not-at-the-end: at some, not at the largest
 * - unknown: fewer than two to compare
 */
export type Crossover =
  | { readonly kind: 'at'; readonly x: number; readonly only: boolean }
  | { readonly kind: 'between'; readonly low: number; readonly high: number; readonly only: boolean }
  | { readonly kind: 'always' | 'never' | 'not-at-the-end' | 'unknown' }

/**
 * The x from which `ours` is below `theirs`: between the last point where it is not and the next, log(theirs / ours) is taken to be linear
 * in log x. Points that neither could do, or only one was tried at, say nothing.
 */
export function crossover(ours: readonly CostAt[], theirs: readonly CostAt[]): Crossover {
  const gaps = ours
    .flatMap(({ x, cost }) => {
      const other = theirs.find(t => t.x === x)
      return other && (cost !== null || other.cost !== null) ? [{ x, gap: gapOf(cost, other.cost) }] : []
    })
    .sort((a, b) => a.x - b.x)
  const last = gaps.at(-1)
  if (!last || gaps.length < 2) return { kind: 'unknown' }
  if (last.gap <= 0) return { kind: gaps.some(g => g.gap > 0) ? 'not-at-the-end' : 'never' }
  const before = gaps.findLastIndex(g => g.gap <= 0)
  const [low, high] = [gaps[before], gaps[before + 1]]
  if (!low || !high) return { kind: 'always' }
  const only = gaps.slice(0, before + 1).every(g => g.gap <= 0)
  if (!Number.isFinite(low.gap) || !Number.isFinite(high.gap))
    return { kind: 'between', low: low.x, high: high.x, only }
  return { kind: 'at', x: interpolated(low.x, low.gap, high.x, high.gap, 0), only }
}

/** log(theirs / ours): above 0 where ours is less. */
function gapOf(ours: number | null, theirs: number | null): number {
  if (ours === null) return Number.NEGATIVE_INFINITY
  if (theirs === null) return Number.POSITIVE_INFINITY
  return Math.log(theirs / ours)
}

/** x at which y, linear in log x between two points, is `wanted`. */
function interpolated(x0: number, y0: number, x1: number, y1: number, wanted: number): number {
  const share = (wanted - y0) / (y1 - y0)
  return Math.exp(Math.log(x0) + share * (Math.log(x1) - Math.log(x0)))
}

/**
 * The x at which a rising cost reaches a limit, log cost linear in log x between two points; null where it does not within the points, or
 * is above it at the first.
 */
export function reaches(
  points: readonly { readonly x: number; readonly cost: number }[],
  limit: number,
): number | null {
  const sorted = points.toSorted((a, b) => a.x - b.x)
  const after = sorted.findIndex(p => p.cost > limit)
  const [low, high] = [sorted[after - 1], sorted[after]]
  if (!low || !high) return null
  return interpolated(low.x, Math.log(low.cost), high.x, Math.log(high.cost), Math.log(limit))
}

/** Of each of the layers that one network has more than another: (more - fewer) / difference. */
export const perLayer = (more: number, fewer: number, layers: number): number => (more - fewer) / layers
