import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { BigWig } from '@gmod/bbi'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { quietContext } from '../../../src-shared/job.ts'
import { relativeGap } from '../../../test-support/small-network.ts'
import { memoryReference, randomBases, type TrackModel, writeTrackModel } from '../../../test-support/track-model.ts'
import { createCompute } from '../../compute/client.ts'
import { Graph } from '../../graph/graph.ts'
import { evaluate } from '../../graph/reference.ts'
import type { ModelTrack } from '../../models/folder/modelJson.ts'
import { MODELS } from '../../models/kinds.ts'
import { modelRegistry } from '../../models/registry.ts'
import { exportOnnx } from '../models/exportOnnx.ts'
import { openModelFolder, readModelJson } from '../models/modelFolder.ts'
import { type PredictRequest, predict } from './predict.ts'
import { predictionFile, predictionFormat, predictionPieces } from './predictionFiles.ts'

const work = mkdtempSync(join(tmpdir(), 'predict-test-'))
const compute = createCompute({ cacheFolder: join(work, 'cache'), threads: 2 })
const registry = modelRegistry(MODELS)
afterAll(async () => {
  await compute.close()
  rmSync(work, { recursive: true, force: true, maxRetries: 10 })
})

/** Sees 3 bases a side and pools by 4: a window's crop of 2 bins hides its ends from the kept bins. */
const convolutions: TrackModel = {
  kind: 'baskerville',
  architecture: {
    length: 64,
    activation: 'gelu',
    trunk: [
      { block: 'conv', order: 'conv-norm-activation', filters: 5, kernel: 3, bias: true, norm: 'none', activation: 'linear', pool: 2 }, // biome-ignore format: one block a line
      { block: 'tower', order: 'norm-activation-conv', filters: [6], kernel: 3, bias: true, norm: 'batch', activation: 'gelu', pool: 2, keep: 'before-pool' }, // biome-ignore format: one block a line
      { block: 'crop', positions: 2 },
    ],
    outputs: { human: 4, mouse: 2 },
    heads: { human: { activation: 'softplus' }, mouse: { activation: 'softplus' } },
  },
  length: 64,
  binSize: 4,
  bins: 12,
  cropBins: 2,
  heads: [
    { name: 'human', tracks: 4 },
    { name: 'mouse', tracks: 2 },
  ],
  tracks: [
    { index: 0, head: 'human', name: 'CAGE:a', sourceId: 'a+', strand: '+', strandPair: 1 },
    { index: 1, head: 'human', name: 'CAGE:a', sourceId: 'a-', strand: '-', strandPair: 0 },
    { index: 2, head: 'human', name: 'DNASE:a', sourceId: 'd', strand: '.', strandPair: 2 },
    { index: 3, head: 'human', name: 'DNASE:b', sourceId: 'e', strand: '.', strandPair: 3 },
    { index: 0, head: 'mouse', name: 'DNASE:m', sourceId: 'm0' },
    { index: 1, head: 'mouse', name: 'DNASE:n', sourceId: 'm1' },
  ],
}
const bases = randomBases(400, 'contig')
const reference = memoryReference({ c: bases, n: 'N'.repeat(200), half: `${'N'.repeat(100)}${bases.slice(0, 100)}` })
let model: string
beforeAll(async () => {
  model = join(work, 'convolutions')
  await writeTrackModel(model, convolutions)
})

const run = (start: number, end: number, more: Partial<PredictRequest> = {}, contig = 'c') =>
  predict({ model, region: { contig, start, end }, ...more }, reference, { compute, registry }, quietContext())

/** The network on any sequence, by the plain loops in float64: [bins, tracks] of one head. */
async function plain(folder: string, sequence: string, head: string): Promise<Float64Array> {
  const opened = await openModelFolder(folder)
  try {
    const network = registry.configure(opened.json.kind, opened.json.architecture)
    const graph = new Graph({ float: 'float64' })
    const feeds = new Map<string, ArrayLike<number>>()
    for (const p of network.parameters) feeds.set(p.name, (await opened.weights.read(p.name)).data as Float32Array)
    const outputs = network.buildForward(graph, { batch: 1, length: sequence.length, structure: feeds })
    feeds.set(
      'sequence',
      [...sequence].flatMap(b => ['A', 'C', 'G', 'T'].map(base => (base === b ? 1 : 0))),
    )
    return Float64Array.from(evaluate([outputs[head]!], feeds)[0]!.values)
  } finally {
    await opened.close()
  }
}

const column = (values: ArrayLike<number>, width: number, at: number) =>
  Array.from({ length: values.length / width }, (_, b) => values[b * width + at]!)

