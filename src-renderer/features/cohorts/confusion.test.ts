import { describe, expect, it } from 'vitest'
import { riskRow } from '../../../test-support/risk-rows.ts'
import { confusionAt, scoreBins } from './confusion.ts'

const row = (label: 0 | 1 | null, probability: number | null) => riskRow('s', label, probability)

describe('calls at a threshold (truth: counted by hand)', () => {
  const rows = [row(1, 0.9), row(1, 0.5), row(1, 0.2), row(0, 0.5), row(0, 0.1), row(null, 0.9), row(1, null)]

  it('counts a probability at the threshold as a case, and leaves out who has no label or no score', () => {
    expect(confusionAt(rows, 0.5)).toEqual({
      truePositives: 2,
      falsePositives: 1,
      trueNegatives: 1,
      falseNegatives: 1,
      sensitivity: 2 / 3,
      specificity: 1 / 2,
      precision: 2 / 3,
      accuracy: 3 / 5,
    })
  })

  it('has no share of nothing', () => {
    expect(confusionAt([row(0, 0.1)], 0.5)).toMatchObject({ sensitivity: null, precision: null, specificity: 1 })
    expect(confusionAt([], 0.5).accuracy).toBeNull()
  })

  it('puts a probability of 1 into the last bin; the shares of a class add up to 1', () => {
    const bins = scoreBins([row(1, 1), row(1, 0.999), row(1, 0), row(1, 0.05)], 1)
    expect([bins[0], bins[1], bins[19]]).toEqual([0.25, 0.25, 0.5])
    expect(bins.reduce((a, b) => a + b, 0)).toBeCloseTo(1, 12)
  })
})
