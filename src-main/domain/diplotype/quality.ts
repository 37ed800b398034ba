import { TOKEN_COUNT } from '../../../src-shared/genome/diplotype.ts'

/** P(token seen | token true), and P(any other token | true). */
const P_EQUAL = 0.99
const P_OTHER = 0.001
const BOTH = 10 * Math.log10(P_EQUAL)
const ONE = 10 * Math.log10((P_EQUAL + P_OTHER) / 2)
const NEITHER = 10 * Math.log10(P_OTHER)
const HIGHEST = 99

/**
 * Phred difference between the called pair and the best other of the 66, from the 11 counts at `offset`; 0..99.
 * A read's likelihood under the pair a, b is (p(x|a) + p(x|b)) / 2. 0 where another pair explains the reads as well or better.
 */
export function pairQuality(counts: Uint32Array, offset: number, called: readonly [number, number]): number {
  let total = 0
  for (let token = 0; token < TOKEN_COUNT; token++) total += counts[offset + token]!
  if (total === 0) return 0
  const [low, high] = called[0] <= called[1] ? called : [called[1], called[0]]
  let own = 0
  let best = -Infinity
  for (let a = 0; a < TOKEN_COUNT; a++) {
    const ofA = counts[offset + a]!
    for (let b = a; b < TOKEN_COUNT; b++) {
      const explained = a === b ? ofA : ofA + counts[offset + b]!
      const score = explained * (a === b ? BOTH : ONE) + (total - explained) * NEITHER
      if (a === low && b === high) own = score
      else if (score > best) best = score
    }
  }
  return Math.min(HIGHEST, Math.max(0, own - best))
}
