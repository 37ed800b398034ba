import { expect, it } from 'vitest'
import { RecipeEstimates } from './estimates.ts'
import type { Experiment, PointPlan } from './experiment.ts'
import type { Prediction } from './run.ts'

const of = (points: readonly PointPlan[], visits = 2): Experiment => ({ name: 'length', visits, pointLimitSeconds: 100, notes: [], points, visit: async () => ({}) }) // biome-ignore format: one line
const planned = (n: number): PointPlan[] => Array.from({ length: n }, (_, i) => ({ factors: { i }, graph: () => ({ i }) as never })) // biome-ignore format: one line

// Truth: sums by hand.
it('sums the plans of all points, each at most its limit, over all visits; none where a point tells nothing', async () => {
  let asked = 0
  const predict = async (graph: unknown): Promise<Prediction> => {
    asked++
    const i = (graph as { i: number }).i
    return { seconds: 1, totalSeconds: i === 0 ? 500 : 10, peakBytes: 1 + i, basis: 'typical' }
  }
  const estimates = new RecipeEstimates({ predict, fault() {} }, () => false)
  estimates.ask('graphs', of(planned(3)))
  estimates.ask('graphs', of(planned(3)))
  estimates.ask('own', of([{ factors: {}, estimateSeconds: 7 }], 3))
  estimates.ask('none', of([{ factors: {} }]))
  expect(estimates.of('graphs')).toBeNull()
  await Promise.all([estimates.wait(), estimates.wait()])
  expect(['graphs', 'own', 'none'].map(k => estimates.of(k))).toEqual([2 * (100 + 10 + 10), 21, null])
  expect(asked).toBe(3)
  expect(['graphs', 'own'].map(k => estimates.cost(k))).toEqual([{ seconds: 240, peakBytes: 3 }, undefined])
  estimates.took('graphs', 33)
  estimates.ask('graphs', of(planned(3)))
  await estimates.wait()
  expect([estimates.of('graphs'), asked]).toEqual([33, 3])
})

it('rests while something is measured', async () => {
  let asked = 0
  const predict = async () => {
    asked++
    return null
  }
  let measuring = true
  const estimates = new RecipeEstimates({ predict, fault() {} }, () => measuring)
  estimates.ask('graphs', of(planned(1)))
  await estimates.wait()
  expect(asked).toBe(0)
  measuring = false
  await estimates.wait()
  expect([asked, estimates.of('graphs')]).toEqual([1, null])
})
