import { hashOf, type Random, seededRandom } from '../../../src-shared/random.ts'

/** Which numbers a generator gives: each has its own stream, so that a change in one draw moves no other. */
export const STREAM = { reference: 1, variants: 2, person: 3, reads: 4, bases: 5, splits: 6, order: 7, masks: 8, weights: 9, sentences: 10 } as const // biome-ignore format: one line

export const streamOf = (seed: number, stream: keyof typeof STREAM, ...parts: readonly number[]): Random =>
  seededRandom(hashOf(seed, STREAM[stream], ...parts))

export const integerIn = (random: Random, low: number, high: number): number =>
  low + Math.floor(random() * (high - low))

/** Normal by the sum of twelve uniforms (Irwin-Hall): no logarithm, so every platform draws the same bits. */
export function normal(random: Random, mean: number, deviation: number): number {
  let sum = -6
  for (let i = 0; i < 12; i++) sum += random()
  return mean + deviation * sum
}

/** Fisher and Yates, in place. */
export function shuffled(values: Int32Array, random: Random): Int32Array {
  for (let i = values.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1))
    const value = values[i]!
    values[i] = values[j]!
    values[j] = value
  }
  return values
}
