import { describe, expect, it } from 'vitest'
import { type CostAt, crossover, perLayer, reaches } from './crossover.ts'

const power = (factor: number, exponent: number, xs: readonly number[]): CostAt[] =>
  xs.map(x => ({ x, cost: factor * x ** exponent }))
const XS = [128, 256, 512, 1024, 2048]

describe('the length from which one form costs less', () => {
  // Truth: two powers a·x and b·x² meet at x = a / b, and their ratio is linear in log x.
  it.each([200, 256, 700, 1999.5])('of x·%d against x² is where they meet', at => {
    const found = crossover(power(at, 1, XS), power(1, 2, XS))
    expect(found).toMatchObject({ kind: 'at', only: true })
    expect(found.kind === 'at' && found.x).toBeCloseTo(at, 6)
  })

  it('is that of the whole range when one is below everywhere, or nowhere', () => {
    expect(crossover(power(1, 1, XS), power(2, 1, XS))).toEqual({ kind: 'always' })
    expect(crossover(power(2, 1, XS), power(1, 1, XS))).toEqual({ kind: 'never' })
    expect(crossover(power(1, 1, XS), power(1, 1, XS))).toEqual({ kind: 'never' })
  })

  it('counts from the last time it falls below, since it must stay there', () => {
    const [ours, theirs] = [[1, 3, 1, 1].map((cost, i) => ({ x: XS[i]!, cost })), power(2, 0, XS.slice(0, 4))]
    const found = crossover(ours, theirs)
    expect(found.kind === 'at' && found.x > 256 && found.x < 512).toBe(true)
    // Signs + - + +: less at 128 too.
    expect(found).toMatchObject({ only: false })
    // Signs + -: less at 128, more at 256.
    expect(crossover(ours.slice(0, 2), theirs.slice(0, 2))).toEqual({ kind: 'not-at-the-end' })
  })

  it('lies between two lengths where the other form did not fit at the second', () => {
    const theirs: CostAt[] = [...power(1, 1, [128, 256]), { x: 512, cost: null }]
    expect(crossover(power(2, 1, [128, 256, 512]), theirs)).toEqual({
      kind: 'between',
      low: 256,
      high: 512,
      only: true,
    })
    expect(crossover(theirs, power(2, 1, [128, 256, 512]))).toEqual({ kind: 'not-at-the-end' })
  })

  it('is not known from one length, or from lengths that neither could do', () => {
    expect(crossover(power(1, 1, [128]), power(2, 1, [128, 256]))).toEqual({ kind: 'unknown' })
    const none = [{ x: 256, cost: null }]
    expect(crossover([...power(1, 1, [128]), ...none], [...power(2, 1, [128]), ...none])).toEqual({ kind: 'unknown' })
  })
})

describe('where a cost reaches a limit', () => {
  // Truth: 3·x² is 3e6 at x = 1000, and a power is linear in both logarithms.
  it('is exact for a power between its points', () => {
    const points = power(3, 2, XS) as { x: number; cost: number }[]
    expect(reaches(points.toReversed(), 3e6)).toBeCloseTo(1000, 6)
    expect(reaches(points, 1e9)).toBeNull()
    expect(reaches(points, 1)).toBeNull()
  })
})

it('a layer is a tenth of what ten more layers cost', () => {
  expect(perLayer(5 + 11 * 0.25, 5 + 0.25, 10)).toBeCloseTo(0.25, 12)
})
