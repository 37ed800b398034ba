import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { MessageChannel } from 'node:worker_threads'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { CELL, type ScanData, type ScanRequest } from '../../src-shared/genome/scan.ts'
import { type Client, createClient } from '../../src-shared/ipc/client.ts'
import type { EventName } from '../../src-shared/ipc/contract.ts'
import { type PortLike, portWire } from '../../src-shared/ipc/portWire.ts'
import type { ScanProgress, VariantTableProgress } from '../../src-shared/ipc/scanMethods.ts'
import { type JobSnapshot, quietContext } from '../../src-shared/job.ts'
import { mutationModel } from '../../test-support/mutation-model.ts'
import { relativeGap } from '../../test-support/small-network.ts'
import { randomBases, writeTrackModel } from '../../test-support/track-model.ts'
import { MODELS } from '../models/kinds.ts'
import { modelRegistry } from '../models/registry.ts'
import { exportOnnx } from './models/exportOnnx.ts'
import { readModelJson } from './models/modelFolder.ts'
import { createServices, type Services } from './services.ts'

// The services with a small network of random numbers; truths are named with each test.
let folder: string
let services: Services
let page: Client
/** Every look at the clock is 300 ms after the last: every change is told, and scans go on in the smallest steps. */
let clock = 1e12
const bases = [...randomBases(300, 'scans')].map((b, i) => (i === 122 || i > 280 ? 'N' : b)).join('')
const ids = { model: '', reference: '', vcf: '' }

async function start() {
  services = await createServices({
    dataDir: join(folder, 'data'),
    host: 'headless',
    dialogs: 'browse',
    version: '1.2.3',
    startFolder: folder,
    roots: [],
    now: () => {
      clock += 300
      return clock
    },
  })
  const { port1, port2 } = new MessageChannel()
  services.connect(portWire(port2 as unknown as PortLike))
  page = createClient(portWire(port1 as unknown as PortLike))
  await page.call('project.new', {})
  const [model, reference, vcf] = await services.openPaths(['model', 'ref.fa', 'v.vcf'].map(f => join(folder, f)))
  Object.assign(ids, { model: model!.id, reference: reference!.id, vcf: vcf!.id })
}
const next = <T>(event: EventName, wanted: (payload: T) => boolean) =>
  new Promise<T>(done => {
    const stop = page.on(event, payload => {
      if (!wanted(payload as T)) return
      stop()
      done(payload as T)
    })
  })
const ended = (id: string) => next<JobSnapshot>('job.changed', j => j.id === id && j.endedAt !== undefined)
const codeOf = (work: Promise<unknown>) => work.then(() => 'fine', error => (error as { code: string }).code) // biome-ignore format: one line

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'diploscope-scans-'))
  await writeTrackModel(join(folder, 'model'), mutationModel)
  await writeFile(join(folder, 'ref.fa'), `>chr1\n${bases}\n`)
  await writeFile(join(folder, 'ref.fa.fai'), `chr1\t300\t6\t300\t301\n`)
  const row = (pos: number, id: string, alt: string) => `chr1\t${pos}\t${id}\t${bases[pos - 1]}\t${alt}\t.\t.\t.\n`
  const other = (pos: number) => 'ACGT'['ACGT'.indexOf(bases[pos - 1]!) ^ 3]!
  await writeFile(join(folder, 'v.vcf'), `##fileformat=VCFv4.3\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n${row(160, 'late', other(160))}${row(100, 'first', `${other(100)},<DEL>`)}${row(140, 'mid', other(140))}`) // biome-ignore format: one file
  await start()
})
afterAll(async () => {
  await services.close()
  await rm(folder, { recursive: true, force: true, maxRetries: 10 })
})

const request = (more: Partial<ScanRequest> = {}): ScanRequest => ({
  modelFileId: ids.model,
  referenceFileId: ids.reference,
  interval: { contig: '1', start: 115, end: 135 },
  channels: [2, 4],
  groupMean: false,
  output: { kind: 'all' },
  score: 'sad',
  method: 'naive',
  background: { kind: 'reference' },
  ...more,
})
async function done(more: Partial<ScanRequest> = {}): Promise<ScanData> {
  const { scanId, job } = await page.call('scan.start', { request: request(more) })
  expect((await ended(job.id)).state).toBe('done')
  return page.call('scan.get', { scanId })
}

