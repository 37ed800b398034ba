import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
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
import type { OpenModels } from './models/openModels.ts'
import { unplanned } from './planner/jobPlanning.ts'
import { noRates } from './planner/jobRates.ts'

const work = mkdtempSync(join(tmpdir(), 'diploscope-compression-services-'))
afterAll(() => rmSync(work, { recursive: true, force: true, maxRetries: 10 }))

const folder = resolve(import.meta.dirname, '../../assets/models/demo-tracks')
type Parts = Parameters<typeof createCompressionHandlers>[0]

/** The handlers over one model's folder: no recipes, no planner, no earlier jobs but those given. */
async function compressions(use: (id: string) => Promise<unknown>, parts: Partial<Parts> = {}) {
  const jobs = await createJobs({ path: join(work, 'jobs.json'), now: Date.now, tell() {}, fault() {} })
  const made = createCompressionHandlers({
    models: { use } as unknown as OpenModels,
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
    ...parts,
  })
  return { jobs, ...made }
}

it('keeps no folder of a compression that was cancelled', async () => {
  const json = await readModelJson(folder)
  const { jobs, handlers } = await compressions(async () => ({ folder, json, state: 'demo' }))
  const choice = { method: 'svd', keptEnergy: 0.5, layers: {} } as const
  const remove = (compressionId: string) => handlers['compression.remove']({ compressionId }, quietContext())
  const { id } = await handlers['compression.start']({ modelFileId: 'm', choice }, quietContext())
  const made = join(work, 'compressions')
  while (!existsSync(made) || readdirSync(made).length === 0) await new Promise(done => setTimeout(done, 5))
  // Neither while it is made nor when it is not there.
  await expect(remove(readdirSync(made)[0]!)).rejects.toMatchObject({ code: 'bad-input', remedy: 'cancel its job first' }) // biome-ignore format: one line
  jobs.cancel(id)
  expect((await jobs.ended(id)).state).toBe('cancelled')
  expect(readdirSync(made)).toEqual([])
  await expect(remove('nothing')).rejects.toMatchObject({ code: 'not-found' })
  // One that is there goes with its folder, and no other does.
  for (const one of ['first', 'second']) {
    mkdirSync(join(made, one, 'demo-tracks-smaller'), { recursive: true })
    writeFileSync(join(made, one, 'report.json'), JSON.stringify({ id: one, createdAt: 0 }))
  }
  expect(await remove('first')).toBeNull()
  expect(readdirSync(made)).toEqual(['second'])
  expect((await handlers['compression.list']({}, quietContext())).map(r => r.id)).toEqual(['second'])
})

it('does not take what another network of the same name took for its own', async () => {
  const json = await readModelJson(folder)
  const trainedAgain = { ...json, weights: { ...json.weights, sha256: 'f'.repeat(64) } }
  const took = new Map<string, number>()
  const cost = { seconds: 5, peakBytes: 1e8, basis: 'typical' } as const
  const { outlook } = await compressions(
    async id => ({ folder, json: id === 'first' ? json : trainedAgain, state: id }),
    {
      plan: async () => ({ cost: async () => cost, peakBytes: async () => undefined }),
      rates: {
        async seconds(kind) {
          if (took.size === 0) took.set(kind, 77)
          return took.get(kind)
        },
        learn: async () => {},
      },
    },
  )
  const ask = (modelFileId: string) => outlook({ modelFileId, choice: { method: 'svd', keptEnergy: 0.5, layers: {} } })
  expect(await ask('first')).toMatchObject({ seconds: 77, basis: 'earlier', note: '' })
  expect(await ask('again')).toMatchObject({ basis: 'typical', note: expect.stringMatching(/^Making the factors comes on top/) }) // biome-ignore format: one line
})
