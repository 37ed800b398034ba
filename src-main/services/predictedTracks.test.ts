import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { MessageChannel } from 'node:worker_threads'
import { crc32 } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { PREDICT_DEFAULTS, type PredictedBins, REFERENCE } from '../../src-shared/genome/prediction.ts'
import { type Client, createClient } from '../../src-shared/ipc/client.ts'
import type { Args } from '../../src-shared/ipc/contract.ts'
import type { PredictionChanged } from '../../src-shared/ipc/modelMethods.ts'
import { type PortLike, portWire } from '../../src-shared/ipc/portWire.ts'
import { quietContext } from '../../src-shared/job.ts'
import { writeGcModel } from '../../test-support/gc-model.ts'
import { randomBases } from '../../test-support/track-model.ts'
import { buildIndex } from '../readers/indexBuilder.ts'
import { createServices, type Services } from './services.ts'

// The calls about predicted tracks over a real wire, threads and compute process. Truth: base counts of the sequence, by hand.
const work = mkdtempSync(join(tmpdir(), 'predicted-tracks-'))
const BIN = 4
const KEPT = 64
const bases = randomBases(3000, 'contig one')
const other = `${'N'.repeat(500)}${randomBases(500, 'contig two')}`
let services: Services
let page: Client
const ids = new Map<string, string>()
const changes: PredictionChanged[] = []

const start = async () => {
  services = await createServices({
    dataDir: join(work, 'data'),
    modelsDir: join(work, 'models'),
    host: 'headless',
    dialogs: 'browse',
    version: '1.2.3',
    threads: 2,
    startFolder: work,
    roots: [],
    start: { files: [join(work, 'ref.fa'), join(work, 'models', 'gc')] },
  })
  const { port1, port2 } = new MessageChannel()
  services.connect(portWire(port2 as unknown as PortLike))
  page = createClient(portWire(port1 as unknown as PortLike))
  page.on('prediction.changed', change => changes.push(change))
  for (const f of (await page.call('project.current', {})).files) ids.set(f.name, f.id)
}

beforeAll(async () => {
  writeFileSync(join(work, 'ref.fa'), `>one\n${bases.replace(/(.{60})/g, '$1\n')}\n>two\n${other}\n`)
  await buildIndex(join(work, 'ref.fa'), {}, quietContext())
  mkdirSync(join(work, 'models'))
  writeGcModel(join(work, 'models', 'gc'), { binBp: BIN, bins: KEPT / BIN, cropBins: 4 })
  await start()
})
afterAll(async () => {
  await services.close()
  rmSync(work, { recursive: true, force: true })
})

type Asked = Args<'predict.bins'>
const subject = () => ({ modelFileId: ids.get('gc')!, referenceFileId: ids.get('ref.fa')!, options: PREDICT_DEFAULTS, background: REFERENCE }) // biome-ignore format: one line
const asked = (from: number, to: number, more: Partial<Asked> = {}): Asked => ({
  ...subject(),
  interval: { contig: 'one', start: from, end: to },
  channels: [0],
  bins: 1000,
  ...more,
})
/** Asks as a window does: again whenever something was told, until all is there. */
async function settled(args: Asked): Promise<PredictedBins> {
  for (let i = 0; i < 400; i++) {
    const p = await page.call('predict.bins', args)
    if (p.pending !== 'running') return p
    await new Promise(done => setTimeout(done, 25))
  }
  throw new Error('never done')
}
const share = (sequence: string, letters: string, from: number, to = from + BIN) =>
  [...sequence.slice(Math.max(0, from), to)].filter(b => letters.includes(b)).length / BIN
const expected = (p: PredictedBins, letters: string, sequence = bases) =>
  Array.from({ length: p.mean.length / p.channels.length }, (_, i) =>
    Math.fround(share(sequence, letters, p.start + i * BIN)),
  )
const code = (work: Promise<unknown>) => work.then(() => 'fine', e => (e as { code: string }).code) // biome-ignore format: one line

describe('an open model', () => {
  it('says what it is, and finds tracks by words', async () => {
    const facts = await page.call('models.facts', { fileId: ids.get('gc')! })
    expect(facts).toMatchObject({ id: 'gc-content', kind: 'onnx', windowBp: 96, binBp: 4, bins: 16, tracks: 3, input: 'dna', genome: null }) // biome-ignore format: one line
    expect(facts.noGradient).toMatch(/ONNX/)
    expect(facts.assays).toEqual([{ assay: 'BASE', count: 2 }, { assay: 'GC', count: 1 }]) // biome-ignore format: one line
    const find = async (query: string, assay?: string) =>
      (await page.call('models.tracks', { fileId: ids.get('gc')!, query, offset: 0, limit: 10, ...(assay ? { assay } : {}) })).rows.map(r => r.sourceId) // biome-ignore format: one line
    expect(await find('')).toEqual(['gc', 'a', 't'])
    expect(await find('of  SHARE')).toEqual(['gc', 'a', 't']) // words in any order
    expect(await find('share t')).toEqual(['t'])
    expect(await find('dna:2')).toEqual(['t'])
    expect(await find('', 'BASE')).toEqual(['a', 't'])
    expect(await page.call('models.shipped', {})).toEqual([{ id: 'gc-content', name: 'Base content', labels: ['research use only'] }]) // biome-ignore format: one line
    expect((await page.call('models.openShipped', { id: 'gc-content' })).id).toBe(ids.get('gc'))
  })
})

