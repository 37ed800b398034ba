import { type Random, seededRandom } from '../src-shared/random.ts'

/** A small seeded generator: the same seed draws the same numbers on every machine. */
export class SeededRandom {
  /** Uniform in [0, 1). */
  readonly next: Random
  constructor(seed: number | string) {
    this.next = seededRandom(typeof seed === 'number' ? seed : hashOf(seed))
  }
  /** Whole number in [low, high). */
  integer(low: number, high: number): number {
    return low + Math.floor(this.next() * (high - low))
  }
  pick<T>(values: ArrayLike<T>): T {
    return values[this.integer(0, values.length)]!
  }
  chance(probability: number): boolean {
    return this.next() < probability
  }
  /** Normal, by the sum of twelve uniforms (Irwin-Hall): no logarithm, so every platform draws the same bits. */
  normal(mean: number, deviation: number): number {
    let sum = -6
    for (let i = 0; i < 12; i++) sum += this.next()
    return mean + deviation * sum
  }
}

/** FNV-1a, 32 bit. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193)
  return hash >>> 0
}