describe('predicting a region', () => {
  // Truth: one long run of the same network by plain loops; convolutions see no further than the crop hides.
  it('windows stitched are one long run', async () => {
    const p = await run(8, 392)
    expect(p.windows).toBe(8)
    expect([p.start, p.end, p.bins]).toEqual([8, 392, 96])
    const whole = await plain(model, bases, 'human') // crops 2 bins of the 100
    expect(
      relativeGap(
        p.values.filter((_, i) => i % 6 < 4),
        whole,
      ),
    ).toBeLessThan(1e-6)
    const mouse = await plain(model, bases, 'mouse')
    expect(relativeGap(column(p.values, 6, 5), column(mouse, 2, 1))).toBeLessThan(1e-6)
  })
  // Truth: the same run with N written out.
  it('beyond the ends of the contig it reads N', async () => {
    const p = await run(0, 400, { tracks: 'd' })
    const padded = await plain(model, `${'N'.repeat(8)}${bases}${'N'.repeat(8)}`, 'human')
    expect([p.start, p.end, p.bins]).toEqual([0, 400, 100])
    expect(relativeGap(p.values, column(padded, 4, 2))).toBeLessThan(1e-6)
    expect(p.unknownBins.every(flag => flag === 0)).toBe(true)
    expect(p.unknownShare).toBeGreaterThan(0)
  })
  it('only the asked tracks, in the order asked, are what they are among all', async () => {
    const all = await run(100, 140)
    const some = await run(100, 140, { tracks: 'm1,d,0' })
    expect(some.tracks.map(t => t.sourceId)).toEqual(['m1', 'd', 'a+'])
    expect([...some.values]).toEqual(Array.from({ length: some.bins }, (_, b) => [5, 2, 0].map(t => all.values[b * 6 + t]!)).flat()) // biome-ignore format: one thought
  })
  it('a small region lies on the bins of the window centred on it', async () => {
    const p = await run(101, 108, { tracks: 'd' })
    // Kept centre of 48 bp around [101, 108): starts at floor((209 - 48) / 2) = 80.
    expect([p.start, p.end]).toEqual([100, 108])
    const window = await plain(model, bases.slice(80 - 8, 80 - 8 + 64), 'human')
    expect(relativeGap(p.values, column(window, 4, 2).slice(5, 7))).toBeLessThan(1e-6)
  })
  it.each([1, 3, 5, 100])('batches of %s give the same', async batch => {
    const [one, many] = [await run(8, 392, { tracks: '0-2' }), await run(8, 392, { tracks: '0-2', batch })]
    expect(relativeGap(many.values, one.values)).toBeLessThan(1e-6)
  })
  it('tells the device that ran', async () => {
    expect(Object.keys((await run(100, 140, { device: 'cpu' })).provider.ran)).toEqual(['CPUExecutionProvider'])
  })
})

describe('averages', () => {
  const complement = (s: string) =>
    [...s]
      .reverse()
      .map(b => ({ A: 'T', C: 'G', G: 'C', T: 'A' })[b]!)
      .join('')
  // Mirror: a prediction averaged over both strands does not know which one it was given.
  it('over both strands: the other strand gives the mirrored tracks with pairs swapped', async () => {
    const other = memoryReference({ c: complement(bases) })
    const forward = await run(76, 124, { bothStrands: true })
    const reverse = await predict({ model, region: { contig: 'c', start: 400 - 124, end: 400 - 76 }, bothStrands: true }, other, { compute, registry }, quietContext()) // biome-ignore format: one thought
    const swap = [1, 0, 2, 3, 4, 5]
    const mirrored = Array.from({ length: 12 }, (_, b) => swap.map(t => reverse.values[(11 - b) * 6 + t]!)).flat()
    expect(relativeGap(forward.values, mirrored)).toBeLessThan(1e-6)
    const single = await run(76, 124)
    expect(relativeGap(forward.values, single.values)).toBeGreaterThan(1e-3)
  })
  it('over both strands of one track of a pair: the partner is computed too', async () => {
    const [all, one] = [await run(76, 124, { bothStrands: true }), await run(76, 124, { bothStrands: true, tracks: 'a-' })] // biome-ignore format: one thought
    expect(relativeGap(one.values, column(all.values, 6, 1))).toBeLessThan(1e-6)
  })
  // Truth: the mean of three predictions of moved windows.
  it('over shifts', async () => {
    const p = await run(76, 124, { shiftsBp: [-1, 0, 2], tracks: 'e' })
    const each = await Promise.all([-1, 0, 2].map(s => plain(model, bases.slice(68 + s, 132 + s), 'human')))
    const mean = column(each[0]!, 4, 3).map((_, b) => each.reduce((sum, e) => sum + e[4 * b + 3]! / 3, 0))
    expect(relativeGap(p.values, mean)).toBeLessThan(1e-6)
  })
})

