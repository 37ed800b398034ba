import { WorkbenchError } from '../../../src-shared/ipc/errors.ts'
import type { WeightSpec } from './weights.ts'

/**
 * - upstream: as the published block-sparse code draws for more than 2r + 5 blocks: every random block lies among the first
 *   2r + 5, whatever the length (google-research/bigbird, `get_single_block_row_attention`)
 * - uniform: from all blocks that are neither global nor in the window
 */
export type PatternRule = 'upstream' | 'uniform'

/** Name of the stored pattern: int32 [layers, heads, blocks - 2, randomBlocks], row i - 1 for query block i; -1 fills up. */
export const PATTERN_NAME = 'attention.random_blocks'

/** Random key blocks of one layer: [head][query block - 1][slot]; -1 is no block, a repeated one counts as often as listed. */
export type RandomBlocks = readonly (readonly (readonly number[])[])[]

/** Key blocks that a query block reads besides the random ones, each once: first, last, itself and its neighbours. */
export function fixedBlocks(query: number, blocks: number): readonly number[] {
  if (query === 0 || query === blocks - 1) return Array.from({ length: blocks }, (_, i) => i)
  return [...new Set([0, query - 1, query, query + 1, blocks - 1])].sort((a, b) => a - b)
}

export interface PatternShape {
  readonly layers: number
  readonly heads: number
  readonly blocks: number
  readonly randomBlocks: number
}

/**
 * Draws a pattern, to be stored with the weights and never drawn again: layer, then head, then query block, each without
 * replacement by a partial Fisher-Yates shuffle of the allowed blocks in rising order. The generator is xoshiro128** (Blackman
 * and Vigna 2018) with its state from splitmix32 of the seed, whole numbers by rejection: 32-bit integers only, so every
 * platform draws the same.
 * @throws WorkbenchError `unsupported` for `upstream` with 2r + 5 blocks or fewer, for which the published code has other rules
 */
export function drawPattern(shape: PatternShape, rule: PatternRule, seed: number): Int32Array {
  const { layers, heads, blocks, randomBlocks } = shape
  const limit = 2 * randomBlocks + 5
  if (rule === 'upstream' && blocks <= limit)
    throw new WorkbenchError(
      'unsupported',
      `rule 'upstream' with ${blocks} blocks; it is defined here for more than ${limit}`,
      "use rule 'uniform', or a longer sequence",
    )
  const below = generator(seed)
  const rows = Math.max(0, blocks - 2)
  const pattern = new Int32Array(layers * heads * rows * randomBlocks).fill(-1)
  for (let row = 0; row < layers * heads * rows; row++) {
    const allowed = allowedBlocks((row % rows) + 1, blocks, randomBlocks, rule)
    for (let slot = 0; slot < Math.min(randomBlocks, allowed.length); slot++) {
      const other = slot + below(allowed.length - slot)
      ;[allowed[slot], allowed[other]] = [allowed[other]!, allowed[slot]!]
      pattern[row * randomBlocks + slot] = allowed[slot]!
    }
  }
  return pattern
}

/** Blocks that a query block may draw, rising. */
export function allowedBlocks(query: number, blocks: number, randomBlocks: number, rule: PatternRule): number[] {
  const end = rule === 'upstream' ? 2 * randomBlocks + 5 : blocks
  const barred = new Set([0, end - 1, query - 1, query, query + 1])
  if (rule === 'upstream') {
    if (query === 1) barred.add(end - 2)
    if (query === end - 2) barred.add(1)
  }
  return Array.from({ length: end }, (_, i) => i).filter(block => !barred.has(block))
}

