import { describe, expect, it } from 'vitest'
import { SeededRandom } from '../../../test-support/random.ts'
import { binOfProbability, brierScore, calibrationBins, calibrationLine, expectedCalibrationError, LEAST_SLOPE, logLoss, plattScaling } from './calibration.ts' // biome-ignore format: one line
import { bestThreshold, riskMetrics, rocCurve } from './riskMetrics.ts'
import { rocAuc } from './rocAuc.ts'
import { wilsonInterval } from './wilson.ts'

describe('Wilson interval', () => {
  // Truth: printed examples of the score interval (Newcombe 1998, table I, method 3).
  it.each([
    [81, 263, 0.2553, 0.3662],
    [15, 148, 0.0624, 0.1605],
    [0, 20, 0, 0.1611],
    [1, 29, 0.0061, 0.1718],
  ])('%i of %i', (x, n, low, high) => {
    const [a, b] = wilsonInterval(x, n)
    expect(a).toBeCloseTo(low, 4)
    expect(b).toBeCloseTo(high, 4)
  })

  // Truth: the definition; both ends solve (p - x/n)² = z²·p(1 - p)/n.
  it('solves its equation, and mirrors', () => {
    const [low, high] = wilsonInterval(7, 31)
    for (const p of [low, high]) expect((p - 7 / 31) ** 2).toBeCloseTo((1.959963984540054 ** 2 * p * (1 - p)) / 31, 12)
    const mirrored = wilsonInterval(24, 31)
    expect([1 - mirrored[1], 1 - mirrored[0]]).toEqual([expect.closeTo(low, 12), expect.closeTo(high, 12)])
    expect(wilsonInterval(0, 0)).toEqual([0, 1])
  })
})

describe('calibration', () => {
  // Truth: by hand.
  it('Brier and log loss of four people', () => {
    const p = [0.9, 0.2, 0.6, 0]
    const y = [1, 0, 0, 0]
    expect(brierScore(p, y)).toBeCloseTo((0.01 + 0.04 + 0.36 + 0) / 4, 12)
    expect(logLoss(p, y)).toBeCloseTo(-(Math.log(0.9) + Math.log(0.8) + Math.log(0.4) + Math.log(1 - 1e-7)) / 4, 12)
  })

  it('bins of equal count keep equal probabilities together, and their error is the weighted mean of the gaps', () => {
    const p = [0.1, 0.1, 0.1, 0.4, 0.8, 0.9]
    const y = [0, 0, 1, 1, 1, 1]
    const bins = calibrationBins(p, y, 3)
    expect(bins.map(b => b.n)).toEqual([3, 1, 2])
    expect(bins[0]).toMatchObject({ from: 0, to: 0.25, observed: 1 / 3 })
    expect(bins.at(-1)).toMatchObject({ to: 1, observed: 1 })
    expect(expectedCalibrationError(bins)).toBeCloseTo((3 * Math.abs(0.1 - 1 / 3) + 0.6 + 2 * 0.15) / 6, 12)
    expect(binOfProbability(bins, 0.3)).toBe(bins[1])
    expect(binOfProbability(bins, 1)).toBe(bins[2])
  })

  // Truth: labels drawn from a known logistic; the fit must find it again within its error.
  it('finds intercept and slope of a known logistic; a calibrated model has the line 0, 1', () => {
    const random = new SeededRandom('platt')
    const scores = Array.from({ length: 20_000 }, () => random.normal(0, 1.5))
    const truth = scores.map(s => 1 / (1 + Math.exp(-(0.4 + 0.7 * s))))
    const labels = truth.map(p => (random.chance(p) ? 1 : 0))
    const { intercept, slope } = plattScaling(scores, labels)
    expect(intercept).toBeCloseTo(0.4, 1)
    expect(slope).toBeCloseTo(0.7, 1)
    const line = calibrationLine(truth, labels)!
    expect(Math.abs(line.intercept)).toBeLessThan(0.05)
    expect(Math.abs(line.slope - 1)).toBeLessThan(0.05)
    const bins = calibrationBins(truth, labels)
    expect(bins.filter(b => b.ci95[0] <= b.meanProbability && b.meanProbability <= b.ci95[1]).length).toBeGreaterThanOrEqual(8) // biome-ignore format: one line
  })

  it('has an answer for separated classes and for equal scores', () => {
    expect(plattScaling([-2, -1, 1, 2], [0, 0, 1, 1]).slope).toBeGreaterThan(0.5)
    const flat = plattScaling([1, 1, 1, 1], [0, 1, 1, 1])
    expect(1 / (1 + Math.exp(-(flat.intercept + flat.slope)))).toBeCloseTo((3 * (4 / 5) + 1 / 3) / 4, 6)
    expect(calibrationLine([0.2, 0.2, 0.8, 0.8], [0, 0, 1, 1])).toBeUndefined()
  })
})

