import { describe, expect, it } from 'vitest'
import { drawn, judgingGraph, relativeGap, valuesOf } from '../../../test-support/small-network.ts'
import { gradient } from '../../graph/gradient.ts'
import { add as addBias, mul, reduceSum } from '../../graph/ops.ts'
import { attend } from './attention.ts'
import { paddingBias } from './attentionBias.ts'
import {
  allowedBlocks,
  drawPattern,
  fixedBlocks,
  layerPattern,
  layerReach,
  patternFaults,
  type RandomBlocks,
} from './blockPattern.ts'
import { blockSparseAttend } from './blockSparse.ts'

const [HEADS, BLOCK, SIZE] = [2, 2, 3]

/** ln(times that query i's block lists key j's block): dense attention with this bias is the block-sparse one. */
function denseBias(random: RandomBlocks, blocks: number): number[] {
  const length = blocks * BLOCK
  const bias: number[] = []
  for (let head = 0; head < HEADS; head++)
    for (let i = 0; i < length; i++) {
      const query = Math.floor(i / BLOCK)
      const edge = query === 0 || query === blocks - 1
      const listed = [...fixedBlocks(query, blocks), ...(edge ? [] : random[head]![query - 1]!)]
      for (let j = 0; j < length; j++) {
        const count = listed.filter(block => block === Math.floor(j / BLOCK)).length
        bias.push(count === 0 ? -1e9 : Math.log(count))
      }
    }
  return bias
}

function compared(random: RandomBlocks, blocks: number, padded = false, gathered?: number) {
  const graph = judgingGraph()
  const length = blocks * BLOCK
  const [q, k, v] = ['q', 'k', 'v'].map(name => graph.input(name, [2, HEADS, length, SIZE])) as [never, never, never]
  const real = padded
    ? graph.constant(
        Array.from({ length: 2 * length }, (_, i) => (i % length < length - 3 ? 1 : 0)),
        [2, length],
      )
    : undefined
  const sparse = blockSparseAttend(q, k, v, { block: BLOCK, random, real, ...(gathered ? { gathered } : {}) })
  const mask = graph.constant(denseBias(random, blocks), [1, HEADS, length, length])
  const dense = attend(q, k, v, real ? addBias(mask, paddingBias(real)) : mask)
  const numbers = drawn(graph)
  const direction = graph.constant(
    Array.from({ length: 2 * HEADS * length * SIZE }, (_, i) => Math.sin(i)),
    sparse.shape,
  )
  const of = (y: typeof sparse) => [y, ...gradient(reduceSum(mul(y, direction)), [q, k, v])]
  const [a, b] = [of(sparse), of(dense)]
  return a.map((tensor, i) => relativeGap(valuesOf(tensor, numbers), valuesOf(b[i]!, numbers)))
}

// Truth: dense attention with a mask; a block that is listed twice counts twice.
describe('block-sparse attention', () => {
  const shape = { layers: 1, heads: HEADS, blocks: 7, randomBlocks: 2 }
  const uniform = layerPattern(drawPattern(shape, 'uniform', 4), shape, 0)
  const near = (gaps: readonly number[]) => {
    for (const gap of gaps) expect(gap).toBeLessThan(1e-12)
  }

  it('equals dense attention with the mask, gradients too', () => near(compared(uniform, 7)))
  it('hides padded keys', () => near(compared(uniform, 7, true)))
  // Keys of one query block are 2 · 2 · slots · 2 · 3 numbers: one, two and all query blocks at a time.
  it.each([1, 300, 1e6])('gathers %i numbers at a time', gathered => near(compared(uniform, 7, true, gathered)))
  it('counts repeated blocks as often as they are listed', () => {
    const repeated = uniform.map((rows, head) =>
      rows.map((row, i) => (i === 2 ? [6, 6] : i === 3 && head === 1 ? [0, 4] : row)),
    )
    near(compared(repeated, 7))
  })
  it('leaves out slots without a block', () => {
    const gaps = uniform.map((rows, head) => rows.map((row, i) => (i === head + 1 ? [-1, row[1]!] : row)))
    near(compared(gaps, 7))
  })
  it('is full attention where every block is listed', () => {
    const all = Array.from({ length: HEADS }, () =>
      Array.from({ length: 5 }, (_, i) =>
        Array.from({ length: 7 }, (_, b) => b).filter(b => !fixedBlocks(i + 1, 7).includes(b)),
      ),
    )
    near(compared(all, 7))
    const graph = judgingGraph()
    const [q, k, v] = ['q', 'k', 'v'].map(name => graph.input(name, [1, HEADS, 14, SIZE])) as [never, never, never]
    const numbers = drawn(graph)
    const sparse = valuesOf(blockSparseAttend(q, k, v, { block: BLOCK, random: all }), numbers)
    expect(relativeGap(sparse, valuesOf(attend(q, k, v), numbers))).toBeLessThan(1e-12)
  })
  it.each([1, 2, 3, 4, 5])('works on %i blocks', blocks => {
    const few = { layers: 1, heads: HEADS, blocks, randomBlocks: 2 }
    near(compared(layerPattern(drawPattern(few, 'uniform', 1), few, 0), blocks))
  })

  // Truth: boolean reach of the pattern; what it does not reach must not change at all.
  it('changes exactly the blocks that the pattern reaches', () => {
    const graph = judgingGraph()
    const x = graph.input('x', [1, HEADS, 14, SIZE])
    const y = blockSparseAttend(x, x, x, { block: BLOCK, random: uniform })
    const numbers = drawn(graph)
    const plain = valuesOf(y, numbers)
    const reach = layerReach(uniform, 7)
    for (let key = 0; key < 7; key++) {
      const changed = numbers
        .get('x')!
        .map((v, i) => (Math.floor((i % (14 * SIZE)) / (BLOCK * SIZE)) === key ? v + 1 : v))
      const after = valuesOf(y, new Map(numbers).set('x', changed))
      for (let query = 0; query < 7; query++) {
        const differs = plain.some((v, i) => Math.floor((i % (14 * SIZE)) / (BLOCK * SIZE)) === query && v !== after[i])
        expect(differs, `block ${key} -> ${query}`).toBe(reach[query]![key])
      }
    }
  })
  it.each([
    ['a head too few', uniform.slice(1), /1 heads, the network has 2/],
    ['a row too few', uniform.map(rows => rows.slice(1)), /4 rows, 7 blocks need 5/],
    ['a block beyond the end', uniform.map(rows => rows.map(() => [7, 1])), /lists block 7 of 7/],
  ])('refuses a pattern with %s', (_, random, message) => {
    expect(() => compared(random, 7)).toThrow(message)
  })
})

