import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
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
import { writeBigWig } from '../readers/bigwigWriter.ts'
import { buildIndex } from '../readers/indexBuilder.ts'
import { openSignal } from '../readers/signal.ts'
import { createServices, type Services } from './services.ts'

// The calls about predicted tracks over a real wire, threads and compute process. Truth: base counts of the sequence, by hand.
const work = mkdtempSync(join(tmpdir(), 'predicted-tracks-'))
const BIN = 4
const KEPT = 64
const bases = randomBases(3000, 'contig one')
const other = `${'N'.repeat(500)}${randomBases(500, 'contig two')}`
const long = randomBases(6400, 'contig three')
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
    start: { files: ['ref.fa', 'models/gc', 'same.bw', 'sparse.bw', 'other.bw', 'constant.bw', 'empty.bw', 'elsewhere.bw', 'person.vcf'].map(f => join(work, f)) }, // biome-ignore format: one line
  })
  const { port1, port2 } = new MessageChannel()
  services.connect(portWire(port2 as unknown as PortLike))
  page = createClient(portWire(port1 as unknown as PortLike))
  page.on('prediction.changed', change => changes.push(change))
  for (const f of (await page.call('project.current', {})).files) ids.set(f.name, f.id)
}

beforeAll(async () => {
  writeFileSync(join(work, 'ref.fa'), `>one\n${bases.replace(/(.{60})/g, '$1\n')}\n>two\n${other}\n>long\n${long}\n`)
  await buildIndex(join(work, 'ref.fa'), {}, quietContext())
  mkdirSync(join(work, 'models'))
  writeGcModel(join(work, 'models', 'gc'), { binBp: BIN, bins: KEPT / BIN, cropBins: 4, tracks: [{}, { transform: { sum_stat: 'mean', scale: 2 } }] }) // biome-ignore format: one line
  const starts = Array.from({ length: bases.length / BIN }, (_, i) => i * BIN)
  const kept = starts.filter(at => at < 1200 || at >= 1280)
  const signal = (name: string, of: readonly number[], value: (at: number) => number, contigs = [{ name: 'one', length: 3000 }]) =>
    writeFileSync(join(work, name), writeBigWig(contigs, [{ contig: 'one', starts: of, ends: of.map(at => at + BIN), values: of.map(value) }])) // biome-ignore format: one line
  signal('same.bw', kept, at => 8 * share(bases, 'GC', at))
  signal(
    'sparse.bw',
    starts.filter(at => share(bases, 'GC', at) > 0),
    at => 8 * share(bases, 'GC', at),
  )
  signal('other.bw', starts, at => share(bases, 'AC', at))
  signal('constant.bw', starts, () => 2)
  signal('empty.bw', [], () => 0)
  signal('elsewhere.bw', starts, () => 1, [{ name: 'one', length: 3004 }])
  const changes = [
    ['one', 1041, '.', bases[1040], bases[1040] === 'G' ? 'A' : 'G', '.', '.', '.', 'GT', '0|1'],
    ['one', 1064, '.', bases.slice(1063, 1068), bases[1063], '.', '.', '.', 'GT', '1|0'],
  ]
  writeFileSync(join(work, 'person.vcf'), `##fileformat=VCFv4.2\n##contig=<ID=one,length=3000>\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tS\n${changes.map(c => `${c.join('\t')}\n`).join('')}`) // biome-ignore format: one line
  await start()
})
afterAll(async () => {
  await services.close()
  rmSync(work, { recursive: true, force: true, maxRetries: 10 })
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
  for (;;) {
    const p = await page.call('predict.bins', args)
    if (p.pending !== 'running') return p
    await new Promise(done => setTimeout(done, 25))
  }
}
const share = (sequence: string, letters: string, from: number, to = from + BIN) =>
  [...sequence.slice(Math.max(0, from), to)].filter(b => letters.includes(b)).length / BIN
const expected = (p: PredictedBins, letters: string, sequence = bases) =>
  Array.from({ length: p.mean.length / p.channels.length }, (_, i) =>
    Math.fround(share(sequence, letters, p.start + i * BIN)),
  )
const naive = (pairs: readonly (readonly [number, number])[]) => {
  const mean = (k: 0 | 1) => pairs.reduce((n, p) => n + p[k], 0) / pairs.length
  const [a, b] = [mean(0), mean(1)]
  const sum = (f: (p: readonly [number, number]) => number) => pairs.reduce((n, p) => n + f(p), 0)
  return sum(p => (p[0] - a) * (p[1] - b)) / Math.sqrt(sum(p => (p[0] - a) ** 2) * sum(p => (p[1] - b) ** 2))
}
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
  it('in the units of the signal the training transform is undone, bin by bin', async () => {
    const p = await settled(asked(1000, 1200, { channels: [0, 1], units: 'signal' }))
    const plain = await settled(asked(1000, 1200, { channels: [0, 1] }))
    // The second track learnt twice the coverage.
    expect([...p.mean]).toEqual([...plain.mean].map((x, i) => (i % 2 === 1 ? x / 2 : x)))
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

describe('against experiment', () => {
  const compare = (signalFileId: string, from: number, to: number, more: Partial<Args<'predict.compare'>> = {}) =>
    page.call('predict.compare', { modelFileId: ids.get('gc')!, referenceFileId: ids.get('ref.fa')!, channel: 0, signalFileId, options: PREDICT_DEFAULTS, units: 'model', interval: { contig: 'one', start: from, end: to }, scale: 'linear', ...more }) // biome-ignore format: one line

  it('the same thing measured correlates fully; bins without a value are left out', async () => {
    const c = await compare(ids.get('same.bw')!, 1000, 2000)
    expect([c.start, c.n, c.pearson, c.spearman]).toEqual([1000, 230, 1, 1])
    expect([...c.used].map((u, i) => (u ? 0 : 1000 + i * BIN)).filter(Boolean)).toEqual(Array.from({ length: 20 }, (_, i) => 1200 + i * BIN)) // biome-ignore format: one line
    expect(c.warnings).toEqual([
      '20 of 250 bins have no value in the signal file: they are left out, since the file stores zeros',
    ])
    expect(c.observed[0]).toBeCloseTo(8 * c.predicted[0]!, 5)
    expect(c.hexbin.count.reduce((a, b) => a + b)).toBe(230)
    expect(c.units).toMatch(/names no transform/)
  })
  it('bins without a value count as 0 in a file that stores no zeros', async () => {
    const c = await compare(ids.get('sparse.bw')!, 1000, 2000)
    expect([c.n, c.pearson]).toEqual([250, 1])
    expect(c.warnings).toEqual([expect.stringMatching(/^\d+ of 250 bins have no value in the signal file: they count as 0/)]) // biome-ignore format: one line
  })
  it('something else correlates as the formula says, in the region and in each of several', async () => {
    const c = await compare(ids.get('other.bw')!, 0, 400)
    const pairs = [...c.used.keys()].map(i => [share(bases, 'GC', i * BIN), share(bases, 'AC', i * BIN)] as const)
    expect(c.pearson).toBeCloseTo(naive(pairs), 6)
    const regions = await page.call('predict.compareRegions', { modelFileId: ids.get('gc')!, referenceFileId: ids.get('ref.fa')!, channel: 0, signalFileId: ids.get('other.bw')!, options: PREDICT_DEFAULTS, units: 'model', intervals: [{ contig: 'one', start: 0, end: 200 }, { contig: 'one', start: 200, end: 400 }] }) // biome-ignore format: one line
    expect(regions.map(r => r.n)).toEqual([50, 50])
    expect(regions[1]!.pearson).toBeCloseTo(naive(pairs.slice(50)), 6)
  })
  it('a file of another assembly is refused; one without values or constant says so', async () => {
    expect(await code(compare(ids.get('elsewhere.bw')!, 0, 400))).toBe('build')
    expect(await code(compare(ids.get('ref.fa')!, 0, 400))).toBe('wrong-type')
    expect(await code(compare(ids.get('same.bw')!, 0, 4000))).toBe('region')
    expect(await compare(ids.get('empty.bw')!, 0, 400)).toMatchObject({ n: 0, pearson: null, warnings: ['the signal file has no value in this region'] }) // biome-ignore format: one line
    expect((await compare(ids.get('constant.bw')!, 0, 400)).warnings).toEqual(['the signal is constant here: it has no correlation']) // biome-ignore format: one line
  })
})

describe('what is handed over', () => {
  const exported = async (
    format: 'bigwig' | 'bedgraph' | 'tsv',
    channels: readonly number[],
    units: 'model' | 'signal' = 'model',
  ) =>
    page.call('predict.export', {
      ...subject(),
      interval: { contig: 'one', start: 2990, end: 3000 },
      channels,
      format,
      units,
    })
  const textOf = async (id: string) => new TextDecoder().decode((await services.content.download(id, false)).bytes)

  it('a bedGraph and a table say where they come from and hold the numbers', async () => {
    const { downloadId, name } = await exported('bedgraph', [0])
    expect(name).toBe('gc-content_one_2991-3000.bedgraph')
    const lines = (await textOf(downloadId)).trim().split('\n')
    const sha = /"sha256":"(\w+)"/.exec(readFileSync(join(work, 'models', 'gc', 'model.json'), 'utf8'))![1]
    expect(lines).toContain(`# model: gc-content (Base content), weights SHA-256 ${sha}`)
    expect(lines.some(l => /^# reference: ref.fa, \d+ bytes, sha256 [0-9a-f]{64}$/.test(l))).toBe(true)
    const rows = lines.filter(l => !l.startsWith('#')).map(l => l.split('\t')) // biome-ignore format: one line
    expect(rows).toEqual(
      [2988, 2992, 2996].map(at => ['one', String(at), String(at + BIN), String(share(bases, 'GC', at))]),
    )
    const table = (await textOf((await exported('tsv', [0, 2])).downloadId)).split('\n').filter(l => !l.startsWith('#')) // biome-ignore format: one line
    expect(table[0]).toBe('contig\tstart\tend\tgc\tt')
    expect(table.length).toBe(5)
    // The second track learnt twice the coverage.
    const undone = await textOf((await exported('bedgraph', [1], 'signal')).downloadId)
    expect(undone).toContain('# units: coverage of the bin: the training transforms are undone')
    expect(undone.trim().split('\n').slice(-3).map(l => Number(l.split('\t')[3]))).toEqual([2988, 2992, 2996].map(at => share(bases, 'A', at) / 2)) // biome-ignore format: one line
  })
  it('a bigWig comes with its provenance beside it, and holds one track', async () => {
    const { downloadId, provenance } = await exported('bigwig', [0])
    const path = join(work, 'out.bw')
    writeFileSync(path, (await services.content.download(downloadId, false)).bytes)
    const signal = await openSignal(path)
    const { mean } = await signal.bins({ contig: 'one', start: 2988, end: 3000 }, 3, quietContext())
    await signal.close()
    expect([...mean]).toEqual([2988, 2992, 2996].map(at => share(bases, 'GC', at)))
    expect(JSON.parse(await textOf(provenance!.downloadId))).toMatchObject({ version: '1.2.3', model: { id: 'gc-content' }, device: 'cpu' }) // biome-ignore format: one line
    expect(await code(exported('bigwig', [0, 1]))).toBe('wrong-usage')
  })
  it('the model as it is', async () => {
    const { downloadId, name } = await page.call('models.export', { fileId: ids.get('gc')!, format: 'onnx' })
    expect(name).toBe('gc-content.onnx')
    expect(Buffer.from((await services.content.download(downloadId, false)).bytes)).toEqual(readFileSync(join(work, 'models', 'gc', 'gc.onnx'))) // biome-ignore format: one line
  })
})

describe("a person's own tracks", () => {
  // chr one: 1000..1063 is one kept window. Two phased changes: a substitution on haplotype 1, a deletion on haplotype 0.
  const swap = (at: number) => (bases[at] === 'G' ? 'A' : 'G')
  const background = (haplotype: 0 | 1, sample = 'S') => ({ kind: 'haplotype' as const, fileId: ids.get('person.vcf')!, sample, haplotype }) // biome-ignore format: one line
  const view = (more: Partial<Asked> = {}) => asked(1024, 1088, more)

  it('are those of each haplotype, in bins of the reference', async () => {
    const plain = await settled(view())
    const [zero, one] = [
      await settled(view({ background: background(0) })),
      await settled(view({ background: background(1) })),
    ]
    const edited = `${bases.slice(0, 1040)}${swap(1040)}${bases.slice(1041)}`
    expect([...one.mean]).toEqual(expected(one, 'GC', edited))
    expect(one.mean).not.toEqual(plain.mean)
    // The window's middle, 1056, keeps its place: what is deleted after it pulls the rest back by 4 bases, a whole bin.
    const shorter = `${bases.slice(0, 1064)}${bases.slice(1068)}`
    const bin = (i: number) => share(i < 10 ? bases : shorter, 'GC', i < 10 ? 1024 + i * BIN : 1024 + (i - 1) * BIN)
    expect([...zero.mean]).toEqual(Array.from({ length: 16 }, (_, i) => (i === 10 ? Number.NaN : Math.fround(bin(i)))))
    expect([...zero.deleted!]).toEqual(Array.from({ length: 16 }, (_, i) => (i === 10 ? 1 : 0)))
    expect(zero.warnings).toEqual([expect.stringMatching(/^1 bins without a value/)])
    expect(plain.deleted).toBeUndefined()
  })
  it('are exported under the number that the window shows', async () => {
    const { options } = asked(1024, 1088)
    const { downloadId } = await page.call('predict.export', { modelFileId: ids.get('gc')!, referenceFileId: asked(0, 1).referenceFileId, options, background: background(1), interval: { contig: 'one', start: 1024, end: 1088 }, channels: [0], format: 'tsv' }) // biome-ignore format: one line
    const text = new TextDecoder().decode((await services.content.download(downloadId, false)).bytes)
    expect(text).toContain('# background: haplotype 2 of sample S (second allele of a phased genotype)\n')
  })
  it('of an unknown sample, or of a file that holds no person, are refused', async () => {
    expect(await code(page.call('predict.bins', view({ background: background(0, 'T') })))).toBe('not-found')
    expect(await code(page.call('predict.bins', view({ background: { ...background(0), fileId: ids.get('same.bw')! } })))).toBe('wrong-type') // biome-ignore format: one line
  })
})

describe('a region as a job', () => {
  it('fills the cache for views that are too wide to be computed as they are', async () => {
    const wide = asked(0, 3000, { options: { bothStrands: true, shiftsBp: [0] }, interval: { contig: 'long', start: 0, end: 6400 }, bins: 100 }) // biome-ignore format: one line
    expect(await code(page.call('predict.bins', wide))).toBe('unsupported')
    const { bins: _bins, ...region } = wide
    const { id } = await page.call('predict.region', region)
    while ((await page.call('jobs.list', {})).find(j => j.id === id)?.endedAt === undefined) await new Promise(done => setTimeout(done, 20)) // biome-ignore format: one line
    expect((await page.call('jobs.list', {})).find(j => j.id === id)).toMatchObject({ state: 'done', kind: 'predict' })
    const p = await page.call('predict.bins', wide)
    expect(p).toMatchObject({ windows: 100, computed: 100, pending: 'none', merged: 16 })
    expect(p.mean[7]).toBeCloseTo([...long.slice(448, 512)].filter(b => 'GC'.includes(b)).length / 64, 6)
  })
})

describe('the test of correctness', () => {
  it('passes a sound model, and names what is wrong with others', async () => {
    const check = await page.call('models.check', { fileId: ids.get('gc')! })
    expect(check.findings.filter(f => !f.ok)).toEqual([])
    expect(check.findings.map(f => f.what)).toEqual(['weights', 'shape', 'finite', 'repeatable', 'unknown bases', 'device']) // biome-ignore format: one line
    const open = async (name: string) => (await services.openPaths([join(work, name)]))[0]!.id
    writeGcModel(join(work, 'nan'), { binBp: BIN, bins: 16, cropBins: 4, factor: Number.NaN })
    const nan = await open('nan')
    expect((await page.call('models.check', { fileId: nan })).findings.filter(f => !f.ok).map(f => f.what)).toEqual(['finite', 'repeatable', 'unknown bases']) // biome-ignore format: one line
    const spoilt = await settled(asked(0, 100, { modelFileId: nan }))
    expect(spoilt.failure).toMatchObject({ code: 'not-finite' })
    expect([...spoilt.mean].every(Number.isNaN)).toBe(true)
    writeGcModel(join(work, 'cut'), { binBp: BIN, bins: 16, cropBins: 4 })
    truncateSync(join(work, 'cut', 'gc.onnx'), 400)
    const cut = await open('cut')
    expect((await settled(asked(1500, 1600, { modelFileId: cut, options: { bothStrands: false, shiftsBp: [7] } }))).failure).toMatchObject({ code: 'bad-model' }) // biome-ignore format: one line
    expect((await page.call('models.check', { fileId: cut })).ok).toBe(false)
    writeGcModel(join(work, 'odd'), { binBp: BIN, bins: 16, cropBins: 4 })
    const path = join(work, 'odd', 'model.json')
    writeFileSync(path, readFileSync(path, 'utf8').replace('"cropBins":4', '"cropBins":5'))
    expect(await code(page.call('predict.bins', asked(0, 100, { modelFileId: await open('odd') })))).toBe('bad-model')
    writeFileSync(path, readFileSync(path, 'utf8').replace('"tracks":3', '"tracks":4'))
    expect(await code(page.call('models.facts', { fileId: await open('odd') }))).toBe('bad-model')
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

describe('opening a model', () => {
  it('any of its files is the folder; the dialog shows the folder as something to open', async () => {
    const model = ids.get('gc')!
    for (const name of ['model.json', 'gc.onnx'])
      expect((await services.openPaths([join(work, 'models', 'gc', name)])).map(f => f.id)).toEqual([model])
    expect((await services.openPaths(['model.json', 'gc.onnx'].map(n => join(work, 'models', 'gc', n)))).length).toBe(1) // biome-ignore format: one line
    const top = await page.call('files.browse', {})
    const models = top.entries.find(e => e.name === 'models')!
    expect(models.openable).toBe(false)
    const inside = await page.call('files.browse', { folderId: models.id })
    expect(inside.entries).toMatchObject([{ name: 'gc', kind: 'folder', openable: true }])
    expect((await page.call('files.open', { entryIds: [inside.entries[0]!.id] })).map(f => f.id)).toEqual([model])
  })
  it('an ONNX file without model.json opens, and says what it needs', async () => {
    mkdirSync(join(work, 'bare'))
    writeFileSync(join(work, 'bare', 'x.onnx'), readFileSync(join(work, 'models', 'gc', 'gc.onnx')))
    const [bare] = await services.openPaths([join(work, 'bare', 'x.onnx')])
    expect(bare).toMatchObject({ role: 'model' })
    await expect(page.call('models.facts', { fileId: bare!.id })).rejects.toMatchObject({ code: 'bad-model', message: expect.stringContaining('no model.json beside it') }) // biome-ignore format: one line
  })
})

const ASSETS = resolve(import.meta.dirname, '../../assets')
describe.skipIf(!existsSync(join(ASSETS, 'models', 'demo-tracks')))('the demo', () => {
  it('opens with its model, whose tracks are predicted at the locus shown and resemble the made-up experiment', async () => {
    const demo = await createServices({ dataDir: join(work, 'demo-data'), demoDir: join(ASSETS, 'demo'), modelsDir: join(ASSETS, 'models'), host: 'headless', dialogs: 'browse', version: '1', threads: 2, startFolder: work, roots: [] }) // biome-ignore format: one line
    try {
      const { files: all, document } = await demo.handlers['project.current']({}, quietContext())
      const model = all.find(f => f.role === 'model')!
      const facts = await demo.handlers['models.facts']({ fileId: model.id }, quietContext())
      expect(facts).toMatchObject({ madeUp: 'synthetic', input: 'dna' })
      const reference = document.view.referenceFileId!
      const args = { modelFileId: model.id, referenceFileId: reference, options: PREDICT_DEFAULTS }
      const ask = { ...args, background: REFERENCE, channels: [0], bins: 1000, interval: document.view.locus! }
      let p = await demo.handlers['predict.bins'](ask, quietContext())
      while (p.pending === 'running') {
        await new Promise(done => setTimeout(done, 25))
        p = await demo.handlers['predict.bins'](ask, quietContext())
      }
      expect(p).toMatchObject({ pending: 'none', warnings: [] })
      // The person is heterozygous at rs429358 (T, and C that makes e4): unphased, so haplotype 0 has the reference's base, 1 the other.
      const bam = all.find(f => f.name === 'synthetic-e3e4.bam')!
      const site = { contig: 'chr19', start: 44_908_600, end: 44_908_800 }
      const of = async (haplotype: 0 | 1 | undefined) => {
        const background = haplotype === undefined ? REFERENCE : { kind: 'haplotype' as const, fileId: bam.id, sample: bam.facts.samples[0]!, haplotype } // biome-ignore format: one line
        const tracks = { ...ask, background, interval: site }
        for (;;) {
          const got = await demo.handlers['predict.bins'](tracks, quietContext())
          if (got.pending !== 'running') return got
          await new Promise(done => setTimeout(done, 25))
        }
      }
      const [plain, zero, one] = [await of(undefined), await of(0), await of(1)]
      // Other differences lie further away in the window.
      const change = (p: PredictedBins) => Math.max(...p.mean.map((x, i) => Math.abs(x - plain.mean[i]!)))
      expect(change(zero)).toBeLessThan(1e-4)
      expect(change(one)).toBeGreaterThan(1e-3)
      expect(one.warnings).toEqual([expect.stringMatching(/not phased: put on a haplotype by rule/)])
      const signal = all.find(f => f.name === 'synthetic-dnase.bw')!
      const c = await demo.handlers['predict.compare']({ ...args, channel: 0, signalFileId: signal.id, units: 'model', interval: { contig: 'chr19', start: 44_895_000, end: 44_925_000 }, scale: 'linear' }, quietContext()) // biome-ignore format: one line
      expect(c.pearson).toBeGreaterThan(0.5)
      expect(c.peaks.length).toBeGreaterThan(0)
    } finally {
      await demo.close()
    }
  })
})
