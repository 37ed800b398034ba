import { describe, expect, it } from 'vitest'
import { type Random, seededRandom } from '../../../src-shared/random.ts'
import { twoSidedP } from './normal.ts'
import { pairedDeLong } from './pairedDeLong.ts'
import { rocAuc } from './rocAuc.ts'

const gaussian = (random: Random) => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random())

/** Two scores that share a part, with ties: rounded to `step`. */
function people(n: number, random: Random, step: number) {
  const labels = Array.from({ length: n }, (_, i) => (i % 3 === 0 ? 1 : 0))
  const shared = labels.map(() => gaussian(random))
  const score = (effect: number) =>
    labels.map((l, i) => Math.round((effect * l + shared[i]! + 0.7 * gaussian(random)) / step) * step)
  return { labels, a: score(1), b: score(0.4) }
}

/** DeLong's statistic as defined, over all pairs, with the three terms of the variance apart. */
function naive(a: readonly number[], b: readonly number[], labels: readonly number[]) {
  const of = (scores: readonly number[], label: number) => scores.filter((_, i) => labels[i] === label)
  const psi = (x: number, y: number) => (x > y ? 1 : x === y ? 0.5 : 0)
  const mean = (values: readonly number[]) => values.reduce((s, v) => s + v, 0) / values.length
  const parts = (scores: readonly number[]) => {
    const [cases, controls] = [of(scores, 1), of(scores, 0)]
    return {
      v10: cases.map(x => mean(controls.map(y => psi(x, y)))),
      v01: controls.map(y => mean(cases.map(x => psi(x, y)))),
    }
  }
  const cov = (x: readonly number[], y: readonly number[]) =>
    x.reduce((s, v, i) => s + (v - mean(x)) * (y[i]! - mean(y)), 0) / (x.length - 1)
  const [p, q] = [parts(a), parts(b)]
  const term = (x: typeof p, y: typeof p) => cov(x.v10, y.v10) / x.v10.length + cov(x.v01, y.v01) / x.v01.length
  const [aucA, aucB] = [mean(p.v10), mean(q.v10)]
  return { aucA, aucB, variance: term(p, p) + term(q, q) - 2 * term(p, q) }
}

describe('two scores of the same samples', () => {
  it.each([
    [7, 0.5],
    [60, 0.25],
    [301, 1e-9],
  ])('are compared as by all pairs, %i samples (truth: the definition, O(n²))', (n, step) => {
    const { a, b, labels } = people(n, seededRandom(n), step)
    const [ours, expected] = [pairedDeLong(a, b, labels)!, naive(a, b, labels)]
    expect(ours.aucA).toBeCloseTo(expected.aucA, 13)
    expect(ours.aucB).toBeCloseTo(expected.aucB, 13)
    expect(ours.difference).toBeCloseTo(expected.aucA - expected.aucB, 13)
    const se = Math.sqrt(expected.variance)
    expect(ours.z).toBeCloseTo(ours.difference / se, 9)
    expect(ours.ci![1] - ours.difference).toBeCloseTo(1.959963984540054 * se, 12)
    expect(ours.p).toBeCloseTo(twoSidedP(ours.difference / se), 12)
  })

  it('mirror each other when they change places (truth: symmetry)', () => {
    const { a, b, labels } = people(90, seededRandom(5), 0.1)
    const [there, back] = [pairedDeLong(a, b, labels)!, pairedDeLong(b, a, labels)!]
    expect(back.difference).toBeCloseTo(-there.difference, 14)
    expect([back.aucA, back.aucB]).toEqual([there.aucB, there.aucA])
    expect(back.ci![0]).toBeCloseTo(-there.ci![1], 14)
    expect(back.p).toBeCloseTo(there.p!, 14)
  })

  it('against one that ranks nobody has the variance of the other alone (truth: closed form)', () => {
    const { a, labels } = people(120, seededRandom(9), 0.01)
    const own = rocAuc(a, labels)!
    const against = pairedDeLong(
      a,
      labels.map(() => 3),
      labels,
    )!
    expect(against.aucB).toBe(0.5)
    expect(against.z).toBeCloseTo((own.auc - 0.5) / Math.sqrt(own.variance!), 10)
  })

  it('that rank everybody alike differ by 0, and nothing is tested', () => {
    const { a, labels } = people(40, seededRandom(2), 0.1)
    const same = pairedDeLong(
      a,
      a.map(x => Math.exp(x)),
      labels,
    )
    expect(same).toMatchObject({ difference: 0, ci: [0, 0], z: null, p: null })
  })

  it('that both rank every case above every control, but not people alike, have no interval', () => {
    const labels = [1, 1, 1, 0, 0, 0]
    const perfect = pairedDeLong([6, 5, 4, 3, 2, 1], [4, 5, 6, 1, 2, 3], labels)
    expect(perfect).toMatchObject({ aucA: 1, aucB: 1, difference: 0, ci: null, z: null, p: null })
    const opposite = pairedDeLong([6, 5, 4, 3, 2, 1], [1, 2, 3, 4, 5, 6], labels)
    expect(opposite).toMatchObject({ difference: 1, ci: null, z: null, p: null })
  })

  it('have the standard error of resampled people (truth: 2,000 stratified bootstraps, 10 %)', () => {
    const random = seededRandom(11)
    const { a, b, labels } = people(240, random, 1e-9)
    const members = [0, 1].map(l => labels.flatMap((x, i) => (x === l ? [i] : [])))
    const found = Array.from({ length: 2000 }, () => {
      const drawn = members.flatMap(m => m.map(() => m[Math.floor(random() * m.length)]!))
      const pick = (x: readonly number[]) => drawn.map(i => x[i]!)
      return rocAuc(pick(a), pick(labels))!.auc - rocAuc(pick(b), pick(labels))!.auc
    })
    const mean = found.reduce((s, d) => s + d, 0) / found.length
    const deviation = Math.sqrt(found.reduce((s, d) => s + (d - mean) ** 2, 0) / (found.length - 1))
    const { difference, ci } = pairedDeLong(a, b, labels)!
    expect((ci![1] - difference) / 1.96 / deviation).toBeGreaterThan(0.9)
    expect((ci![1] - difference) / 1.96 / deviation).toBeLessThan(1.1)
  })

  it('of fewer than two of a class cannot be compared; faults are named', () => {
    expect(pairedDeLong([1, 2, 3], [3, 2, 1], [1, 0, 0])).toBeNull()
    expect(pairedDeLong([1, 2], [2, 1], [1, 1])).toBeNull()
    expect(() => pairedDeLong([1, 2, 3], [1, 2], [1, 0, 0])).toThrow(/2 scores and 3 labels/)
    expect(() => pairedDeLong([1, 2], [Number.NaN, 1], [1, 0])).toThrow(/score 0 is NaN/)
  })
})

describe('the two-sided tail of the normal distribution (truth: erfc of the C library)', () => {
  it.each([
    [0, 1],
    [1e-6, 0.9999992021154392],
    [-0.3, 0.7641771556220948],
    [1, 0.31731050786291415],
    [2.12, 0.0340060452952656],
    [2.13, 0.03317161336721004],
    [3, 0.0026997960632601913],
    [-8, 1.2441921148543639e-15],
    [20, 5.507248237212663e-89],
  ])('of %d', (z, p) => {
    expect(Math.abs(twoSidedP(z) / p - 1)).toBeLessThan(1e-12)
  })
  it('ends', () => {
    expect(twoSidedP(40)).toBe(0)
    expect(twoSidedP(Number.POSITIVE_INFINITY)).toBe(0)
    expect(twoSidedP(Number.NaN)).toBeNaN()
  })
})
