import { seededRandom } from '../../../src-shared/random.ts'

/** One-hot bases [length, 4], each of the four equally likely; the same for the same seed. */
export function randomBases(length: number, seed: number): Float32Array<ArrayBuffer> {
  const random = seededRandom(seed)
  const bases = new Float32Array(4 * length)
  for (let i = 0; i < length; i++) bases[4 * i + Math.floor(4 * random())] = 1
  return bases
}
