import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { MessageChannel } from 'node:worker_threads'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Client, createClient } from '../../src-shared/ipc/client.ts'
import type { Args } from '../../src-shared/ipc/contract.ts'
import type { JobAsked } from '../../src-shared/ipc/outlookMethods.ts'
import { type PortLike, portWire } from '../../src-shared/ipc/portWire.ts'
import type { JobSnapshot } from '../../src-shared/job.ts'
import { MODELS } from '../models/kinds.ts'
import { type ModelRegistry, modelRegistry } from '../models/registry.ts'
import { readModelJson } from './models/modelFolder.ts'
import { modelEstimate } from './planner/modelEstimate.ts'
import { createPlanner, type ModelWork, type Planner } from './planner/planner.ts'
import { createServices, type Services } from './services.ts'

// What the services say of jobs of the demonstration. Truth: the planner's own word on as many runs as are counted by hand.
const assets = resolve(import.meta.dirname, '../../assets')
const demo = (name: string) => join(assets, 'demo', name)
const work = mkdtempSync(join(tmpdir(), 'diploscope-outlooks-'))
const PLENTY = 64e9
let services: Services
let page: Client
let planner: Planner
const registry: ModelRegistry = modelRegistry(MODELS)
const ids = { tracks: '', risk: '', reference: '', vcf: '', sheet: '', bam: '' }
const tracks = () => readModelJson(join(assets, 'models/demo-tracks'))
const planned = async (runs: number, of: ModelWork['work'] = 'inference') => planner.estimateModel({ json: await tracks(), work: of, runs }) // biome-ignore format: one line

beforeAll(async () => {
  const rows = ['e3e3', 'e3e4'].map((g, i) => `${g}\t${demo(`synthetic-${g}.bam`)}\t${i}`)
  writeFileSync(join(work, 'samples.tsv'), `sample\tbam\tlabel\n${rows.join('\n')}\n`)
  const common = { dataDir: join(work, 'data'), version: '1.2.3', threads: 2 }
  services = await createServices({ ...common, host: 'headless', dialogs: 'browse', startFolder: work, roots: [], estimator: async request => modelEstimate(request, registry), availableBytes: () => PLENTY }) // biome-ignore format: one line
  planner = createPlanner({ ...common, registry, available: () => PLENTY })
  const { port1, port2 } = new MessageChannel()
  services.connect(portWire(port2 as unknown as PortLike))
  page = createClient(portWire(port1 as unknown as PortLike))
  const opened = await services.openPaths([join(assets, 'models/demo-tracks'), join(assets, 'models/apoe-risk-demo'), demo('synthetic-chr19.fa.gz'), demo('synthetic-variants.vcf.gz'), join(work, 'samples.tsv'), demo('synthetic-e3e3.bam')]) // biome-ignore format: one line
  const [model, risk, reference, vcf, sheet, bam] = opened.map(f => f.id) as [string, string, string, string, string, string] // biome-ignore format: one line
  Object.assign(ids, { tracks: model, risk, reference, vcf, sheet, bam })
})
afterAll(async () => {
  await services.close()
  rmSync(work, { recursive: true, force: true, maxRetries: 10 })
})

const outlook = (job: JobAsked) => page.call('jobs.outlook', { job })
const ended = (id: string) =>
  new Promise<JobSnapshot>(done => {
    const stop = page.on('job.changed', job => {
      if (job.id !== id || job.endedAt === undefined) return
      stop()
      done(job)
    })
  })
const took = (job: JobSnapshot) => (job.endedAt! - job.startedAt) / 1000

