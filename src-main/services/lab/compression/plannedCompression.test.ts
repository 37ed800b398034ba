import { expect, it } from 'vitest'
import { WorkbenchError } from '../../../../src-shared/ipc/errors.ts'
import type { ModelJson } from '../../../models/folder/modelJson.ts'
import type { PlanJob } from '../../planner/jobPlanning.ts'
import { plannedCompression } from './plannedCompression.ts'

const json = { id: 'm', input: { type: 'dna' } } as ModelJson
/** A process that starts in a second and takes `run` for a run. */
const plan = (run: number): PlanJob => async () => ({ cost: async runs => ({ seconds: 1 + runs * run, peakBytes: 3e8, basis: 'calibrated' }), peakBytes: async () => undefined }) // biome-ignore format: one line

// Truth: 4 visits of each of two models, 3 runs of warm-up and 25 timed ones or 3 s of them; then 16 windows of each, or 1,000 people.
it.each([
  ['quick', 0.01, {}, 2 * (4 * (1 + 28 * 0.01) + 1 + 16 * 0.01)],
  ['slow', 2, {}, 2 * (4 * (1 + 5 * 2) + 1 + 16 * 2)],
  ['quick risk', 0.01, { risk: {} }, 2 * (4 * (1 + 28 * 0.01) + 1 + 1000 * 0.01)],
])('counts the runs of a %s model', async (_, run, more, seconds) => {
  const cost = await (await plannedCompression(plan(run), { ...json, ...more } as ModelJson))()
  expect(cost).toMatchObject({ peakBytes: 3e8, basis: 'calibrated' })
  expect(cost?.seconds).toBeCloseTo(seconds, 9)
})

it('is planned for processes of its own', async () => {
  const asked: unknown[] = []
  const seen: PlanJob = async work => {
    asked.push(work.ownProcess)
    return plan(1)(work)
  }
  await plannedCompression(seen, json)
  expect(asked).toEqual([true])
})

it('refuses a model that cannot be measured here, and says what can', async () => {
  const none: PlanJob = () => Promise.reject(new WorkbenchError('out-of-memory', 'needs 9 GB', 'what fits: a window of 128 bp')) // biome-ignore format: one line
  await expect(plannedCompression(none, json)).rejects.toMatchObject({ code: 'out-of-memory', message: 'needs 9 GB', remedy: /models factorise/ }) // biome-ignore format: one line
})
