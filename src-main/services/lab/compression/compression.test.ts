import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { quietContext } from '../../../../src-shared/job.ts'
import { predictsTheSame } from '../../../../src-shared/lab/sameness.ts'
import { seededRandom } from '../../../../src-shared/random.ts'
import { float32, type Tensor } from '../../../../src-shared/tensor.ts'
import { SMALL_ARCHITECTURES } from '../../../../test-support/small-architectures.ts'
import { createCompute } from '../../../compute/client.ts'
import { MODELS } from '../../../models/kinds.ts'
import { mapInputs } from '../../../models/layers/ranks.ts'
import { svd } from '../../../models/lowRank/factorise.ts'
import { denseMatrix, distance, product } from '../../../models/lowRank/matrix.ts'
import { modelRegistry } from '../../../models/registry.ts'
import { initialTrunkWeights } from '../../../models/trunkInitialisation.ts'
import { checkModel } from '../../models/checkModel.ts'
import { factoriseModel, HERE, modelSpectra } from '../../models/factoriseModel.ts'
import { openModelFolder, readModelJson, writeModelFolder } from '../../models/modelFolder.ts'
import { comparePredictions, outputChange, trackChange } from './change.ts'
import { evaluationRecipeOf } from './evaluationRecipe.ts'
import { genomeWindows, randomWindows } from './inputs.ts'
import { changeSentences, makeCompression, measureChange } from './makeCompression.ts'
import { reportTsv } from './reportTsv.ts'
import { riskChange } from './riskChange.ts'

const work = mkdtempSync(join(tmpdir(), 'compression-test-'))
const compute = createCompute({ cacheFolder: join(work, 'cache'), threads: 2 })
afterAll(async () => {
  await compute.close()
  rmSync(work, { recursive: true, force: true, maxRetries: 10 })
})
const registry = modelRegistry(MODELS)
const quiet = quietContext()
const at = (name: string) => join(work, name)
const assets = resolve(import.meta.dirname, '../../../../assets')

/** W [out, inputs] with exactly this rank, in the tensor's own shape. */
function ofRank(shape: readonly number[], rank: number, seed: number): Tensor {
  const [out, inputs] = [shape[0]!, mapInputs(shape)]
  const wave = (n: number, m: number, k: number) => denseMatrix(n, m, Float64Array.from({ length: n * m }, (_, i) => Math.sin(1 + seed + k * i + i * i))) // biome-ignore format: one line
  const w = product(wave(out, rank, 0.7), wave(rank, inputs, 1.3))
  return float32(
    Float32Array.from(w.data, x => 0.2 * x),
    shape,
  )
}

const trunk: Readonly<Record<string, unknown>> = { ...SMALL_ARCHITECTURES['enformer'], stemFilters: 8, towerFilters: [12, 16], keySize: 8, valueSize: 8, positionFeatures: 12 } // biome-ignore format: one table

/** A small Enformer whose maps have rank 2, so that little of them is needed. */
async function writeTracks(folder: string, mapRank: number): Promise<void> {
  const specs = registry.configure('enformer', trunk).parameters
  const weights = new Map(initialTrunkWeights(specs, 3))
  specs.forEach((s, i) => {
    if (s.map) weights.set(s.name, ofRank(s.shape, Math.min(mapRank, s.shape[0]!, mapInputs(s.shape)), i)) // biome-ignore format: one line
  })
  const heads = Object.entries(trunk['outputs'] as Record<string, number>)
  await writeModelFolder(
    folder,
    {
      json: {
        id: 'small-tracks',
        name: 'small tracks',
        kind: 'enformer',
        architecture: trunk,
        input: { type: 'dna', alphabet: 'ACGT', unknown: 'zeros', length: 64, lengthMultiple: 8, genome: null },
        output: { heads: heads.map(([name, tracks]) => ({ name, tracks })), binSize: 8, bins: 4, cropBins: 2 },
        tracks: heads.flatMap(([head, tracks]) => Array.from({ length: tracks }, (_, index) => ({ index, head, name: `${head} ${index}` }))), // biome-ignore format: one line
        attentionPattern: null,
        provenance: { source: 'made up', created: '2026-01-01T00:00:00Z' },
        licence: 'MIT',
        citation: null,
        limits: ['Made up.'],
      },
      weights: {
        name: 'made up',
        entries: new Map(specs.map(s => [s.name, s])),
        read: async name => weights.get(name)!,
      },
      specs,
    },
    quiet,
  )
}

