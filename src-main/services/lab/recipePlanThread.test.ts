import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { TYPICAL_RATES } from '../../analyses/planner/typicalRates.ts'
import { visitCost } from '../planner/modelEstimate.ts'
import { EXPERIMENT_READERS } from './experiments.ts'
import { planPointInThread } from './recipePlanThread.ts'
import { readExperiment, readLabRecipe } from './recipes.ts'

const work = mkdtempSync(join(tmpdir(), 'diploscope-thread-'))
afterAll(() => rmSync(work, { recursive: true, force: true, maxRetries: 10 }))

const planner = { rates: async () => TYPICAL_RATES, calibration: async () => null }

// Truth: the same point, planned here.
it('plans the point of a recipe as it is planned here, and says what is wrong with one that cannot be read', async () => {
  const path = join(work, 'lab.json')
  const recipe = { format: 'diploscope-recipe', formatVersion: 1, task: 'lab', id: 'two', name: 'Two', summary: 'Two points.', experiment: 'length', visits: 1, pointLimitSeconds: 60, parts: [{ job: 'training', width: 48, tracks: 4, layers: [1], lengthsBp: [24576, 32768], models: ['enformer'], warmUp: 1, repeats: 2 }] } // biome-ignore format: one recipe
  writeFileSync(path, JSON.stringify(recipe))
  const file = await readLabRecipe(path, [])
  const { points } = await readExperiment(file, EXPERIMENT_READERS)
  const plan = planPointInThread([], planner)
  const { signal } = new AbortController()
  for (const index of [1, 0]) expect(await plan(file, index, signal)).toEqual({ ...visitCost(points[index]!.graph!(), TYPICAL_RATES), basis: 'typical' }) // biome-ignore format: one line
  await expect(plan({ ...file, path: join(work, 'none.json') }, 0, signal)).rejects.toMatchObject({ code: 'not-found' })
  const controller = new AbortController()
  const stopped = plan(file, 0, controller.signal)
  controller.abort()
  await expect(stopped).rejects.toMatchObject({ code: 'cancelled' })
})
