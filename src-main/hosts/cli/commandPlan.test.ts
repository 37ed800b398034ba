import { expect, it } from 'vitest'
import { WorkbenchError } from '../../../src-shared/ipc/errors.ts'
import type { Compute } from '../../compute/client.ts'
import type { ModelJson } from '../../models/folder/modelJson.ts'
import type { PlanJob } from '../../services/planner/jobPlanning.ts'
import { planCommand } from './commandPlan.ts'

const json = { id: 'm' } as ModelJson
const plan = (basis: 'typical' | 'calibrated'): PlanJob => async () => ({ cost: async runs => ({ seconds: 2 * runs, peakBytes: 3e8, basis }), peakBytes: async () => 2.5e8 }) // biome-ignore format: one line
const run = async (by: PlanJob, device: 'cpu' | 'cuda' = 'cpu') => {
  const said: string[] = []
  let time = 0
  const works = [{ json, passes: 60 }, { json, passes: 30 }] // biome-ignore format: one list
  const planned = await planCommand(works, { io: { note: l => said.push(l) }, compute: {} as Compute, device, plan: by, now: () => time }) // biome-ignore format: one line
  time = 240_000
  await planned.done()
  return said
}

// Truth: 90 passes of two seconds; four minutes by the clock.
it('says what two models after one another will cost, and what they took', async () => {
  expect(await run(plan('calibrated'))).toEqual(['about 3 min, 300 MB of memory', 'took 4 min, 250 MB of memory'])
})

it('says when the rates are not of this machine, and nothing of another device', async () => {
  expect((await run(plan('typical')))[0]).toMatch(/^about 3 min, 300 MB of memory \(by the rates of a slow machine;/)
  expect(await run(plan('calibrated'), 'cuda')).toEqual([])
})

it('refuses what will not fit', async () => {
  const none: PlanJob = () => Promise.reject(new WorkbenchError('out-of-memory', 'needs 9 GB', 'what fits: a window of 128 bp')) // biome-ignore format: one line
  await expect(run(none)).rejects.toMatchObject({ code: 'out-of-memory', remedy: 'what fits: a window of 128 bp' })
})