describe('a compressed network', () => {
  // Truth: a matrix of rank 2 is the product of two factors of rank 2, so nothing is lost.
  it('keeps its predictions to 1e-5 where the rank is enough, and is a whole model folder of its own kind', async () => {
    await writeTracks(at('exact'), 2)
    const { json, layers } = await factoriseModel({ folder: at('exact'), out: at('exact-2'), method: 'svd', choice: { keptEnergy: 0.999999999 }, seed: 1, now: 0 }, registry, quiet) // biome-ignore format: one call
    expect(json.kind).toBe('enformer')
    expect(layers.length).toBeGreaterThan(8)
    for (const l of layers) expect([l.rank, l.relativeError < 1e-6]).toEqual([Math.min(2, l.rank), true])
    expect((await checkModel(at('exact-2'), registry, quiet)).problems).toEqual([])
    const change = await trackChange([at('exact'), at('exact-2')], randomWindows(json, 3, 1), undefined, { compute, registry }, quiet) // biome-ignore format: one call
    if (change.kind !== 'tracks') throw new Error('no tracks')
    expect(change.largestChange).toBeLessThan(1e-5)
    expect(change.meanPearson).toBeGreaterThan(1 - 1e-9)
    expect(change.tracks).toHaveLength(5)
    // A second time over: the factors are what is factorised now, and they stay where no smaller rank is asked for.
    const spectra = await modelSpectra(at('exact-2'), registry, quiet)
    const again = spectra.layers.find(l => l.storedRank !== null)!
    expect(again.largestRank).toBe(again.storedRank! - 1)
    const third = await factoriseModel({ folder: at('exact-2'), out: at('exact-1'), method: 'svd', choice: { keptEnergy: null, layers: { [again.name]: { rank: 1 } } }, seed: 1, now: 0 }, registry, quiet) // biome-ignore format: one call
    expect((third.json.architecture['ranks'] as Record<string, number>)[again.name]).toBe(1)
    expect(Object.keys(third.json.architecture['ranks'] as object).length).toBe(layers.length)
    expect((await checkModel(at('exact-1'), registry, quiet)).problems).toEqual([])
  })

  // Truth: Eckart and Young on the weights as they are stored, and the bias byte for byte.
  it('loses in each layer what its singular values say; biases, norms and pools stay', async () => {
    await writeTracks(at('drawn'), 99)
    const spectra = await modelSpectra(at('drawn'), registry, quiet)
    expect(spectra.layers.reduce((n, l) => n + l.out * l.inputs, spectra.otherParameters)).toBe(spectra.parameters)
    const names = ['conv_tower.0.0.2', 'transformer.0.1.fn.1', 'final_pointwise.1.2']
    const layers = Object.fromEntries(names.map(name => [name, { rank: 3 }]))
    const done = await factoriseModel({ folder: at('drawn'), out: at('drawn-3'), method: 'svd', choice: { keptEnergy: null, layers }, seed: 1, now: 0 }, registry, quiet) // biome-ignore format: one call
    const [before, after] = [await openModelFolder(at('drawn')), await openModelFolder(at('drawn-3'))]
    for (const l of done.layers) {
      const read = async (model: typeof after, name: string) => {
        const t = await model.weights.read(`${l.name}.${name}`)
        return denseMatrix(t.shape[0]!, mapInputs(t.shape), t.data as Float32Array)
      }
      const w = await read(before, 'weight')
      const lost = svd(w).values.slice(3).reduce((s, x) => s + x * x, 0) // biome-ignore format: one line
      expect(distance(w, product(await read(after, 'up.weight'), await read(after, 'down.weight')))).toBeCloseTo(Math.sqrt(lost), 5) // biome-ignore format: one line
      expect(l.parametersAfter).toBe(3 * (w.rows + w.columns))
      expect((await after.weights.read(`${l.name}.up.bias`)).data).toEqual((await before.weights.read(`${l.name}.bias`)).data) // biome-ignore format: one line
    }
    for (const name of ['stem.0.weight', 'stem.2.to_attn_logits.weight', 'transformer.0.0.fn.0.weight'])
      expect((await after.weights.read(name)).data).toEqual((await before.weights.read(name)).data)
    await Promise.all([before.close(), after.close()])
  })

  it.each([
    [{ keptEnergy: 1 }, /no layer would become smaller/],
    [{ keptEnergy: null, layers: { 'stem.2': { rank: 1 } } }, /'stem.2' is no layer/],
    [{ keptEnergy: null, layers: { 'stem.0': { rank: 100 } } }, /rank 100 enlarges 'stem.0'/],
  ])('refuses %j and leaves nothing behind', async (choice, message) => {
    await expect(factoriseModel({ folder: at('drawn'), out: at('none'), method: 'svd', choice, seed: 1, now: 0 }, registry, quiet)).rejects.toThrow(message) // biome-ignore format: one call
    await expect(readModelJson(at('none'))).rejects.toMatchObject({ code: 'not-found' })
  })

  it('NMF of weights with both signs is refused with the way out', async () => {
    await expect(factoriseModel({ folder: at('drawn'), out: at('none'), method: 'nmf', choice: { keptEnergy: 0.5 }, seed: 1, now: 0 }, registry, quiet)).rejects.toMatchObject({ code: 'bad-input', remedy: 'use semi-NMF or SVD' }) // biome-ignore format: one call
  })
})

