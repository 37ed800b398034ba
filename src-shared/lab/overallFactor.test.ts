import { expect, it } from 'vitest'
import { dividedCost, overallFactor } from './overallFactor.ts'
import { BASE_COST, PRE_TRAINING, THESIS_FACTORS } from './pages/publishedLowRank.ts'

// Truth: the printed rows of Table 3.2 of the thesis.
it.each([
  [256, '1.48', '1.52', '1406 - 4686', '442.2'],
  [128, '1.98', '1.13', '1045 - 3484', '328.8'],
  [64, '2.50', '0.90', '831 - 2768', '261.2'],
  [32, '2.63', '0.85', '789 - 2629', '248.1'],
])('the factor of rank %d gives the printed costs', (rank, eff, petaflop, usd, carbon) => {
  const { factor } = THESIS_FACTORS.find(t => t.rank === rank)!
  const cost = dividedCost(BASE_COST, factor)
  expect(factor.toFixed(2)).toBe(eff)
  expect(cost.petaflopDays.toFixed(2)).toBe(petaflop)
  expect(cost.dollars.map(Math.round).join(' - ')).toBe(usd)
  expect(cost.carbonKg.toFixed(1)).toBe(carbon)
})

// Truth: equation 3.10 by hand, 0.9 · 2 + 0.1 · 1.5.
it('the overall factor is the mean of the speed-ups by their shares, which sum to 1', () => {
  expect(PRE_TRAINING.reduce((sum, p) => sum + p.share, 0)).toBe(1)
  const speedUps = [2, 1.5]
  expect(overallFactor(PRE_TRAINING.map((p, i) => ({ share: p.share, speedUp: speedUps[i]! })))).toBeCloseTo(1.95, 12)
})