// Truth: the derivative of Platt's likelihood by the intercept is 0 there, by hand; ranks are those of the scores.
it('never turns a score round, where a few validation controls happen to score higher', () => {
  const scores = [0.1, 0.3, -0.2, 0.9, 1.4, 0.7]
  const labels = [1, 1, 1, 0, 0, 0]
  const { intercept, slope } = plattScaling(scores, labels)
  expect(slope).toBe(LEAST_SLOPE)
  const p = scores.map(s => 1 / (1 + Math.exp(-(intercept + slope * s))))
  expect(p.reduce((a, b) => a + b, 0)).toBeCloseTo(3 * (4 / 5) + 3 * (1 / 5), 9)
  expect(rocAuc(p, labels)!.auc).toBe(rocAuc(scores, labels)!.auc)
  expect(plattScaling([1, 1], [0, 1]).slope).toBeCloseTo(0, 12)
})

describe('figures of a cohort', () => {
  // Truth: everybody called a case; 386 cases, 240 controls: binary F1 0.763, macro 0.381 (computed by hand).
  it('flags a model that calls everybody a case', () => {
    const labels = Array.from({ length: 626 }, (_, i) => (i < 386 ? 1 : 0))
    const m = riskMetrics(labels.map(() => 0.9), labels, labels.map(() => 'e3/e3'), 0.5) // biome-ignore format: one line
    expect(m.f1.binary).toBeCloseTo(0.763, 3)
    expect(m.f1.macro).toBeCloseTo(0.381, 3)
    expect(m).toMatchObject({ n: 626, cases: 386, accuracy: 386 / 626, majorityAccuracy: 386 / 626 })
    expect(m.auc!.auc).toBe(0.5)
    expect(riskMetrics([0.5], [1], ['e3/e3'], 0.5).auc).toBeNull()
  })

  // Truth: the area under the points by trapezia is the Mann-Whitney AUC.
  it('the curve has the area that the ranks give, and thresholds that fall', () => {
    const random = new SeededRandom('roc')
    const labels = Array.from({ length: 150 }, () => (random.chance(0.4) ? 1 : 0))
    const scores = labels.map(l => Math.round(10 * random.normal(l, 1.2)) / 10)
    const { falsePositiveRate: x, truePositiveRate: y, thresholds } = rocCurve(scores, labels, 1000)
    let area = 0
    for (let i = 1; i < x.length; i++) area += ((x[i]! - x[i - 1]!) * (y[i]! + y[i - 1]!)) / 2
    expect(area).toBeCloseTo(rocAuc(scores, labels)!.auc, 12)
    expect([x.at(-1), y.at(-1), thresholds[0]]).toEqual([1, 1, null])
    expect(thresholds.slice(1).every((t, i) => i === 0 || t! < thresholds[i]!)).toBe(true)
  })

  it('chooses the threshold that separates', () => {
    expect(bestThreshold([0.1, 0.2, 0.6, 0.9], [0, 0, 1, 1])).toBe(0.6)
  })
})