// Truth: correlations of columns that were made with known ones.
it('compares predictions track by track', () => {
  const before = Float32Array.from([1, 5, 2, 5, 3, 5, 4, 5])
  const after = Float32Array.from([2, 1, 4, 2, 6, 3, 9, 4])
  const change = comparePredictions(['a', 'b'], before, after)
  expect(change.tracks[0]).toMatchObject({ name: 'a', pearson: expect.closeTo(0.99438, 4), spearman: 1 })
  expect(change.tracks[1]).toEqual({ name: 'b', pearson: null, spearman: null, scale: null, largestShare: 0.8 })
  expect(change.largestChange).toBe(5)
  // 1, 2, 3, 4 to 2, 4, 6, 9: sums of squares about the means 5 and 26.75; 4 moved by 5.
  expect(change.tracks[0]).toMatchObject({ scale: expect.closeTo(Math.sqrt(26.75 / 5), 6), largestShare: 1.25 })
  expect(predictsTheSame({ kind: 'tracks', on: '', experiment: null, ...change })).toBe(false)
  // Halved, a track has r = 1 all the same.
  const halved = comparePredictions(['a'], Float32Array.from([1, 2, 3]), Float32Array.from([0.5, 1, 1.5]))
  expect(halved.meanPearson).toBeCloseTo(1, 12)
  expect(predictsTheSame({ kind: 'tracks', on: '', experiment: null, ...halved })).toBe(false)
  // A track that is constant from now on has no r; it must not leave the mean, nor the judgement. 4, 5, 6 to 5: moved by 1 / 6.
  const lost = comparePredictions(['a', 'b'], Float32Array.from([1, 4, 2, 5, 3, 6]), Float32Array.from([1, 5, 2, 5, 3, 5])) // biome-ignore format: one call
  expect(lost.tracks[1]).toMatchObject({ pearson: null, scale: null, largestShare: expect.closeTo(1 / 6, 6) })
  expect(lost.meanPearson).toBeCloseTo(0.5, 12)
  expect(predictsTheSame({ kind: 'tracks', on: '', experiment: null, ...lost })).toBe(false)
  const near = comparePredictions(['a'], Float32Array.from([1, 2, 3]), Float32Array.from([1.01, 2, 2.99]))
  expect(predictsTheSame({ kind: 'tracks', on: '', experiment: null, ...near })).toBe(true)
})

// Truth: what such a report has: r alone.
it('tells of a report of before what it has, and invents nothing', () => {
  const change = { kind: 'tracks', on: 'w', tracks: [{ name: 'a', pearson: 0.99, spearman: 1 }], meanPearson: 0.99, largestChange: 1, experiment: null } as const // biome-ignore format: one record
  expect(changeSentences(change)).toEqual(['predictions agree with those of the original at mean r 0.9900 over 1 tracks, at worst r 0.9900; neither scale nor the largest change of a track was recorded (w)']) // biome-ignore format: one sentence
  const q = { n: 1, median: 1, lower: 1, upper: 1 }
  const size = { parameters: 1, bytes: 1, seconds: q, peakBytes: q }
  const tsv = reportTsv({ id: 'x', of: { id: 'o', name: 'o', kind: 'enformer', sha256: '' }, model: { id: 'm', name: 'm' }, method: 'svd', choice: { method: 'svd', keptEnergy: 1, layers: {} }, layers: [], kept: [], before: size, after: size, batch: 1, change, createdAt: 0, notes: [] }) // biome-ignore format: one record
  expect(tsv).toContain('\na\t0.99\t1\t\t\n')
  expect(tsv).not.toMatch(/NaN|undefined/)
})

