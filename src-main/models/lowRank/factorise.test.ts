import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { largestSavingRank, rankOfEnergy } from '../../../src-shared/lab/compression.ts'
import { seededRandom } from '../../../src-shared/random.ts'
import { nmf, semiNmf, svd, truncatedSvd } from './factorise.ts'
import { type DenseMatrix, denseMatrix, distance, norm, product, transpose } from './matrix.ts'

const matrixOf = (rows: number, columns: number, seed: number, low = -1) => {
  const next = seededRandom(seed)
  return denseMatrix(
    rows,
    columns,
    Float64Array.from({ length: rows * columns }, () => low + (1 - low) * next()),
  )
}
const sizes = fc.record({
  rows: fc.integer({ min: 1, max: 14 }),
  columns: fc.integer({ min: 1, max: 14 }),
  seed: fc.nat(1e6),
})
const product3 = (m: DenseMatrix) => product(m, transpose(m))

describe('truncated SVD', () => {
  it('full rank gives W back within 1e-12; orthonormal vectors; descending values; the sign rule', () => {
    fc.assert(
      fc.property(sizes, ({ rows, columns, seed }) => {
        const w = matrixOf(rows, columns, seed)
        const k = Math.min(rows, columns)
        expect(truncatedSvd(w, { rank: k }).error).toBeLessThan(1e-12 * norm(w))
        const { left, values, right } = svd(w)
        const identity = denseMatrix(
          k,
          k,
          Float64Array.from({ length: k * k }, (_, i) => (i % (k + 1) === 0 ? 1 : 0)),
        )
        expect(distance(product3(right), identity)).toBeLessThan(1e-12)
        expect(distance(product3(transpose(left)), identity)).toBeLessThan(1e-12)
        for (let c = 0; c < k; c++) {
          if (c > 0) expect(values[c]).toBeLessThanOrEqual(values[c - 1] as number)
          let largest = 0
          for (let i = 0; i < rows; i++) {
            const x = left.data[i * k + c] as number
            if (Math.abs(x) > Math.abs(largest)) largest = x
          }
          expect(largest).toBeGreaterThan(0)
        }
      }),
      { numRuns: 60 },
    )
  })

  it('Eckart-Young: the error is the root of the discarded σ², the kept energy their share', () => {
    fc.assert(
      fc.property(sizes, fc.double({ min: 0, max: 1, noNaN: true }), ({ rows, columns, seed }, share) => {
        const w = matrixOf(rows, columns, seed)
        const { values } = svd(w)
        const rank = 1 + Math.floor(share * (values.length - 1))
        const f = truncatedSvd(w, { rank })
        const discarded = values.slice(rank).reduce((s, x) => s + x * x, 0)
        expect(f.error).toBeCloseTo(Math.sqrt(discarded), 10)
        expect(f.keptEnergy).toBeCloseTo(1 - discarded / norm(w) ** 2, 10)
        expect([f.left.rows, f.left.columns, f.right.rows, f.right.columns]).toEqual([rows, rank, rank, columns])
      }),
      { numRuns: 60 },
    )
  })

  it('no other matrix of that rank comes closer: 200 random ones', () => {
    const w = matrixOf(8, 6, 1)
    const best = truncatedSvd(w, { rank: 2 }).error
    for (let s = 0; s < 200; s++) {
      const q = matrixOf(2, 6, 100 + s)
      const fitted = semiNmf(w, { rank: 2, iterations: 3, random: seededRandom(s) }).error
      expect(fitted).toBeGreaterThanOrEqual(best - 1e-12)
      expect(distance(w, product(matrixOf(8, 2, s), q))).toBeGreaterThan(best)
    }
  })

  it('a diagonal matrix: σ are its entries, and the rank for a kept energy is counted by hand', () => {
    const w = denseMatrix(3, 3, [3, 0, 0, 0, -2, 0, 0, 0, 1]) // σ² = 9, 4, 1 of 14
    expect([...svd(w).values]).toEqual([3, 2, 1].map(x => expect.closeTo(x, 12)))
    expect(rankOfEnergy(svd(w).values, 9 / 14 - 1e-9)).toBe(1)
    expect(rankOfEnergy(svd(w).values, 0.9)).toBe(2)
    expect(rankOfEnergy(svd(w).values, 1)).toBe(3)
    const f = truncatedSvd(w, { keptEnergy: 0.9 })
    expect(f.rank).toBe(2)
    expect(f.error).toBeCloseTo(1, 12)
  })

  it('a saving rank: 256 x 1024 saves below 204.8, a square of 2 never', () => {
    expect(largestSavingRank(256, 1024)).toBe(204)
    expect(largestSavingRank(2, 2)).toBe(0)
    expect(largestSavingRank(4, 4)).toBe(1) // 2·(4 + 4) = 16 saves nothing
  })

  it('refuses ranks and weights that cannot be', () => {
    const w = matrixOf(4, 3, 1)
    for (const rank of [0, 4, 1.5, Number.NaN]) expect(() => truncatedSvd(w, { rank })).toThrow(/rank/)
    for (const keptEnergy of [0, 1.1, Number.NaN]) expect(() => truncatedSvd(w, { keptEnergy })).toThrow(/kept energy/)
    expect(() => svd(denseMatrix(1, 2, [1, Number.NaN]))).toThrow(/weight 1 is NaN/)
  })
})

describe('NMF and semi-NMF', () => {
  it('never increase the error; factors have the promised signs; W with a known non-negative factorisation is found again', () => {
    for (let s = 0; s < 10; s++) {
      for (const [factorise, low] of [
        [nmf, 0],
        [semiNmf, -1],
      ] as const) {
        const w = matrixOf(9, 7, s, low)
        const errors: number[] = []
        const f = factorise(w, { rank: 3, iterations: 60, random: seededRandom(s), onIteration: e => errors.push(e) })
        for (let i = 1; i < errors.length; i++)
          expect(errors[i]).toBeLessThanOrEqual((errors[i - 1] as number) * (1 + 1e-12))
        expect(Math.min(...f.right.data)).toBeGreaterThanOrEqual(0)
        if (factorise === nmf) expect(Math.min(...f.left.data)).toBeGreaterThanOrEqual(0)
        expect(f.error).toBeGreaterThanOrEqual(truncatedSvd(w, { rank: 3 }).error - 1e-12)
        expect(f.error).toBeCloseTo(errors.at(-1) as number, 12)
      }
    }
    const known = product(matrixOf(8, 2, 5, 0), matrixOf(2, 6, 6, 0))
    expect(nmf(known, { rank: 2, iterations: 5000, random: seededRandom(1) }).relativeError).toBeLessThan(1e-3)
  })

  it('the same numbers give the same factors; negative weights are refused by NMF', () => {
    const w = matrixOf(5, 4, 3, 0)
    const once = () => nmf(w, { rank: 2, iterations: 20, random: seededRandom(9) })
    expect(once()).toEqual(once())
    expect(() => nmf(matrixOf(3, 3, 1), { rank: 1, iterations: 1, random: seededRandom(1) })).toThrow(
      /at least 0; element/,
    )
    expect(semiNmf(denseMatrix(2, 2, [0, 0, 0, 0]), { rank: 1, iterations: 3, random: seededRandom(1) }).error).toBe(0)
  })
})
