import { describe, expect, it } from 'vitest'
import { SeededRandom } from '../../../test-support/random.ts'
import { f1Scores } from './f1.ts'
import { fitLogistic, predictLogistic } from './logisticRegression.ts'
import { PearsonSums, TrackPearson } from './pearson.ts'
import { compareAuc, midRanks, rocAuc, Z_975 } from './rocAuc.ts'

describe('logistic regression', () => {
  // Truth: with one binary feature the maximum is closed: log odds of each group.
  it('finds the log odds of two groups', () => {
    const rows = [...Array(10).fill([0]), ...Array(20).fill([1])]
    const labels = [...Array(3).fill(1), ...Array(7).fill(0), ...Array(15).fill(1), ...Array(5).fill(0)]
    const fit = fitLogistic(rows, labels)
    expect(fit.intercept).toBeCloseTo(Math.log(3 / 7), 12)
    expect(fit.coefficients[0]).toBeCloseTo(Math.log(15 / 5) - Math.log(3 / 7), 12)
    expect(fit.logLikelihood).toBeCloseTo(
      3 * Math.log(0.3) + 7 * Math.log(0.7) + 15 * Math.log(0.75) + 5 * Math.log(0.25),
      12,
    )
    // Woolf: the variance of a log odds ratio is the sum of the reciprocal counts.
    expect(fit.standardErrors[0]).toBeCloseTo(Math.sqrt(1 / 3 + 1 / 7), 10)
    expect(fit.standardErrors[1]).toBeCloseTo(Math.sqrt(1 / 3 + 1 / 7 + 1 / 15 + 1 / 5), 10)
    expect(predictLogistic(fit, [[0], [1]])[1]).toBeCloseTo(0.75, 12)
  })
  // Truth: at the optimum the gradient of the penalised objective is zero.
  it('stands still at the penalised optimum', () => {
    const random = new SeededRandom(5)
    const rows = Array.from({ length: 60 }, () => [random.normal(0, 1), random.normal(2, 3)])
    const labels = rows.map(([a]) => (a! + random.normal(0, 1) > 0 ? 1 : 0))
    const fit = fitLogistic(rows, labels, { inverseStrength: 0.3 })
    const p = predictLogistic(fit, rows)
    for (let j = 0; j < 2; j++) {
      const data = rows.reduce((sum, row, i) => sum + (p[i]! - labels[i]!) * row[j]!, 0)
      expect(Math.abs(0.3 * data + fit.coefficients[j]!)).toBeLessThan(1e-8)
    }
    expect(Math.abs(p.reduce((sum, v, i) => sum + v - labels[i]!, 0))).toBeLessThan(1e-8)
  })
  // Truth: exchanging the labels turns every sign.
  it('mirrors when labels are exchanged', () => {
    const rows = [[0], [1], [2], [0], [1], [2], [1]]
    const labels = [0, 1, 1, 1, 0, 1, 0]
    const [a, b] = [
      fitLogistic(rows, labels),
      fitLogistic(
        rows,
        labels.map(v => 1 - v),
      ),
    ]
    expect(b.intercept).toBeCloseTo(-a.intercept, 10)
    expect(b.coefficients[0]).toBeCloseTo(-a.coefficients[0]!, 10)
  })
  it.each([
    ['classes that a value separates', [[0], [1], [2], [3]], [0, 0, 1, 1], /no unique maximum/],
    [
      'columns that repeat each other',
      [
        [0, 0],
        [1, 1],
        [2, 2],
        [0, 0],
        [1, 1],
      ],
      [0, 1, 0, 1, 0],
      /no unique maximum/,
    ],
    ['a single class', [[0], [1]], [1, 1], /all 2 labels are 1/],
    ['a missing value', [[0], [Number.NaN]], [0, 1], /row 1 column 0 is NaN/],
    ['a label of two', [[0], [1]], [0, 2], /label of row 1 is 2/],
    ['rows without labels', [[0], [1]], [0], /2 rows and 1 labels/],
  ])('refuses %s', (_, rows, labels, message) => {
    expect(() => fitLogistic(rows, labels)).toThrow(message)
  })
  it('takes separated classes with a penalty', () => {
    const fit = fitLogistic([[0], [1], [2], [3]], [0, 0, 1, 1], { inverseStrength: 1 })
    expect(fit.coefficients[0]).toBeGreaterThan(0)
  })
})