describe('windows of a genome', () => {
  const draw = seededRandom(3)
  const drawn = (n: number) => Array.from({ length: n }, () => 'ACGT'[Math.floor(4 * draw())]).join('')
  const demo = () => readModelJson(join(assets, 'models/demo-tracks'))
  const genome = (sequences: Readonly<Record<string, string>>) => ({
    path: '/somewhere/genome.fa',
    contigs: Object.entries(sequences).map(([name, s]) => ({ name, length: s.length })),
    sequence: async (name: string, start: number, end: number) => sequences[name]!.slice(start, end),
  })

  // Truth: the bases that the made-up genome has there; half of it is unknown.
  it('have no unknown base, lie where they are said to, and are the same for the same seed', async () => {
    const json = await demo()
    const bp = json.input.type === 'dna' ? json.input.length : 0
    const sequences = { a: drawn(3 * bp) + 'N'.repeat(3 * bp), short: 'ACGT' }
    const windows = await genomeWindows(json, genome(sequences), 5, 1, quiet)
    expect(windows!.sequences).toHaveLength(5)
    expect(windows!.on).toMatch(/^5 windows of genome\.fa without unknown bases, at positions drawn with seed 1 \(a:[\d,]+-[\d,]+, /) // biome-ignore format: one line
    for (const s of windows!.sequences) expect(s.reduce((sum, v) => sum + v, 0)).toBe(bp)
    const [, from] = /\(a:([\d,]+)-/.exec(windows!.on)!
    const start = Number(from!.replaceAll(',', '')) - 1
    const told = Array.from({ length: bp }, (_, i) => 'ACGT'[windows!.sequences[0]!.slice(4 * i, 4 * i + 4).indexOf(1)]).join('') // biome-ignore format: one line
    expect(told).toBe(sequences.a.slice(start, start + bp))
    expect(await genomeWindows(json, genome(sequences), 5, 1, quiet)).toEqual(windows)
    expect((await genomeWindows(json, genome(sequences), 5, 2, quiet))!.on).not.toBe(windows!.on)
  })

  it('are none where every window holds an unknown base, or no contig is as long', async () => {
    const json = await demo()
    expect(await genomeWindows(json, genome({ a: 'N'.repeat(100_000) }), 5, 1, quiet)).toBeUndefined()
    expect(await genomeWindows(json, genome({ a: drawn(100) }), 5, 1, quiet)).toBeUndefined()
  })

  // The shipped model as if somebody else's: no recipe knows it.
  it('are what a model without a recipe is compared on, random bases where no genome is open', async () => {
    const folder = join(assets, 'models/demo-tracks')
    const model = await readModelJson(folder)
    const sizes = { windows: 2, people: 20 }
    const on = async (path?: string) => {
      const judged = path === undefined ? {} : { referencePath: path }
      const change = await measureChange([folder, folder], model, judged, { compute, registry }, quiet, sizes)
      if (change.kind !== 'tracks') throw new Error('no tracks')
      return change.on
    }
    const fasta = (name: string, bases: string) => {
      writeFileSync(at(name), `>c\n${bases}\n`)
      writeFileSync(at(`${name}.fai`), `c\t${bases.length}\t3\t${bases.length}\t${bases.length + 1}\n`)
      return at(name)
    }
    const bp = model.input.type === 'dna' ? model.input.length : 0
    expect(await on(fasta('open.fa', drawn(2 * bp)))).toMatch(/^2 windows of open\.fa without unknown bases/)
    expect(await on()).toMatch(/random bases .*which are no genome$/)
    expect(await on(fasta('none.fa', 'N'.repeat(2 * bp)))).toMatch(/no genome: none\.fa has no window of this length without unknown bases$/) // biome-ignore format: one line
    // A genome that was moved, or lost its index, costs nobody the work; no folder of this machine gets into a card.
    expect(await on(at('moved.fa'))).toMatch(/no genome: [^/]*moved\.fa[^/]*$/)
    rmSync(`${fasta('bare.fa', drawn(2 * bp))}.fai`)
    expect(await on(at('bare.fa'))).toMatch(/no genome: [^/]*bare\.fa[^/]*$/)
  }, 30_000)
})

describe('shipped models', () => {
  it('a model that was made: sizes, times, predictions, and what its folder says of itself', async () => {
    const folder = join(assets, 'models/demo-tracks')
    const json = await readModelJson(folder)
    const recipe = await evaluationRecipeOf(json, join(assets, 'recipes'), [])
    expect(recipe?.json['id']).toBe('demo-tracks-here')
    const fresh = async () => createCompute({ cacheFolder: join(work, 'cache'), threads: 2 })
    const choice = { method: 'svd', keptEnergy: null, layers: { 'transformer.0.0.fn.1.to_out': { keptEnergy: 0.95 } } } as const // biome-ignore format: one line
    const report = await makeCompression({ id: 'x', folder, out: at('made'), choice, now: 0, ...(recipe ? { recipe } : {}) }, { registry, factoriser: HERE, compute: fresh, threads: 2, timing: { visits: 1, repetitions: { warmUp: 0, repeats: 2, seconds: 1 } } }, quiet) // biome-ignore format: one call
    const made = await readModelJson(at('made'))
    expect(made).toMatchObject({ kind: 'enformer', id: report.model.id, input: json.input, tracks: json.tracks })
    expect(report.after.parameters).toBe(made.weights.parameters)
    expect(report.before.parameters - report.after.parameters).toBe(report.layers.reduce((n, l) => n + l.parametersBefore - l.parametersAfter, 0)) // biome-ignore format: one line
    expect(report.before.bytes - report.after.bytes).toBeGreaterThan(0)
    expect(made.limits).toContain('Factorised after training and not trained further; metrics of the original do not hold.') // biome-ignore format: one line
    expect(made.limits.at(-1)).toMatch(/^Measured change: predictions agree .* at mean r [01]\.\d+ over 3 tracks/)
    expect(await readFile(join(at('made'), 'CARD.md'), 'utf8')).toContain('Measured change')
    if (report.change.kind !== 'tracks') throw new Error('no tracks')
    // Truth: what an evaluation of the shipped model gives on these windows (its card).
    expect(report.change.experiment!.before).toBeGreaterThan(0.85)
    expect(report.change.experiment!.after).toBeLessThanOrEqual(1)
    const tsv = reportTsv(report)
    expect(tsv).toContain(`parameters\t${report.before.parameters}\t${report.after.parameters}`)
    expect(tsv).toContain('transformer.0.0.fn.1.to_out')
    for (const t of report.change.tracks) expect(tsv).toContain(`\n${t.name}\t${t.pearson}\t${t.spearman}\t${t.scale}\t${t.largestShare}\n`) // biome-ignore format: one line
    for (const t of report.change.experiment!.tracks) expect(tsv).toContain(`\n${t.name}\t${t.before}\t${t.after}\n`)
  })

  it('a risk model: the same people before and after, none of whom trained it', async () => {
    const folder = join(assets, 'models/apoe-risk-demo')
    const { json } = await factoriseModel({ folder, out: at('risk'), method: 'semi-nmf', choice: { keptEnergy: 0.8 }, seed: 1, now: 0 }, registry, quiet) // biome-ignore format: one call
    expect(json.kind).toBe('linformer')
    expect(json.risk).toEqual((await readModelJson(folder)).risk)
    const deps = { compute, registry }
    const same = await riskChange([folder, folder], { people: 40, seed: 1 }, deps, quiet)
    expect(same).toMatchObject({ kind: 'risk', people: 40, cases: 20, difference: 0, largestProbabilityChange: 0 })
    const change = await riskChange([folder, at('risk')], { people: 40, seed: 1 }, deps, quiet)
    if (change.kind !== 'risk' || same.kind !== 'risk') throw new Error('no risk')
    expect(change.aucBefore).toBe(same.aucBefore)
    expect(change.on).toMatch(/people 4001 to 4040 of the population that the model was trained on/)
    expect(change.largestProbabilityChange).toBeGreaterThan(0)
    expect(change.largestProbabilityChange).toBeLessThan(1)
  })

  it('outputs of a token model on random tokens: no change of itself', async () => {
    const folder = join(assets, 'models/apoe-risk-demo')
    expect(await outputChange([folder, folder], { compute, registry }, quiet, [1])).toMatchObject({ kind: 'outputs', relativeChange: 0 }) // biome-ignore format: one line
  })

  it('no recipe for a model of somebody else', async () => {
    const json = { ...(await readModelJson(join(assets, 'models/demo-tracks'))), id: '../demo-tracks' }
    expect(await evaluationRecipeOf(json, join(assets, 'recipes'), [dirname(assets)])).toBeUndefined()
  })
})
