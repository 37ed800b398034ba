import { spearman } from '../../src-main/domain/statistics/spearman.ts'
import { SeededRandom } from '../../test-support/random.ts'

/** Fast uniform numbers: 32-bit xorshift (Marsaglia 2003). */
function xorshift(seed: number): () => number {
  let state = seed | 1
  return () => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state >>> 0) / 2 ** 32
  }
}

/** Weights under which the change of a base comes through to the output: a variance of 2 over the inputs of each unit. */
export function randomWeights(name: string, shape: readonly number[]): Float32Array | undefined {
  if (shape.length < 2) return undefined
  const count = shape.reduce((a, b) => a * b, 1)
  const next = xorshift([...name].reduce((hash, c) => (hash * 31 + c.charCodeAt(0)) | 0, 7))
  const width = Math.sqrt((12 * 2 * shape[0]!) / count)
  const out = new Float32Array(count)
  for (let i = 0; i < count; i++) out[i] = (next() - 0.5) * width
  return out
}

/** Random bases, one-hot. */
export function randomWindow(length: number, seed: string): Float32Array {
  const random = new SeededRandom(seed)
  const x = new Float32Array(4 * length)
  for (let i = 0; i < length; i++) x[4 * i + random.integer(0, 4)] = 1
  return x
}

/**
 * How two predictions of the same mutants agree: value by value, and by the effect on each track (the sum over bins of the difference
 * from the reference). `pairs`: [bins, columns] of both methods; `reference` likewise.
 */
export function agreement(
  pairs: readonly (readonly [Float32Array, Float32Array])[],
  reference: Float32Array,
  columns: number,
) {
  let [gap, size, within2, within3, total] = [0, 0, 0, 0, 0]
  const mine: number[] = []
  const theirs: number[] = []
  for (const [a, b] of pairs) {
    const [x, y] = [new Float64Array(columns), new Float64Array(columns)]
    for (let i = 0; i < b.length; i++) {
      const d = Math.abs(a[i]! - b[i]!)
      if (!(d <= gap)) gap = d
      size = Math.max(size, Math.abs(b[i]!))
      if (d <= 1e-2) within2++
      if (d <= 1e-3) within3++
      total++
      x[i % columns]! += a[i]! - reference[i]!
      y[i % columns]! += b[i]! - reference[i]!
    }
    mine.push(...x)
    theirs.push(...y)
  }
  const top = (list: readonly number[]) => list.reduce((most, v) => Math.max(most, Math.abs(v)), 0)
  return {
    compared: total,
    'largest difference': gap,
    'relative difference': gap / size,
    'largest effect of a track': top(theirs),
    'largest difference of these': top(mine.map((v, i) => v - theirs[i]!)),
    'within 1e-2': within2 / total,
    'within 1e-3': within3 / total,
    'spearman of effects': spearman(mine, theirs),
    'spearman of predictions': spearman(...sampled(pairs)),
  }
}

/** Some thousands of values of each mutant. */
function sampled(pairs: readonly (readonly [Float32Array, Float32Array])[]): [number[], number[]] {
  const out: [number[], number[]] = [[], []]
  for (const [a, b] of pairs)
    for (let i = 0; i < b.length; i += Math.max(1, Math.floor(b.length / 5000))) {
      out[0].push(a[i]!)
      out[1].push(b[i]!)
    }
  return out
}
