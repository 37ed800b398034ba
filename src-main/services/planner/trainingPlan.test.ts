import { describe, expect, it } from 'vitest'
import type { Compute } from '../../compute/client.ts'
import type { PlannedGraph } from '../lab/experiment.ts'
import type { Planner } from './planner.ts'
import { createTrainingPlan } from './trainingPlan.ts'

const graph = { runs: 300 } as PlannedGraph
const compute = { stats: async () => ({ peakRssBytes: 1.1e9 }) } as unknown as Compute
const planner = (basis: 'typical' | 'calibrated') =>
  ({ estimate: async () => ({ seconds: 0.4, totalSeconds: 121, peakBytes: 1.2e9, basis }) }) as unknown as Planner

describe('the plan of a training', () => {
  it('is said before it starts, and then what it took', async () => {
    const said: string[] = []
    let time = 0
    const plan = createTrainingPlan(planner('calibrated'), { compute, note: l => said.push(l), now: () => time, available: () => 2e9 }) // biome-ignore format: one line
    await plan.plan(graph)
    time = 130_000
    await plan.done()
    expect(said).toEqual([
      'about 2 min for 300 steps, 1.2 GB of memory; validation comes on top',
      'took 2 min with validation, 1.1 GB of memory',
    ])
  })

  it('says when the rates are not of this machine', async () => {
    const said: string[] = []
    const plan = createTrainingPlan(planner('typical'), { compute, note: l => said.push(l), now: () => 0, available: () => 2e9 }) // biome-ignore format: one line
    await plan.plan(graph)
    expect(said[0]).toContain('by the rates of a slow machine')
  })

  it('refuses what will not fit, with both numbers', async () => {
    const plan = createTrainingPlan(planner('typical'), { compute, note() {}, now: () => 0, available: () => 1e9 })
    await expect(plan.plan(graph)).rejects.toMatchObject({
      code: 'out-of-memory',
      message: 'this training needs about 1.2 GB of memory and 1.0 GB are free',
    })
    // A step of 0.2 GB and 0.1 GB an example.
    const byBatch = { estimate: async ({ runs }: PlannedGraph) => ({ peakBytes: 0.2e9 + 0.1e9 * runs }) } as unknown as Planner // biome-ignore format: one line
    const batched = createTrainingPlan(byBatch, { compute, note() {}, now: () => 0, available: () => 1e9 })
    await expect(batched.plan({ runs: 16 } as PlannedGraph, { batch: 16, graph: b => ({ runs: b }) as PlannedGraph })).rejects.toMatchObject({ remedy: 'what fits: batch 8' }) // biome-ignore format: one line
  })
})