describe('a scan', () => {
  it('gives estimates, then exact values, and says what it is of', async () => {
    const states: string[] = []
    const stop = page.on('scan.changed', p => states.push(`${p.state} ${p.exactCells}`))
    const scan = await done()
    stop()
    expect(states[0]).toBe('running 0') // the preview
    expect(states.at(-1)).toBe('done 57')
    expect(scan).toMatchObject({ state: 'done', exactCells: 57, totalCells: 57, sequence: bases.slice(115, 135) })
    expect(scan.request.interval.contig).toBe('chr1') // the reference's own name
    expect(scan.columns.map(c => c.name)).toEqual(['DNASE:a', 'DNASE:m'])
    expect([...scan.states].filter(s => s === CELL.exact)).toHaveLength(57)
    expect([...scan.states].filter(s => s === CELL.unknown)).toHaveLength(4)
    expect([...scan.states].filter(s => s === CELL.reference)).toHaveLength(19)
    expect(scan.ranWith).toMatch(/^naive, .*CPUExecutionProvider/)
  })
  // Truth: the estimates are the derivative (scanRun.test.ts); here that the preview is near, and only an estimate.
  it('by its gradient alone is told as such', async () => {
    const [estimate, exact] = [await done({ method: 'gradient' }), await done()]
    expect(estimate.exactCells).toBe(0)
    expect([...estimate.states].filter(s => s === CELL.estimate)).toHaveLength(57)
    const both = [...exact.effects.keys()].filter(i => Number.isFinite(exact.effects[i]!))
    const gap = relativeGap(both.map(i => estimate.effects[i]!), both.map(i => exact.effects[i]!)) // biome-ignore format: one line
    expect(gap).toBeGreaterThan(1e-4)
    expect(gap).toBeLessThan(2)
  })
  // Truth: full forward passes.
  it('computed incrementally is what full passes give', async () => {
    const [exact, naive] = [await done({ method: 'exact' }), await done()]
    const both = [...naive.effects.keys()].filter(i => Number.isFinite(naive.effects[i]!))
    expect(relativeGap(both.map(i => exact.effects[i]!), both.map(i => naive.effects[i]!))).toBeLessThan(1e-4) // biome-ignore format: one line
    expect(exact.ranWith).toMatch(/^exact/)
  })
  // Truth: the scan's own cell is the sum of the profile's differences.
  it('shows what one mutation does along the window', async () => {
    const scan = await done()
    const cell = [...scan.states.keys()].find(i => scan.states[i] === CELL.exact)!
    const position = 115 + Math.floor(cell / 4)
    const base = 'ACGT'[cell % 4] as 'A'
    const profile = await page.call('scan.profile', { scanId: scan.scanId, position, base, column: 1 })
    expect(profile).toMatchObject({ ref: bases[position], alt: base, contig: 'chr1', start: scan.answered.start, binBp: 4 }) // biome-ignore format: one line
    const sum = profile.alternative.reduce((s, v, b) => s + v - profile.reference[b]!, 0)
    expect(sum).toBeCloseTo(scan.effects[80 + cell]!, 4)
    expect(await codeOf(page.call('scan.profile', { scanId: scan.scanId, position: 122, base: 'A', column: 0 }))).toBe('region') // biome-ignore format: one line
    expect(await codeOf(page.call('scan.profile', { scanId: scan.scanId, position: 900, base: 'A', column: 0 }))).toBe('bad-input') // biome-ignore format: one line
  })
  it('is verified on demand, and exported with where it comes from', async () => {
    const { scanId } = await done()
    const verified = await page.call('scan.verify', { scanId, cells: 10 })
    expect(verified).toMatchObject({ cells: 10, spearman: expect.closeTo(1, 6) })
    expect((await page.call('scan.get', { scanId })).verified).toEqual(verified)
    const file = await page.call('scan.export', { scanId, format: 'tsv' })
    const text = new TextDecoder().decode((await services.content.download(file.downloadId, true)).bytes)
    expect(text).toMatch(/# model: .*weights SHA-256 [0-9a-f]{64}/)
    expect(text).toContain('# verified: 10 cells')
    expect(text.split('\n').filter(l => l.startsWith('chr1\t'))).toHaveLength(57)
  })
  it('begins at the focus', async () => {
    const { scanId, job } = await page.call('scan.start', { request: request() })
    await page.call('scan.focus', { scanId, position: 134 })
    await next<ScanProgress>('scan.changed', p => p.scanId === scanId && p.exactCells >= 6)
    const { states } = await page.call('scan.get', { scanId })
    await ended(job.id)
    const exact = [...states.keys()].filter(i => states[i] === CELL.exact).map(i => Math.floor(i / 4))
    expect(exact.filter(p => p >= 17).length).toBeGreaterThanOrEqual(3)
  })
})

describe("a person's haplotype", () => {
  // Truth: a scan of a reference with the same alleles written into it.
  it('is mutated as its sequence is, each base at its place on the reference', async () => {
    const [snp, deleted] = [118, 130]
    const other = 'ACGT'['ACGT'.indexOf(bases[snp]!) ^ 1]!
    const lines = [
      '##fileformat=VCFv4.3',
      '##contig=<ID=chr1,length=300>',
      '#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tana',
      `chr1\t${snp + 1}\t.\t${bases[snp]}\t${other}\t.\t.\t.\tGT\t0|1`,
      `chr1\t${deleted}\t.\t${bases.slice(deleted - 1, deleted + 2)}\t${bases[deleted - 1]}\t.\t.\t.\tGT\t0|1`,
    ]
    await writeFile(join(folder, 'ana.vcf'), `${lines.join('\n')}\n`)
    const own = `${bases.slice(0, snp)}${other}${bases.slice(snp + 1, deleted)}${bases.slice(deleted + 2)}`
    await writeFile(join(folder, 'own.fa'), `>chr1\n${own}\n`)
    await writeFile(join(folder, 'own.fa.fai'), `chr1\t298\t6\t298\t299\n`)
    const [people, other2] = await services.openPaths([join(folder, 'ana.vcf'), join(folder, 'own.fa')])
    const haplotype = (h: 0 | 1) => ({ kind: 'haplotype', fileId: people!.id, sample: 'ana', haplotype: h }) as const
    const [first, second] = [await done({ background: haplotype(0) }), await done({ background: haplotype(1) })]
    const plain = await done()
    expect([...first.effects]).toEqual([...plain.effects])
    expect(second.sequence).toBe(`${bases.slice(115, 118)}${other}${bases.slice(119, 130)}NN${bases.slice(132, 135)}`)
    expect([...second.states.subarray(60, 68)]).toEqual(new Array(8).fill(CELL.unknown))
    // The window's middle, base 125, lies before the deletion: there both count alike.
    const written = await done({ referenceFileId: other2!.id, interval: { contig: 'chr1', start: 115, end: 135 } })
    const left = (scan: ScanData) => [0, 1].flatMap(t => [...scan.effects.subarray(80 * t, 80 * t + 60)]).filter(Number.isFinite) // biome-ignore format: one line
    expect(relativeGap(left(second), left(written))).toBeLessThan(1e-5)
    expect(second.warnings.join()).toMatch(/bins are those of the haplotype/)
  })
})

describe('a scan that is stopped', () => {
  it('keeps its part, marked, and goes on where it was, also after a restart', async () => {
    const whole = await done()
    const { scanId, job } = await page.call('scan.start', { request: request() })
    await next<ScanProgress>('scan.changed', p => p.scanId === scanId && p.exactCells > 3)
    const end = ended(job.id)
    await page.call('jobs.cancel', { jobId: job.id })
    expect((await end).state).toBe('cancelled')
    const part = await page.call('scan.get', { scanId })
    expect(part.state).toBe('partial')
    expect(part.exactCells).toBeGreaterThan(3)
    expect(part.exactCells).toBeLessThan(57)
    await services.close()
    await start()
    const listed = await page.call('scan.list', {})
    expect(listed.find(s => s.scanId === scanId)).toMatchObject({ state: 'partial', exactCells: part.exactCells, jobId: null }) // biome-ignore format: one line
    const kept = await page.call('scan.get', { scanId })
    expect(kept.states).toEqual(part.states)
    expect(kept.request.modelFileId).toBe(ids.model) // the id of today
    const again = await page.call('scan.resume', { scanId })
    expect((await ended(again.job.id)).state).toBe('done')
    const resumed = await page.call('scan.get', { scanId })
    expect(resumed.exactCells).toBe(57)
    expect([...resumed.effects]).toEqual([...whole.effects])
    await page.call('scan.close', { scanId })
    expect(existsSync(join(folder, 'data', 'scans', `${scanId}.scan`))).toBe(false)
    expect(await codeOf(page.call('scan.get', { scanId }))).toBe('not-found')
  })
  it('a damaged file of a scan is left out', async () => {
    const scan = await done()
    await services.close()
    await writeFile(join(folder, 'data', 'scans', `${scan.scanId}.scan`), 'DPS1 no scan')
    await start()
    expect((await page.call('scan.list', {})).some(s => s.scanId === scan.scanId)).toBe(false)
    expect((await readdir(join(folder, 'data', 'scans'))).length).toBeGreaterThan(0)
  })
})

describe('what cannot be scanned', () => {
  const refused = (more: Partial<ScanRequest>) => codeOf(page.call('scan.start', { request: request(more) }))
  const at = (startAt: number, end: number, contig = 'chr1') => ({ contig, start: startAt, end })
  it.each([
    ['off the contig', { interval: at(290, 301) }, 'region'],
    ['all N', { interval: at(285, 290) }, 'region'],
    ['longer than the window', { interval: at(0, 65) }, 'region'],
    ['another contig', { interval: at(0, 5, 'chr7') }, 'not-found'],
    ['no track', { channels: [] }, 'bad-input'],
    ['a track beyond the table', { channels: [6] }, 'bad-input'],
    ['bins elsewhere', { output: { kind: 'interval', interval: at(0, 3) } }, 'region'],
    ['a gradient of absmax', { method: 'gradient', score: 'absmax' }, 'unsupported'],
    ['an unknown file', { modelFileId: 'nothing' }, 'not-found'],
  ] as [string, Partial<ScanRequest>, string][])('%s', async (_what, more, code) => {
    expect(await refused(more)).toBe(code)
  })
  it('a model file that is no model', async () => {
    expect(await refused({ modelFileId: ids.reference })).toBe('wrong-type')
    expect(await refused({ referenceFileId: ids.vcf })).toBe('wrong-type')
  })
  it('absmax without a preview says so', async () => {
    const scan = await done({ score: 'absmax' })
    expect(scan.warnings.join()).toMatch(/no preview: score 'absmax'/)
    expect(scan.exactCells).toBe(57)
  })
  it('at the beginning of the contig the window reads N', async () => {
    const scan = await done({ interval: at(0, 4) })
    expect(scan.window.start).toBeLessThan(0)
    expect(scan.exactCells).toBe(12)
  })
})

describe('an imported ONNX graph', () => {
  // Truth: the network that it was exported from.
  it('has no preview and no incremental method, which is said, and is scanned by full passes', async () => {
    const onnx = join(folder, 'foreign')
    await mkdir(onnx)
    const { sha256 } = await exportOnnx(join(folder, 'model'), join(onnx, 'model.onnx'), modelRegistry(MODELS), {}, quietContext()) // biome-ignore format: one call
    const json = await readModelJson(join(folder, 'model'))
    const weights = { file: 'model.onnx', sha256, parameters: 0 }
    await writeFile(join(onnx, 'model.json'), JSON.stringify({ ...json, kind: 'onnx', weights, architecture: {} }))
    const [file] = await services.openPaths([onnx])
    for (const method of ['exact', 'gradient'] as const)
      expect(await codeOf(page.call('scan.start', { request: request({ modelFileId: file!.id, method }) }))).toBe('unsupported') // biome-ignore format: one line
    const [scan, own] = [await done({ modelFileId: file!.id }), await done()]
    expect(scan.warnings.join()).toMatch(/no preview: an imported ONNX graph has no gradient/)
    const both = [...own.effects.keys()].filter(i => Number.isFinite(own.effects[i]!))
    expect(relativeGap(both.map(i => scan.effects[i]!), both.map(i => own.effects[i]!))).toBeLessThan(1e-4) // biome-ignore format: one line
    const asked = { modelFileId: file!.id, referenceFileId: ids.reference, interval: { contig: 'chr1', start: 115, end: 135 }, channels: [2], background: { kind: 'reference' } } as const // biome-ignore format: one line
    expect(await codeOf(page.call('attribution.bins', asked))).toBe('unsupported')
  })
})

describe('attribution', () => {
  // The gradient itself is judged by finite differences (scanRun.test.ts), its product with the input by hand (mutations.test.ts).
  it('is a value a base, 0 where none is known', async () => {
    const interval = { contig: 'chr1', start: 115, end: 135 }
    const found = await page.call('attribution.bins', { modelFileId: ids.model, referenceFileId: ids.reference, interval, channels: [2], background: { kind: 'reference' } }) // biome-ignore format: one call
    expect(found).toMatchObject({ contig: 'chr1', start: 115 })
    expect(found.values).toHaveLength(20)
    expect(found.values[7]).toBe(0) // N
    expect(Math.max(...found.values.map(Math.abs))).toBeGreaterThan(0)
  })
})

describe('variants', () => {
  const table = { score: 'sad', bothStrands: false } as const
  it('are scored in a job, sorted, filtered and exported', async () => {
    const { tableId, job } = await page.call('variants.start', { modelFileId: ids.model, referenceFileId: ids.reference, vcfFileId: ids.vcf, channels: [2, 4], ...table }) // biome-ignore format: one call
    const told = next<VariantTableProgress>('variants.changed', p => p.tableId === tableId && p.state !== 'running')
    const end = await ended(job.id)
    expect(end.state).toBe('done')
    expect((await told).rows).toBe(4)
    const rows = (more = {}) => page.call('variants.rows', { tableId, sort: null, filter: '', minEffect: 0, offset: 0, limit: 10, ...more }) // biome-ignore format: one line
    const all = await rows()
    expect(all.rows.map(r => r.id)).toEqual(['late', 'first', 'first', 'mid'])
    expect(all.counts).toMatchObject({ scored: 3, symbolic: 1 })
    expect((await rows({ sort: { column: -1, descending: false } })).rows.map(r => r.id)).toEqual(['first', 'first', 'mid', 'late']) // biome-ignore format: one line
    const down = await rows({ sort: { column: 0, descending: true } })
    expect(down.rows.at(-1)!.state).toBe('symbolic')
    expect(down.rows[0]!.effects[0]).toBeGreaterThanOrEqual(down.rows[1]!.effects[0]!)
    expect((await rows({ filter: 'first symbolic' })).total).toBe(1)
    expect((await rows({ filter: 'chr1:140' })).rows[0]!.id).toBe('mid')
    expect((await rows({ minEffect: 1e9 })).total).toBe(0)
    expect((await rows({ offset: 3 })).rows.map(r => r.id)).toEqual(['mid'])
    const text = async (format: 'tsv' | 'vcf') => new TextDecoder().decode((await services.content.download((await page.call('variants.export', { tableId, format })).downloadId, true)).bytes) // biome-ignore format: one line
    expect((await text('tsv')).split('\n').filter(l => l.startsWith('chr1\t'))).toHaveLength(4)
    expect((await text('vcf')).split('\n').filter(l => /DSP_STATE=/.test(l))).toHaveLength(3)
  })
})

describe('receptive fields', () => {
  // Truth: convolutions see 3 bases a side here; what the structure cannot reach is exactly unchanged.
  it('are measured beside the structure', async () => {
    const { fieldId, job } = await page.call('field.start', { modelFileId: ids.model, protocol: 'default', sequences: 3, seed: 1, source: 'random' }) // biome-ignore format: one call
    expect((await ended(job.id)).state).toBe('done')
    const [field] = await page.call('field.get', { fieldId })
    expect(field!.control).toEqual({ median: 0, maximum: 0 })
    expect([...field!.effect].every((v, i) => field!.reachable[i] === 1 || v === 0)).toBe(true)
    expect([...field!.reached].filter(Boolean).length).toBeGreaterThan(5)
    const real = await page.call('field.start', { modelFileId: ids.model, compareFileId: ids.model, protocol: 'seed', sequences: 1, seed: 1, source: 'reference', referenceFileId: ids.reference }) // biome-ignore format: one call
    expect((await ended(real.job.id)).state).toBe('done')
    const [one, two] = await page.call('field.get', { fieldId: real.fieldId })
    expect(one!.effect).toEqual(two!.effect)
    expect((await page.call('field.export', { fieldId })).name).toBe('receptive-field.json')
  })
  it('say what is missing', async () => {
    expect(await codeOf(page.call('field.get', { fieldId: 'none' }))).toBe('not-found')
    expect(await codeOf(page.call('field.start', { modelFileId: ids.model, protocol: 'seed', sequences: 1, seed: 1, source: 'reference' }))).toBe('no-reference') // biome-ignore format: one line
  })
})