describe('area under the ROC curve', () => {
  const random = new SeededRandom(9)
  const labels = Array.from({ length: 80 }, (_, i) => (i % 3 === 0 ? 1 : 0))
  const scores = labels.map(label => Math.round(4 * random.normal(label, 1)))

  // Truth: counting all pairs, and DeLong's components by their definition.
  it('is the share of pairs in order, ties one half, with DeLong variance', () => {
    const wins = (a: number, b: number) => (a > b ? 1 : a === b ? 0.5 : 0)
    const positives = scores.filter((_, i) => labels[i] === 1)
    const negatives = scores.filter((_, i) => labels[i] === 0)
    const mean = (values: readonly number[]) => values.reduce((a, b) => a + b, 0) / values.length
    const variance = (values: readonly number[]) =>
      values.reduce((a, v) => a + (v - mean(values)) ** 2, 0) / (values.length - 1)
    const v10 = positives.map(p => mean(negatives.map(n => wins(p, n))))
    const v01 = negatives.map(n => mean(positives.map(p => wins(p, n))))
    const result = rocAuc(scores, labels)!
    expect(result.auc).toBeCloseTo(mean(v10), 14)
    const expected = variance(v10) / v10.length + variance(v01) / v01.length
    expect(result.variance).toBeCloseTo(expected, 14)
    expect(result.ci95![0]).toBeCloseTo(result.auc - Z_975 * Math.sqrt(expected), 12)
  })
  it('turns round when labels or scores do, and compares a score with itself as equal', () => {
    const auc = rocAuc(scores, labels)!.auc
    expect(
      rocAuc(
        scores,
        labels.map(v => 1 - v),
      )!.auc,
    ).toBeCloseTo(1 - auc, 14)
    expect(
      rocAuc(
        scores.map(v => -v),
        labels,
      )!.auc,
    ).toBeCloseTo(1 - auc, 14)
    expect(compareAuc(scores, scores, labels)).toEqual({ difference: 0, variance: 0, z: undefined })
  })
  // Truth: the variance of a difference by its definition from both components.
  it('compares two scores by their paired components', () => {
    const other = scores.map((v, i) => v + (i % 5))
    const { difference, variance, z } = compareAuc(scores, other, labels)!
    expect(difference).toBeCloseTo(rocAuc(scores, labels)!.auc - rocAuc(other, labels)!.auc, 14)
    expect(z).toBeCloseTo(difference / Math.sqrt(variance), 14)
    expect(compareAuc(other, scores, labels)!.difference).toBeCloseTo(-difference, 14)
  })
  it('has none without both classes, and no interval with one member', () => {
    expect(rocAuc([1, 2], [1, 1])).toBeUndefined()
    expect(rocAuc([1, 2, 3], [1, 0, 0])!.ci95).toBeUndefined()
    expect(() => rocAuc([1, Number.NaN], [1, 0])).toThrow(/score 1 is NaN/)
  })
  it('gives tied values the mean of their ranks', () => {
    expect([...midRanks([3, 1, 3, 2])]).toEqual([3.5, 1, 3.5, 2])
  })
})

describe('F1', () => {
  // Truth: 386 cases and 240 controls, everyone called a case: binary 0.763, macro 0.381.
  it('of calling everyone positive', () => {
    const labels = [...Array(386).fill(1), ...Array(240).fill(0)]
    const f1 = f1Scores(
      labels.map(() => 1),
      labels,
    )
    expect(f1.label1).toBeCloseTo(0.763, 3)
    expect(f1.macro).toBeCloseTo(0.381, 3)
    expect(f1.label0).toBe(0)
    expect(f1.emptyLabels).toEqual([])
  })
  it('of a label that nobody has is 0 and flagged', () => {
    expect(f1Scores([0.9, 0.8], [1, 1])).toMatchObject({ label1: 1, label0: 0, macro: 0.5, emptyLabels: [0] })
  })
})

describe('Pearson correlation', () => {
  const random = new SeededRandom(3)
  const pairs = Array.from({ length: 500 }, () => {
    const x = random.normal(0, 1)
    return [x, 0.3 * x + random.normal(0, 1)] as const
  })
  const sums = (part: readonly (readonly [number, number])[]) => {
    const all = new PearsonSums()
    for (const [x, y] of part) all.add(x, y)
    return all
  }
  // Truth: the two-pass formula.
  it('streams to the two-pass value, however the data is cut', () => {
    const mean = (at: 0 | 1) => pairs.reduce((sum, p) => sum + p[at], 0) / pairs.length
    const [mx, my] = [mean(0), mean(1)]
    const moment = (f: (x: number, y: number) => number) => pairs.reduce((sum, [x, y]) => sum + f(x - mx, y - my), 0)
    const truth = moment((x, y) => x * y) / Math.sqrt(moment(x => x * x) * moment((_, y) => y * y))
    expect(sums(pairs).r).toBeCloseTo(truth, 13)
    for (const cut of [1, 17, 250, 499]) {
      const joined = sums(pairs.slice(0, cut))
      joined.merge(sums(pairs.slice(cut)))
      expect(joined.r).toBeCloseTo(truth, 13)
      expect(joined.count).toBe(500)
    }
  })
  it('does not care for scale and offset, and turns with the sign', () => {
    const r = sums(pairs).r!
    expect(sums(pairs.map(([x, y]) => [1e6 + 1e-2 * x, y])).r).toBeCloseTo(r, 8)
    expect(sums(pairs.map(([x, y]) => [-x, y])).r).toBeCloseTo(-r, 13)
  })
  it('is undefined for constants, also when parts are merged', () => {
    const constant = sums(Array.from({ length: 99 }, (_, i) => [0.1, i] as const))
    expect(constant.r).toBeUndefined()
    const other = sums([[0.1, 5]])
    other.merge(constant)
    expect(other.r).toBeUndefined()
    other.merge(sums([[0.2, 5]]))
    expect(other.r).toBeDefined()
  })
  it('leaves constant tracks out of the mean and counts them', () => {
    const tracks = new TrackPearson(2)
    tracks.add([1, 7, 2, 7, 4, 7], [2, 1, 4, 2, 8, 3])
    expect(tracks.result()).toMatchObject({ perTrack: [1, undefined], mean: 1, used: 1, excluded: 1 })
    expect(() => tracks.add([1], [1])).toThrow(/for 2 tracks/)
    expect(() => tracks.result([2])).toThrow(/track 2 of 2/)
  })
})
