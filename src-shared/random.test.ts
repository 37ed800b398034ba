import { describe, expect, it } from 'vitest'
import { hashOf, seededRandom } from './random.ts'

describe('seeded numbers', () => {
  it('are those of the published generator (the first of mulberry32 from seeds 1 and 2^32 - 1)', () => {
    const one = seededRandom(1)
    expect([one(), one(), one()]).toEqual([0.6270739405881613, 0.002735721180215478, 0.5274470399599522])
    const last = seededRandom(2 ** 32 - 1)
    expect([last(), last()]).toEqual([0.8964226141106337, 0.189478256739676])
  })

  it('hash evenly: 100 bins of 100,000 hashes of neighbours stay within chi squared’s 99.9 % bound of 149', () => {
    for (const parts of [(i: number) => [1, i], (i: number) => [i, 1], (i: number) => [3, i >> 1, i & 1]]) {
      const bins = new Float64Array(100)
      for (let i = 0; i < 100_000; i++) {
        const bin = Math.floor((hashOf(...parts(i)) / 2 ** 32) * 100)
        bins[bin] = bins[bin]! + 1
      }
      expect(bins.reduce((sum, n) => sum + (n - 1000) ** 2 / 1000, 0)).toBeLessThan(149)
    }
  })

  it('of two chromosomes are uncorrelated: |r| under 4 / sqrt(n)', () => {
    let sum = 0
    const n = 100_000
    for (let i = 0; i < n; i++) sum += (hashOf(7, 1, 0, i, 0) / 2 ** 32 - 0.5) * (hashOf(7, 1, 0, i, 1) / 2 ** 32 - 0.5)
    expect(Math.abs((12 * sum) / n)).toBeLessThan(4 / Math.sqrt(n))
  })
})