/** In a part of the contig where the reference has bases. */
const PLACE = { contig: 'chr19', start: 44_905_000, end: 44_905_100 }
const fieldRequest = { protocol: 'default', sequences: 20, seed: 1, source: 'random' } as const
const field = (more: Partial<Args<'field.start'>> = {}): JobAsked => ({ kind: 'field', request: { ...fieldRequest, modelFileId: ids.tracks, ...more } }) // biome-ignore format: one line
const variants = (more: Partial<Args<'variants.start'>> = {}): Extract<JobAsked, { kind: 'variants' }> => ({ kind: 'variants', request: { modelFileId: ids.tracks, referenceFileId: ids.reference, vcfFileId: ids.vcf, channels: [0], score: 'sad', bothStrands: false, ...more } }) // biome-ignore format: one line
const region = () => ({ modelFileId: ids.tracks, referenceFileId: ids.reference, options: { bothStrands: true, shiftsBp: [0] }, background: { kind: 'reference' as const }, interval: PLACE, channels: [0] }) // biome-ignore format: one line
const scan = (method: 'naive' | 'exact' | 'gradient', spanBp = 40): JobAsked => ({ kind: 'scan', request: { modelFileId: ids.tracks, spanBp, answers: 2, method, score: 'sad' } }) // biome-ignore format: one line
const choice = { method: 'svd', keptEnergy: 0.9, layers: {} } as const

describe('before it starts', () => {
  it('a receptive field costs its passes: each sequence as it is, nine mutants and the control', async () => {
    const { seconds, peakBytes } = await planned(20 * 11)
    expect(await outlook(field())).toMatchObject({ seconds, peakBytes, basis: 'typical', refusal: null })
    expect((await outlook(field({ protocol: 'seed', sequences: 5 }))).seconds).toBeCloseTo((await planned(9 * 5 * 3)).seconds, 9) // biome-ignore format: one line
    // Two models one after the other take both times, and the memory of the larger.
    const both = await outlook(field({ compareFileId: ids.tracks }))
    expect(both).toMatchObject({ seconds: 2 * seconds, peakBytes })
  })

  it('a table of variants costs the passes of its alleles', async () => {
    const told = await outlook(variants())
    const [, records, passes] = /^(\d+) variants?, at most (\d+) passes/.exec(told.note) ?? []
    expect(Number(passes)).toBeGreaterThanOrEqual(2 * Number(records))
    expect(told.seconds).toBeCloseTo((await planned(Number(passes))).seconds, 9)
    const strands = await outlook(variants({ bothStrands: true }))
    expect(strands.seconds).toBeGreaterThan(told.seconds!)
    const none = await outlook(variants({ interval: PLACE }))
    expect(none.note).toMatch(/^0 variants, at most 0 passes/)
  })

  it('a region costs its windows on both strands, and nothing once they are there', async () => {
    const told = await outlook({ kind: 'predict', request: region() })
    const windows = Number(/^(\d+)/.exec(told.note)?.[1])
    expect(told.seconds).toBeCloseTo((await planned(2 * windows)).seconds, 9)
    const job = await page.call('predict.region', region())
    const end = await ended(job.id)
    expect(end).toMatchObject({ state: 'done', estimate: { seconds: told.seconds, peakBytes: told.peakBytes } })
    expect(end.cost).toMatchObject({ seconds: took(end) })
    expect(await outlook({ kind: 'predict', request: region() })).toMatchObject({ seconds: null, note: 'All of it is computed already.' }) // biome-ignore format: one line
  })

  it('a scan by full passes costs them and its preview; one of gradients its passes back', async () => {
    const [full, back] = [await planned(3 * 40 + 1), await planned(2, 'gradient')]
    const naive = await outlook(scan('naive'))
    expect(naive.seconds).toBeCloseTo(full.seconds + back.seconds, 9)
    expect(naive.peakBytes).toBe(Math.max(full.peakBytes, back.peakBytes))
    expect(await outlook(scan('gradient'))).toMatchObject({ seconds: back.seconds, peakBytes: back.peakBytes })
  })

  it('an exact scan is told by earlier ones alone', async () => {
    const first = await outlook(scan('exact'))
    expect(first).toMatchObject({ seconds: null, basis: null })
    expect(first.note).toMatch(/known after the first such scan\. By full passes it would be about \d+/)
    const request = { modelFileId: ids.tracks, referenceFileId: ids.reference, interval: { ...PLACE, end: PLACE.start + 20 }, channels: [0], groupMean: false, output: { kind: 'all' }, score: 'sad', method: 'exact', background: { kind: 'reference' } } as const // biome-ignore format: one line
    const { job } = await page.call('scan.start', { request })
    const end = await ended(job.id)
    expect(end.cost?.seconds).toBe(took(end))
    const later = await outlook(scan('exact'))
    expect(later.basis).toBe('earlier')
    // Twice the span takes twice as long, by proportion; the job's own end comes after the scan's.
    expect(later.seconds).toBeGreaterThan(0)
    expect(later.seconds).toBeLessThanOrEqual(2 * took(end) + 0.05)
    const same = await outlook(scan('exact', 20))
    expect(later.seconds! / same.seconds!).toBeCloseTo(2, 6)
  })

  it('attribution costs one pass forward and back', async () => {
    const { seconds, peakBytes } = await planned(1, 'gradient')
    expect(await outlook({ kind: 'attribution', request: { modelFileId: ids.tracks } })).toMatchObject({ seconds, peakBytes }) // biome-ignore format: one line
  })

  it('a compression costs its runs, and says that its factors come on top', async () => {
    const told = await outlook({ kind: 'compression', request: { modelFileId: ids.tracks, choice } })
    // Four visits of at most 28 runs and 16 windows, of each of two models.
    expect(told.seconds).toBeGreaterThan(2 * (4 * (await planned(4)).seconds))
    expect(told.seconds).toBeLessThan(2 * (4 * (await planned(28)).seconds + (await planned(16)).seconds) * 1.01)
    expect(told.peakBytes).toBe((await planned(2)).peakBytes)
    expect(told.note).toContain('comes on top')
  })
})

