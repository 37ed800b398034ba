/** Uniform numbers in [0, 1). */
export type Random = () => number

/**
 * A small seeded generator (mulberry32: 32 bits of state, period 2^32, public domain): the same seed draws the same numbers on every
 * machine. Seeds are taken modulo 2^32.
 */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = Math.imul(state ^ (state >>> 15), state | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
}

/**
 * A 32-bit hash of whole numbers (finaliser of MurmurHash3, public domain, once a part): seeds for independent generators, or, divided
 * by 2^32, a number that can be drawn again without those before it.
 */
export function hashOf(...parts: readonly number[]): number {
  let hash = 0x9e3779b9
  for (const part of parts) {
    hash = (Math.imul(hash, 0x01000193) + part) | 0
    hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
    hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
    hash ^= hash >>> 16
  }
  return hash >>> 0
}