describe('what cannot be predicted', () => {
  it.each([
    ['a contig that is not there', () => run(0, 10, {}, 'x'), 'not-found', /contig 'x'/],
    ['a region off the end', () => run(390, 401), 'region', /c:391-401 is not within contig 'c' \(400 bp\)/],
    ['an empty region', () => run(10, 10), 'region', /not within/],
    ['an unknown track', () => run(0, 10, { tracks: 'fish' }), 'not-found', /no track is 'fish'/],
    ['a model that is not there', () => run(0, 10, { model: join(work, 'none') }), 'not-found', /none/],
  ])('%s', async (_, work, code, message) => {
    await expect(work()).rejects.toMatchObject({ code, message: expect.stringMatching(message) })
  })
  it('N alone is flagged in every bin, N in part where it is', async () => {
    const all = await run(50, 100, {}, 'n')
    expect(all.unknownBins).toEqual(new Uint8Array(all.bins).fill(1))
    expect(all.unknownShare).toBe(1)
    const half = await run(80, 120, { tracks: 'd' }, 'half')
    const flags = Array.from({ length: half.bins }, (_, b) => (half.start + 4 * (b + 1) <= 100 ? 1 : 0))
    expect([...half.unknownBins]).toEqual(flags)
    // Also where no pass reads the window itself.
    const moved = await run(80, 120, { tracks: 'd', shiftsBp: [-3, 5] }, 'half')
    expect([...moved.unknownBins]).toEqual(flags)
    expect([moved.unknownShare, moved.warnings]).toEqual([half.unknownShare, half.warnings])
  })
  // Truth: lengths of chromosome 19 in the two assemblies.
  it('a reference of another assembly than the tracks is told', async () => {
    const trained = join(work, 'trained')
    await writeTrackModel(trained, { ...convolutions, genome: 'hg38' })
    const on = async (length: number) => {
      const other = { ...reference, contigs: [...reference.contigs, { name: 'chr19', length }] }
      const asked = { model: trained, region: { contig: 'c', start: 100, end: 140 } }
      return (await predict(asked, other, { compute, registry }, quietContext())).warnings
    }
    expect(await on(59_128_983)).toEqual(["the reference is GRCh37 and the model's tracks are of GRCh38: its coordinates are not theirs"]) // biome-ignore format: one thought
    expect(await on(58_617_616)).toEqual([])
    expect((await run(50, 100, {}, 'n')).warnings).toHaveLength(2)
  })
  it('weights that are not numbers are not passed on', async () => {
    const broken = join(work, 'broken')
    await writeTrackModel(broken, { ...convolutions, weight: (name, shape) => (name === 'head.human.bias' ? new Float32Array(shape[0]!).fill(Number.NaN) : undefined) }) // biome-ignore format: one thought
    await expect(run(100, 140, { model: broken })).rejects.toMatchObject({ code: 'not-finite' })
  })
  it('a cancelled prediction ends', async () => {
    const stop = new AbortController()
    stop.abort()
    const asked = { model, region: { contig: 'c', start: 8, end: 392 } }
    await expect(predict(asked, reference, { compute, registry }, { signal: stop.signal, report() {} })).rejects.toMatchObject({ code: 'cancelled' }) // biome-ignore format: one thought
  })
})

const trunk = { length: 64, stemFilters: 4, towerFilters: [8], targetBins: 8, outputs: { human: 3, mouse: 2 }, layers: 1, heads: 2 } // biome-ignore format: one table
const both = [
  { name: 'human', tracks: 3 },
  { name: 'mouse', tracks: 2 },
]
const shape = { length: 64, binSize: 4, bins: 8, cropBins: 4, heads: both }

// Truth: the plain loops, for the other kinds of network.
describe.each([
  ['enformer', { ...trunk, keySize: 2, valueSize: 4, positionFeatures: 6 }],
  ['s-enformer', { ...trunk, block: 2, randomBlocks: 1 }],
] as const)('%s folders', (kind, architecture) => {
  it('predict as the network does, and slice their heads', async () => {
    const folder = join(work, kind)
    await writeTrackModel(folder, { kind, architecture, ...shape })
    const p = await run(100, 132, { model: folder, tracks: 'human1,mouse0' })
    const window = bases.slice(84, 148)
    const [human, mouse] = [await plain(folder, window, 'human'), await plain(folder, window, 'mouse')]
    expect(relativeGap(column(p.values, 2, 0), column(human, 3, 1))).toBeLessThan(1e-5)
    expect(relativeGap(column(p.values, 2, 1), column(mouse, 2, 0))).toBeLessThan(1e-5)
  })
})