describe('a job of which only the pace tells', () => {
  const cohort = (again = false): JobAsked => ({ kind: 'cohort', request: { fileId: ids.sheet, modelFileId: ids.risk, again } }) // biome-ignore format: one line

  it('a cohort says so before the first, then what earlier ones took, and what it took itself', async () => {
    const first = await outlook(cohort())
    expect(first).toMatchObject({ seconds: null, basis: null, refusal: null })
    expect(first.note).toMatch(/^2 people to score\. .*not measured on this machine yet/)
    expect(first.peakBytes).toBeGreaterThan(1e7)
    const start = await page.call('risk.cohortStart', { fileId: ids.sheet, modelFileId: ids.risk, again: false })
    const end = await ended(start.id)
    expect(end).toMatchObject({ state: 'done', cost: { seconds: took(end) } })
    const later = await outlook(cohort(true))
    expect(later).toMatchObject({ basis: 'earlier', note: '2 people to score.', peakBytes: first.peakBytes })
    expect(later.seconds).toBeGreaterThan(0)
    expect(later.seconds).toBeLessThanOrEqual(took(end) + 0.05)
    const again = await page.call('risk.cohortStart', { fileId: ids.sheet, modelFileId: ids.risk, again: true })
    expect(await ended(again.id)).toMatchObject({ estimate: { seconds: later.seconds, basis: 'earlier' } })
  })

  it('an index says so before the first', async () => {
    const told = await outlook({ kind: 'index', request: { fileId: ids.bam } })
    expect(told).toMatchObject({ seconds: null, peakBytes: null })
    expect(told.note).toContain('not measured on this machine yet')
  })
})

it('refuses what is no job', async () => {
  await expect(outlook({ kind: 'none', request: {} } as unknown as JobAsked)).rejects.toMatchObject({ code: 'bad-input' }) // biome-ignore format: one line
  await expect(outlook({ kind: 'index', request: {} } as unknown as JobAsked)).rejects.toMatchObject({ code: 'bad-input' }) // biome-ignore format: one line
})