function generator(seed: number): (limit: number) => number {
  let mixing = seed >>> 0
  const state = Uint32Array.from({ length: 4 }, () => {
    mixing = (mixing + 0x9e3779b9) >>> 0
    let z = mixing
    z = Math.imul(z ^ (z >>> 16), 0x21f0aaad)
    z = Math.imul(z ^ (z >>> 15), 0x735a2d97)
    return (z ^ (z >>> 15)) >>> 0
  })
  const rotated = (x: number, by: number) => ((x << by) | (x >>> (32 - by))) >>> 0
  const next = () => {
    const [a, b, c, d] = state as unknown as [number, number, number, number]
    const result = Math.imul(rotated(Math.imul(b, 5) >>> 0, 7), 9) >>> 0
    const mixedC = c ^ a
    const mixedD = d ^ b
    state.set([a ^ mixedD, b ^ mixedC, mixedC ^ (b << 9), rotated(mixedD >>> 0, 11)])
    return result
  }
  return limit => {
    // The largest multiple of the limit below 2^32: what lies above would favour small numbers.
    const fair = 2 ** 32 - (2 ** 32 % limit)
    let drawn = next()
    while (drawn >= fair) drawn = next()
    return drawn % limit
  }
}

/** The stored tensor, which is part of the model's weights. */
export const patternSpec = ({ layers, heads, blocks, randomBlocks }: PatternShape): WeightSpec => ({
  name: PATTERN_NAME,
  shape: [layers, heads, blocks - 2, randomBlocks],
  dtype: 'int32',
  buffer: true,
  structure: true,
})

/** Patterns of all layers from what `buildForward` was given. @throws WorkbenchError `bad-model` when it was given none */
export function storedPatterns(
  structure: ReadonlyMap<string, ArrayLike<number>> | undefined,
  shape: PatternShape,
): readonly RandomBlocks[] {
  const stored = structure?.get(PATTERN_NAME)
  if (!stored)
    throw new WorkbenchError('bad-model', `the network needs its ${PATTERN_NAME}`, 'draw a pattern once and store it')
  return Array.from({ length: shape.layers }, (_, layer) => layerPattern(stored, shape, layer))
}

/** The pattern of one layer out of the stored tensor. @throws WorkbenchError `bad-model` when its size is another */
export function layerPattern(stored: ArrayLike<number>, shape: PatternShape, layer: number): RandomBlocks {
  const { layers, heads, blocks, randomBlocks } = shape
  const rows = Math.max(0, blocks - 2)
  if (stored.length !== layers * heads * rows * randomBlocks)
    throw new WorkbenchError(
      'bad-model',
      `${PATTERN_NAME} has ${stored.length} numbers, the network needs ${layers} x ${heads} x ${rows} x ${randomBlocks}`,
      'give the pattern that belongs to this network and length',
    )
  return Array.from({ length: heads }, (_, head) =>
    Array.from({ length: rows }, (_, row) => {
      const start = ((layer * heads + head) * rows + row) * randomBlocks
      return Array.from({ length: randomBlocks }, (_, slot) => stored[start + slot]!)
    }),
  )
}

/** What is wrong with a stored pattern: blocks out of range, listed twice in a row, or read anyway. Empty when all is well. */
export function patternFaults(stored: ArrayLike<number>, shape: PatternShape): readonly string[] {
  const faults: string[] = []
  for (let layer = 0; layer < shape.layers; layer++)
    layerPattern(stored, shape, layer).forEach((rows, head) => {
      rows.forEach((random, row) => {
        const query = row + 1
        const place = `layer ${layer}, head ${head}, query block ${query}`
        const drawn = random.filter(block => block !== -1)
        const fixed = fixedBlocks(query, shape.blocks)
        for (const block of drawn) {
          if (block < 0 || block >= shape.blocks) faults.push(`${place}: block ${block} of ${shape.blocks}`)
          else if (fixed.includes(block)) faults.push(`${place}: block ${block} is read anyway`)
        }
        if (new Set(drawn).size !== drawn.length) faults.push(`${place}: ${drawn.join(', ')} repeats a block`)
      })
    })
  return faults
}

/** Which query blocks one layer lets a key block reach, over all heads: [query][key]. */
export function layerReach(random: RandomBlocks, blocks: number): readonly (readonly boolean[])[] {
  return Array.from({ length: blocks }, (_, query) => {
    const seen = new Set(fixedBlocks(query, blocks))
    if (query > 0 && query < blocks - 1)
      for (const head of random) for (const block of head[query - 1]!) seen.add(block)
    return Array.from({ length: blocks }, (_, key) => seen.has(key))
  })
}