describe('tracks of a view', () => {
  it('are what each bin holds, on a grid from base 0, and are told as they come', async () => {
    changes.length = 0
    const p = await settled(asked(1001, 1900))
    expect([p.start, p.binBp, p.merged, p.windows, p.computed, p.pending]).toEqual([1000, BIN, 1, 15, 15, 'none'])
    expect([...p.mean]).toEqual(expected(p, 'GC'))
    expect(p.max).toEqual(p.mean)
    expect(p.device).toBe('cpu')
    expect(p.warnings).toEqual([])
    expect(changes.length).toBeGreaterThan(0)
    expect(Math.min(...changes.map(c => c.start))).toBe(960)
    expect(Math.max(...changes.map(c => c.end))).toBe(1920)
  })
  it('merge bins where there are more than fit: mean and largest', async () => {
    const p = await settled(asked(0, 900, { bins: 50 }))
    expect([p.merged, p.binBp]).toEqual([5, 20])
    const parts = (i: number) => Array.from({ length: 5 }, (_, k) => share(bases, 'GC', i * 20 + k * BIN))
    for (const i of [0, 7, 44]) {
      expect(p.mean[i]).toBeCloseTo(parts(i).reduce((a, b) => a + b) / 5, 6)
      expect(p.max[i]).toBe(Math.max(...parts(i)))
    }
  })
  it('several channels at once, and on both strands the pair stands for the other', async () => {
    const p = await settled(asked(100, 300, { channels: [2, 0, 1], options: { bothStrands: true, shiftsBp: [0] } }))
    const [t, gc, a] = [expected(p, 'T'), expected(p, 'GC'), expected(p, 'A')]
    expect([...p.mean]).toEqual(t.flatMap((x, i) => [x, gc[i]!, a[i]!]))
  })
  it('shifts are averaged', async () => {
    const p = await settled(asked(400, 500, { options: { bothStrands: false, shiftsBp: [-2, 2] } }))
    const [at] = [(p.start - 400) / BIN]
    const shifted = (i: number) => (share(bases, 'GC', 400 + (i + at) * BIN - 2) + share(bases, 'GC', 400 + (i + at) * BIN + 2)) / 2 // biome-ignore format: one line
    expect(p.mean[3]).toBeCloseTo(shifted(3), 6)
  })
  it('flag bins without a known base, and say how much is N', async () => {
    const p = await settled(asked(480, 560, { interval: { contig: 'two', start: 480, end: 560 } }))
    expect([...p.unknown]).toEqual(Array.from({ length: 20 }, (_, i) => (480 + 4 * i < 500 ? 1 : 0)))
    expect(p.warnings).toEqual(['5 of 20 bins hold no known base (N, or beyond the contig)'])
  })
  it('clip at the end of the contig; what lies wholly beyond is refused, as is an unknown contig or track', async () => {
    expect(await settled(asked(2900, 9000))).toMatchObject({ start: 2900, windows: 2 })
    expect(await code(page.call('predict.bins', asked(3000, 3100)))).toBe('region')
    expect(await code(page.call('predict.bins', asked(0, 9, { interval: { contig: 'three', start: 0, end: 9 } })))).toBe('not-found') // biome-ignore format: one line
    expect(await code(page.call('predict.bins', asked(0, 9, { channels: [3] })))).toBe('not-found')
    expect(await code(page.call('predict.bins', asked(0, 9, { channels: [] })))).toBe('bad-input')
    expect(await code(page.call('predict.bins', asked(0, 9, { modelFileId: ids.get('ref.fa')! })))).toBe('wrong-type')
    expect(await code(page.call('predict.bins', asked(0, 9, { referenceFileId: ids.get('gc')! })))).toBe('wrong-type')
  })
})

describe('the cache', () => {
  it('answers again after a restart without a network, forgets damaged entries, and can be emptied', async () => {
    await settled(asked(1001, 1900))
    await services.close()
    const folder = join(work, 'data', 'predictions')
    const files = readdirSync(folder, { recursive: true }).map(String).filter(n => n.endsWith('.window')) // biome-ignore format: one line
    expect(files.length).toBeGreaterThan(14)
    // Half of them are damaged; the others say 7 in their first bin, with the right checksum.
    for (const [i, name] of files.entries()) {
      const bytes = readFileSync(join(folder, name))
      if (i % 2 === 0) bytes[bytes.length - 9] = bytes[bytes.length - 9]! ^ 1
      else {
        bytes.writeFloatLE(7, 8 + bytes.readUInt32LE(4))
        bytes.writeUInt32LE(crc32(bytes.subarray(0, -4)), bytes.length - 4)
      }
      writeFileSync(join(folder, name), bytes)
    }
    await start()
    const after = await settled(asked(0, 3000))
    const differing = [...after.mean.keys()].filter(i => after.mean[i] !== expected(after, 'GC')[i])
    expect(differing.length).toBeGreaterThan(3)
    expect(differing.every(i => after.mean[i] === 7)).toBe(true)
    const state = await page.call('predict.cache', {})
    expect(state.entries).toBeGreaterThan(14)
    expect(state.bytes).toBeGreaterThan(((state.entries * KEPT) / BIN) * 4)
    expect(await page.call('predict.clearCache', {})).toMatchObject({ bytes: 0, entries: 0 })
    expect(readdirSync(folder, { recursive: true }).map(String).filter(n => n.endsWith('.window'))).toEqual([]) // biome-ignore format: one line
  })
})
