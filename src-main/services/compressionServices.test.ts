import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { quietContext } from '../../src-shared/job.ts'
import { MODELS } from '../models/kinds.ts'
import { modelRegistry } from '../models/registry.ts'
import { createCompressionHandlers } from './compressionServices.ts'
import { createDownloads } from './downloads.ts'
import { createJobs } from './jobs.ts'
import { readModelJson } from './models/modelFolder.ts'
import type { OpenModel, OpenModels } from './models/openModels.ts'
import { unplanned } from './planner/jobPlanning.ts'
import { noRates } from './planner/jobRates.ts'

const work = mkdtempSync(join(tmpdir(), 'diploscope-compression-services-'))
afterAll(() => rmSync(work, { recursive: true, force: true }))

it('keeps no folder of a compression that was cancelled', async () => {
  const folder = resolve(import.meta.dirname, '../../assets/models/demo-tracks')
  const model = { folder, json: await readModelJson(folder), state: 'demo' } as OpenModel
  const jobs = await createJobs({ path: join(work, 'jobs.json'), now: Date.now, tell() {}, fault() {} })
  const { handlers } = createCompressionHandlers({
    models: { use: async () => model } as unknown as OpenModels,
    registry: modelRegistry(MODELS),
    jobs,
    downloads: createDownloads(Date.now),
    dataDir: work,
    recipesDir: undefined,
    dataFolders: [],
    threads: 1,
    open: () => Promise.reject(new Error('not asked for')),
    now: () => 0,
    plan: unplanned,
    rates: noRates,
  })
  const choice = { method: 'svd', keptEnergy: 0.5, layers: {} } as const
  const { id } = await handlers['compression.start']({ modelFileId: 'm', choice }, quietContext())
  const made = join(work, 'compressions')
  while (!existsSync(made) || readdirSync(made).length === 0) await new Promise(done => setTimeout(done, 5))
  jobs.cancel(id)
  expect((await jobs.ended(id)).state).toBe('cancelled')
  expect(readdirSync(made)).toEqual([])
})
