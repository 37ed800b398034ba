import type { ScanVerification } from '../../src-shared/genome/scan.ts'
import { seededRandom } from '../../src-shared/random.ts'
import { spearman } from '../domain/statistics/spearman.ts'

/** Differences are put in relation to at least this share of the scan's largest effect: tiny effects have no relative meaning. */
const FLOOR = 1e-3

/** How effects agree with those of full forward passes. `largest`: the largest magnitude of the whole scan. */
export function compareEffects(
  effects: ArrayLike<number>,
  naive: ArrayLike<number>,
  largest: number,
  cells: number,
): ScanVerification {
  let maxDifference = 0
  let maxRelative = 0
  for (let i = 0; i < naive.length; i++) {
    const difference = Math.abs(effects[i]! - naive[i]!)
    const size = Math.max(Math.abs(naive[i]!), FLOOR * largest)
    // Not `>`: a NaN must not pass for agreement.
    if (!(difference <= maxDifference)) maxDifference = difference
    if (difference !== 0 && !(difference / size <= maxRelative)) maxRelative = difference / size
  }
  return { cells, maxDifference, maxRelative, spearman: spearman(effects, naive) ?? null }
}

/** Some of a list, each as likely as any other, in the list's order; the same for the same seed. */
export function sampleOf<T>(list: readonly T[], count: number, seed: number): T[] {
  const random = seededRandom(seed)
  const taken: T[] = []
  // Selection sampling (Knuth, The Art of Computer Programming 2, 3.4.2, algorithm S).
  for (let i = 0; i < list.length && taken.length < count; i++)
    if (random() * (list.length - i) < count - taken.length) taken.push(list[i]!)
  return taken
}

/** One sentence about a verification, for a note beside the values. */
export function verificationText(v: ScanVerification, what: string): string {
  const number = (x: number) => (x === 0 ? '0' : x.toExponential(1))
  const rank = v.spearman === null ? '' : `, rank correlation ${v.spearman.toFixed(5)}`
  return `verified: ${v.cells.toLocaleString('en-US')} ${what} computed again by full forward passes; largest difference ${number(v.maxDifference)} (relative ${number(v.maxRelative)})${rank}`
}
