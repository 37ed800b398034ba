import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { MessageChannel } from 'node:worker_threads'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type Client, createClient } from '../../src-shared/ipc/client.ts'
import type { JobAsked } from '../../src-shared/ipc/outlookMethods.ts'
import { type PortLike, portWire } from '../../src-shared/ipc/portWire.ts'
import { MODELS } from '../models/kinds.ts'
import { modelRegistry } from '../models/registry.ts'
import { readModelJson } from './models/modelFolder.ts'
import { modelEstimate } from './planner/modelEstimate.ts'
import { createPlanner, type ModelWork } from './planner/planner.ts'
import { atWindow } from './predict/windowLength.ts'
import { createServices, type Services } from './services.ts'

// The demonstration's network over a window of 262,144 bp, on a machine that has next to no memory left.
const assets = resolve(import.meta.dirname, '../../assets')
const work = mkdtempSync(join(tmpdir(), 'diploscope-refusals-'))
const registry = modelRegistry(MODELS)
const WINDOW = 262_144
const common = { dataDir: work, version: '1.2.3', threads: 2 }
const planner = createPlanner({ ...common, registry, available: () => 64e9 })
let services: Services
let page: Client
let room = 100e6
let modelFileId = ''
let referenceFileId = ''
const peakOf = async (of: ModelWork['work'], length: number) => (await planner.estimateModel({ json: await readModelJson(join(work, 'long')), work: of, length })).peakBytes // biome-ignore format: one line

beforeAll(async () => {
  const folder = join(work, 'long')
  cpSync(join(assets, 'models/demo-tracks'), folder, { recursive: true })
  writeFileSync(join(folder, 'model.json'), JSON.stringify(atWindow(await readModelJson(folder), WINDOW, registry)))
  services = await createServices({ ...common, host: 'headless', dialogs: 'browse', startFolder: work, roots: [], estimator: async request => modelEstimate(request, registry), availableBytes: () => room }) // biome-ignore format: one line
  const { port1, port2 } = new MessageChannel()
  services.connect(portWire(port2 as unknown as PortLike))
  page = createClient(portWire(port1 as unknown as PortLike))
  const opened = await services.openPaths([folder, join(assets, 'demo/synthetic-chr19.fa.gz')])
  ;[modelFileId, referenceFileId] = opened.map(f => f.id) as [string, string]
  await page.call('app.devices', {}) // starts the process that computes: what it holds is free for its jobs
})
afterAll(async () => {
  await services.close()
  rmSync(work, { recursive: true, force: true, maxRetries: 10 })
})

const place = () => ({ modelFileId, referenceFileId, options: { bothStrands: false, shiftsBp: [0] }, background: { kind: 'reference' as const }, interval: { contig: 'chr19', start: 44_905_000, end: 44_905_100 }, channels: [0] }) // biome-ignore format: one line
const field = () => ({ modelFileId, protocol: 'default', sequences: 20, seed: 1, source: 'random' } as const) // biome-ignore format: one line
const compression = () => ({ modelFileId, choice: { method: 'svd', keptEnergy: 0.9, layers: {} } }) as const
const KINDS: Readonly<
  Record<
    string,
    { readonly of: ModelWork['work']; readonly ask: () => JobAsked; readonly start: () => Promise<unknown> }
  >
> = {
  'a receptive field': { of: 'inference', ask: () => ({ kind: 'field', request: field() }), start: () => page.call('field.start', field()) }, // biome-ignore format: one line a kind
  'a file of a whole track': { of: 'inference', ask: () => ({ kind: 'predict', request: place() }), start: () => page.call('predict.export', { ...place(), format: 'tsv' }) }, // biome-ignore format: one line a kind
  attribution: { of: 'gradient', ask: () => ({ kind: 'attribution', request: { modelFileId } }), start: () => page.call('attribution.bins', place()) }, // biome-ignore format: one line a kind
}

it.each(Object.keys(KINDS))(
  '%s that will not fit: its form names what does, and the start refuses it',
  async kind => {
    const { of, ask, start } = KINDS[kind]!
    const told = await page.call('jobs.outlook', { job: ask() })
    expect(told).toMatchObject({ seconds: null, peakBytes: null, basis: null })
    const [, needed, free] = /^(?:running|the gradient of) 'demo-tracks' needs about ([\d.]+ .B) of memory and (\d+) MB are free$/.exec(told.refusal!.message) ?? [] // biome-ignore format: one line
    expect(needed).toBeDefined()
    // Truth: that window fits by the planner's own estimate, and twice as long a one does not.
    const window = Number(/^what fits: a window of ([\d,]+) bp$/.exec(told.refusal!.remedy)?.[1]?.replaceAll(',', ''))
    expect(await peakOf(of, window)).toBeLessThanOrEqual((Number(free) + 0.5) * 1e6)
    expect(await peakOf(of, 2 * window)).toBeGreaterThan((Number(free) - 0.5) * 1e6)
    await expect(start()).rejects.toMatchObject({ code: 'out-of-memory' })
  },
  60_000,
)

it('a compression that cannot be measured: what can be done instead', async () => {
  const told = await page.call('jobs.outlook', { job: { kind: 'compression', request: compression() } })
  expect(told.refusal?.remedy).toContain("without measuring, with 'diploscope models factorise'")
  await expect(page.call('compression.start', compression())).rejects.toMatchObject({ code: 'out-of-memory' })
})

it('a view: why nothing is drawn', async () => {
  const look = () => page.call('predict.bins', { ...place(), bins: 100 })
  const changed = new Promise(done => page.on('prediction.changed', done))
  const first = await look()
  if (!first.failure) await changed
  const { failure } = await look()
  expect(failure).toMatchObject({ code: 'out-of-memory' })
  expect(failure?.remedy).toMatch(/^what fits: a window of [\d,]+ bp$/)
})

it('a scan of gradients that would fit as full passes says so', async () => {
  room = 1e9
  const ask = (method: 'gradient' | 'naive') => page.call('jobs.outlook', { job: { kind: 'scan', request: { modelFileId, spanBp: 20, answers: 1, method, score: 'sad' } } }) // biome-ignore format: one line
  expect((await ask('gradient')).refusal?.remedy).toBe('what fits: method naive or exact, over the same window')
  expect((await ask('naive')).refusal).toBeNull()
})