// Truth: the sets of the published code (s = 2r + 5 = 11 blocks), counted by hand.
describe('drawing patterns', () => {
  it('upstream draws from the first eleven blocks, less what it bars', () => {
    expect(allowedBlocks(1, 24, 3, 'upstream')).toEqual([3, 4, 5, 6, 7, 8])
    expect(allowedBlocks(5, 24, 3, 'upstream')).toEqual([1, 2, 3, 7, 8, 9])
    expect(allowedBlocks(9, 24, 3, 'upstream')).toEqual([2, 3, 4, 5, 6, 7])
    expect(allowedBlocks(10, 24, 3, 'upstream')).toEqual([1, 2, 3, 4, 5, 6, 7, 8])
    for (let query = 11; query < 23; query++)
      expect(allowedBlocks(query, 24, 3, 'upstream')).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9])
  })
  it.each(['upstream', 'uniform'] as const)(
    '%s: 10,000 rows without a fault, every allowed block equally often',
    rule => {
      const shape = { layers: 57, heads: 8, blocks: 24, randomBlocks: 3 }
      const pattern = drawPattern(shape, rule, 7)
      expect(pattern.length / 3).toBeGreaterThan(10_000)
      expect(
        patternFaults(pattern, shape).filter(fault => !(rule === 'upstream' && fault.includes('is read anyway'))),
      ).toEqual([])
      const counts = Array.from({ length: 22 }, () => new Array<number>(24).fill(0))
      for (let i = 0; i < pattern.length; i++) counts[Math.floor(i / 3) % 22]![pattern[i]!]!++
      counts.forEach((row, i) => {
        const allowed = allowedBlocks(i + 1, 24, 3, rule)
        const expected = (57 * 8 * 3) / allowed.length
        row.forEach((count, block) => {
          if (!allowed.includes(block)) expect(count).toBe(0)
          // Five standard deviations of a binomial count: 528 counts, fixed seed.
          else expect(Math.abs(count - expected)).toBeLessThan(5 * Math.sqrt(expected))
        })
      })
    },
  )
  // Truth: the generator written again in Python.
  it('gives the same numbers for the same seed, on every platform', () => {
    const shape = { layers: 2, heads: 2, blocks: 12, randomBlocks: 3 }
    const pattern = drawPattern(shape, 'uniform', 42)
    expect(drawPattern(shape, 'uniform', 42)).toEqual(pattern)
    expect(drawPattern(shape, 'uniform', 43)).not.toEqual(pattern)
    expect([...pattern.slice(0, 12)]).toEqual([8, 9, 5, 5, 4, 8, 5, 7, 1, 10, 8, 2])
  })
  it('fills up with -1 where too few blocks are left', () => {
    const shape = { layers: 1, heads: 1, blocks: 7, randomBlocks: 3 }
    const rows = layerPattern(drawPattern(shape, 'uniform', 1), shape, 0)[0]!
    expect(rows[2]!.filter(block => block !== -1).toSorted()).toEqual([1, 5])
    expect(rows[2]!.filter(block => block === -1)).toHaveLength(1)
  })
  it('names each fault of a stored pattern', () => {
    const shape = { layers: 1, heads: 1, blocks: 6, randomBlocks: 2 }
    const faults = patternFaults([3, 3, 4, 9, 0, 1, 1, 2], shape)
    expect(faults).toHaveLength(3)
    expect(faults[0]).toMatch(/query block 1: 3, 3 repeats/)
    expect(faults[1]).toMatch(/query block 2: block 9 of 6/)
    expect(faults[2]).toMatch(/query block 3: block 0 is read anyway/)
  })
  it('refuses upstream where its rule is another', () => {
    expect(() => drawPattern({ layers: 1, heads: 1, blocks: 11, randomBlocks: 3 }, 'upstream', 1)).toThrow(
      /more than 11/,
    )
  })
})