describe('a folder with an ONNX model', () => {
  // Truth: the folder that the ONNX model was exported from.
  it('predicts what the network predicts', async () => {
    const folder = join(work, 'foreign')
    mkdirSync(folder)
    const exported = await exportOnnx(model, join(folder, 'model.onnx'), registry, {}, quietContext())
    const json = await readModelJson(model)
    const weights = { file: 'model.onnx', sha256: exported.sha256, parameters: 0 }
    const write = (change: object) => writeFileSync(join(folder, 'model.json'), JSON.stringify({ ...json, kind: 'onnx', weights, architecture: {}, ...change })) // biome-ignore format: one thought
    write({})
    const [own, foreign] = [await run(8, 392, { tracks: 'm1,d' }), await run(8, 392, { tracks: 'm1,d', model: folder })]
    expect(relativeGap(foreign.values, own.values)).toBeLessThan(1e-6)
    write({ architecture: { outputs: { human: 'mouse' } } })
    await expect(run(8, 392, { model: folder })).rejects.toMatchObject({ code: 'bad-model', message: expect.stringContaining('expected [1, 12, 4]') }) // biome-ignore format: one thought
    write({ architecture: { outputs: { human: 'nothing' } } })
    await expect(run(8, 392, { model: folder })).rejects.toMatchObject({ code: 'bad-model', message: expect.stringContaining("no output 'nothing'") }) // biome-ignore format: one thought
  })
})

describe('a prediction as a file', () => {
  // Truth: the numbers themselves, read back by the readers of each format.
  it('bigWig and bedGraph end where the contig ends', async () => {
    const p = await run(391, 400, { tracks: 'd' })
    expect(p.end).toBeGreaterThan(400)
    const text = predictionFile(p, 'bedgraph', reference.contigs) as string
    const rows = text.trim().split('\n').map(line => line.split('\t')) // biome-ignore format: one thought
    expect(rows.map(r => [r[0], Number(r[1])])).toEqual(
      Array.from({ length: p.bins }, (_, b) => ['c', p.start + 4 * b]),
    )
    expect(Number(rows.at(-1)![2])).toBe(400)
    expect(Float32Array.from(rows, r => Number(r[3]))).toEqual(p.values)
    const path = join(work, 'd.bw')
    writeFileSync(path, predictionFile(p, 'bw', reference.contigs))
    const features = await new BigWig({ path }).getFeatures('c', 0, 400, { scale: 1 })
    expect(features.map(f => [f.start, f.end, f.score])).toEqual(rows.map(r => [Number(r[1]), Number(r[2]), Math.fround(Number(r[3]))])) // biome-ignore format: one thought
  })
  it('a table has a column a track', async () => {
    const p = await run(100, 140, { tracks: 'd,m0' })
    const [header, first] = (predictionFile(p, 'tsv', reference.contigs) as string).split('\n')
    expect(header).toBe('contig\tstart\tend\td\tm0')
    expect(first!.split('\t').slice(0, 3)).toEqual(['c', String(p.start), String(p.start + 4)])
    expect(Math.fround(Number(first!.split('\t')[4]))).toBe(p.values[1])
  })
  // Truth: the file in one text. A table of a chromosome in many tracks is too long for that.
  it.each(['tsv', 'bedgraph'] as const)('a %s in pieces is the file', format => {
    const [bins, width] = [9000, format === 'tsv' ? 3 : 1]
    const values = Float32Array.from({ length: bins * width }, (_, i) => (i % 7 === 0 ? Number.NaN : i / 3))
    const p = { contig: 'c', start: -3, binBp: 4, bins, values, tracks: convolutions.tracks!.slice(0, width) as ModelTrack[] } // biome-ignore format: one line
    const contigs = [{ name: 'c', length: 35_995 }]
    const pieces = [...predictionPieces(p, format, contigs)]
    expect(pieces.length).toBe(format === 'tsv' ? 4 : 2)
    expect(pieces.join('')).toBe(predictionFile(p, format, contigs))
  })
  it('refuses more tracks than the format holds, and unknown endings', async () => {
    const p = await run(100, 140, { tracks: 'd,m0' })
    expect(() => predictionFile(p, 'bw', reference.contigs)).toThrow(/holds one track, and 2/)
    expect(predictionFormat('a.BedGraph')).toBe('bedgraph')
    expect(() => predictionFormat('a.wig')).toThrow(/ends in none/)
  })
})
