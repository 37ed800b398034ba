import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { quietContext } from '../../../../src-shared/job.ts'
import { trackRecipe, writeTrackExperiment } from '../../../../test-support/track-training.ts'
import { type Compute, createCompute } from '../../../compute/client.ts'
import { MODELS } from '../../../models/kinds.ts'
import { modelRegistry } from '../../../models/registry.ts'
import { checkModel } from '../../models/checkModel.ts'
import { openModelFolder } from '../../models/modelFolder.ts'
import { readRecipe } from '../recipe.ts'
import type { TrainDeps, TrainRequest } from '../tasks.ts'
import { trainTracks } from './trainTracks.ts'

const work = mkdtempSync(join(tmpdir(), 'diploscope-train-'))
const registry = modelRegistry(MODELS)
let compute: Compute
beforeAll(() => {
  writeTrackExperiment(join(work, 'data'))
  compute = createCompute({ cacheFolder: join(work, 'cache'), threads: 1 })
})
afterAll(async () => {
  await compute.close()
  rmSync(work, { recursive: true, force: true, maxRetries: 10 })
})

async function train(
  recipe: Record<string, unknown>,
  out: string,
  more: Partial<TrainRequest> = {},
  deps: Partial<TrainDeps> = {},
  signal?: AbortSignal,
) {
  const path = join(work, 'data', 'recipe.json')
  writeFileSync(path, JSON.stringify(recipe))
  const file = await readRecipe(path)
  const context = signal ? { signal, report() {} } : quietContext()
  return trainTracks({ recipe: file, out: join(work, out), resume: false, threads: 1, now: 0, ...more }, { compute, registry, note() {}, ...deps }, context) // biome-ignore format: one thought
}

const bytesIn = (folder: string) => Object.fromEntries(readdirSync(join(work, folder)).sort().map(name => [name, readFileSync(join(work, folder, name)).toString('base64')])) // biome-ignore format: one thought

async function tensors(folder: string) {
  const model = await openModelFolder(join(work, folder))
  const out = new Map<string, Buffer>()
  for (const name of model.weights.entries.keys()) out.set(name, Buffer.from(new Uint8Array((await model.weights.read(name)).data.buffer))) // biome-ignore format: one thought
  await model.close()
  return out
}

const sparse = {
  kind: 's-enformer',
  architecture: { length: 256, stemFilters: 4, stemKernel: 5, towerFilters: [4, 6], layers: 1, heads: 2, targetBins: 28, outputs: { tracks: 2 }, dropout: 0.1, block: 4, randomBlocks: 1 }, // biome-ignore format: one table
  pattern: { rule: 'uniform', seed: 7 },
}

describe('train on tracks', () => {
  // Truth: the rule that made the tracks (a bin's share of G and of C) is learned in a few steps.
  it('writes a model folder that passes its check, learns, and records where it came from', async () => {
    const result = await train(trackRecipe({ training: { ...(trackRecipe()['training'] as object), batch: 4, steps: 120, schedule: { kind: 'cosine', rate: 0.03, warmupSteps: 5 }, augmentation: { shiftBp: 0, reverseComplement: true },
          validation: { every: 20, patience: 10 } } }), 'learns') // biome-ignore format: one thought
    expect(readdirSync(join(work, 'learns')).sort()).toEqual(['CARD.md', 'metrics.jsonl', 'model.json', 'weights.safetensors']) // biome-ignore format: one thought
    expect((await checkModel(join(work, 'learns'), registry, quietContext())).problems).toEqual([])
    expect((result.metrics['test'] as { mean: number }).mean).toBeGreaterThan(0.3)
    const json = JSON.parse(readFileSync(join(work, 'learns', 'model.json'), 'utf8'))
    expect(json.provenance.recipe).toBe(readFileSync(join(work, 'data', 'recipe.json'), 'utf8'))
    expect(json.provenance.dataset.split).toEqual({ train: ['chrA:1-4,096'], valid: ['chrB:1-896'], test: ['chrB:1,101-2,044'] }) // biome-ignore format: one thought
    expect(json.tracks.map((t: { strandPair: number }) => t.strandPair)).toEqual([1, 0])
    const lines = readFileSync(join(work, 'learns', 'metrics.jsonl'), 'utf8').trim().split('\n').map(l => JSON.parse(l)) // biome-ignore format: one thought
    expect(lines.filter(l => 'loss' in l)).toHaveLength(120)
    expect(lines.filter(l => 'validation' in l).map(l => l.step)).toEqual([20, 40, 60, 80, 100, 120])
    await expect(train(trackRecipe(), 'learns')).rejects.toMatchObject({ code: 'bad-input', message: expect.stringContaining('finished model') }) // biome-ignore format: one thought
  })

  it.each([
    ['enformer', undefined],
    ['s-enformer', sparse],
  ])(
    '%s: the same recipe gives the same folder, byte for byte, also when it was stopped and resumed',
    async (kind, model) => {
      const recipe = trackRecipe(model ? { model } : {})
      await train(recipe, `${kind}-whole`)
      for (const stopAt of [3, 8, 99]) {
        const stop = new AbortController()
        const run = train(recipe, `${kind}-parts`, { resume: true }, { onStep: m => m.step >= stopAt && stop.abort() }, stop.signal) // biome-ignore format: one thought
        if (stopAt < 12) await expect(run).rejects.toMatchObject({ code: 'cancelled' })
        else await run
      }
      expect(bytesIn(`${kind}-parts`)).toEqual(bytesIn(`${kind}-whole`))
      await train(recipe, `${kind}-other`, { seed: 4 })
      expect(bytesIn(`${kind}-other`)['weights.safetensors']).not.toBe(bytesIn(`${kind}-whole`)['weights.safetensors'])
    },
  )

  // Truth: the loss and its gradient at step 1, whose weights differ in the head's bias alone; softplus of a bias kept by a rate of 0.
  it('starts the head at the mean of each track when told: most of the first gradient was only the way there', async () => {
    const training = { ...(trackRecipe()['training'] as object), steps: 4, schedule: { kind: 'constant', rate: 0 } }
    await train(trackRecipe({ training }), 'from-zero')
    await train(trackRecipe({ training: { ...training, headBias: 'mean' } }), 'from-mean')
    const bias = (await tensors('from-mean')).get('_heads.tracks.0.bias')!
    const means = [bias.readFloatLE(0), bias.readFloatLE(4)].map(x => Math.log1p(Math.exp(x)))
    // Four letters, equally likely: two of eight bases.
    for (const mean of means) expect(Math.abs(mean - 2)).toBeLessThan(0.2)
    expect([...(await tensors('from-zero')).get('_heads.tracks.0.bias')!]).toEqual(Array(8).fill(0))
    const first = (folder: string) =>
      JSON.parse(readFileSync(join(work, folder, 'metrics.jsonl'), 'utf8').split('\n')[0]!)
    const [zero, mean] = [first('from-zero'), first('from-mean')]
    expect(mean.loss).toBeLessThan(zero.loss - 0.4)
    expect(mean.gradientNorm).toBeLessThan(zero.gradientNorm / 2)
    const folder = trackRecipe({ training: { ...training, headBias: 'median' } })
    await expect(train(folder, 'no')).rejects.toMatchObject({ message: expect.stringContaining('headBias') })
  })

  it('stops early when the validation gets no better, and keeps the best weights', async () => {
    const training = { ...(trackRecipe()['training'] as object), steps: 200, schedule: { kind: 'constant', rate: 0 }, validation: { every: 2, patience: 3 }, batchNorm: 'frozen' } // biome-ignore format: one thought
    const result = await train(trackRecipe({ training }), 'early')
    // Without learning every score equals the first: the second is no better, and three such end it.
    expect([result.keptStep, result.steps]).toEqual([2, 8])
  })

  it('transplants a model: attention alone is trained, the rest and all batch statistics stay to the byte', async () => {
    await train(trackRecipe(), 'donor')
    cpSync(join(work, 'donor'), join(work, 'data', 'donor'), { recursive: true })
    const recipe = trackRecipe({
      model: sparse,
      start: { model: 'donor', fresh: ['.0.fn.'], train: ['.0.fn.'] },
      training: { ...(trackRecipe()['training'] as object), batchNorm: 'frozen' },
    })
    // `conv_tower.0.0` and `stem.1.fn.0` must not be caught by a part that is meant for attention.
    recipe['start'] = { model: 'donor', fresh: ['transformer.0.0.fn', 'attention.random_blocks'], train: ['transformer.0.0.fn'] } // biome-ignore format: one thought
    await train(recipe, 'transplanted')
    const [before, after] = [await tensors('donor'), await tensors('transplanted')]
    const attention = (name: string) => name.startsWith('transformer.0.0.fn')
    for (const [name, bytes] of before) if (!attention(name)) expect(after.get(name)?.equals(bytes), name).toBe(true)
    expect([...before.keys()].filter(name => name.endsWith('running_var')).length).toBeGreaterThan(4)
    const moved = [...after.keys()].filter(attention)
    expect(moved.length).toBeGreaterThan(6)
    const donorJson = JSON.parse(readFileSync(join(work, 'donor', 'model.json'), 'utf8'))
    const json = JSON.parse(readFileSync(join(work, 'transplanted', 'model.json'), 'utf8'))
    expect(json.provenance.dataset.start).toMatchObject({ id: 'made-up', sha256: donorJson.weights.sha256 })
    expect(json.attentionPattern).toMatchObject({ blockSize: 4, randomBlocks: 1, tokens: 32, rule: 'uniform', seed: 7 })
  })
})

describe('a recipe or data that cannot be', () => {
  const data = (more: object) => ({ data: { ...(trackRecipe()['data'] as object), ...more } })
  const model = (more: object) => ({ model: { kind: 'enformer', architecture: { ...(trackRecipe()['model'] as { architecture: object }).architecture, ...more } } }) // biome-ignore format: one thought
  const tracks = (more: object) => data({ tracks: [{ name: 'RNA:plus', file: 'plus.bw', strand: '+', pair: 1, ...more }, { name: 'RNA:minus', file: 'minus.bw', strand: '-', pair: 0 }] }) // biome-ignore format: one thought
  const splits = (more: object) => data({ splits: { ...(trackRecipe()['data'] as { splits: object }).splits, ...more } }) // biome-ignore format: one thought
  it.each<readonly [string, Record<string, unknown>, string, RegExp]>([
    ['a field that nobody knows', { colour: 1 }, 'bad-input', /recipe\.colour/],
    ['a field of the training', { training: { ...(trackRecipe()['training'] as object), batch: 0 } }, 'bad-input', /recipe\.training\.batch is 0/], // biome-ignore format: one row
    ['a head of another size', model({ outputs: { tracks: 3 } }), 'bad-input', /outputs is \{"tracks":3\}.*2 tracks/],
    ['bins that do not divide', model({ length: 260 }), 'bad-input', /architecture\.length is 260/],
    ['bins of another size', data({ binSize: 16 }), 'bad-input', /binSize is 16, the network's bins are of 8 bp/],
    ['margins that are not equal', model({ targetBins: 27 }), 'bad-input', /targetBins is 27/],
    ['another kind', { model: { kind: 'transformer', architecture: {} } }, 'unsupported', /recipe\.model\.kind is 'transformer'/], // biome-ignore format: one row
    ['a contig that is absent', splits({ test: ['chrZ'] }), 'not-found', /contig 'chrZ'/],
    ['a region beyond the end', splits({ test: ['chrB:1,101-9,999'] }), 'region', /ends beyond contig 'chrB'/],
    ['splits that share bases', splits({ test: ['chrB:905-2,048'] }), 'bad-input', /valid .* test .* share bases/],
    ['an empty split', splits({ valid: [] }), 'bad-input', /splits\.valid names no region/],
    ['a region shorter than a window', splits({ valid: ['chrB:1-100'] }), 'region', /shorter than the 224 bp/],
    ['a pair that is not returned', tracks({ pair: 0 }), 'bad-input', /tracks\[[01]\]\.pair is [01]/],
    ['a strand without its pair', data({ tracks: [{ name: 'RNA:plus', file: 'plus.bw', strand: '+' }] }), 'bad-input', /tracks\[0\]\.pair/], // biome-ignore format: one row
    ['a file that is absent', tracks({ file: 'none.bw' }), 'not-found', /none\.bw/],
    ['a file that is no bigWig', tracks({ file: 'genome.fa' }), 'wrong-type', /genome\.fa/],
    ['a bigWig of another assembly', tracks({ file: 'other/plus.bw' }), 'build', /'RNA:plus'.*another assembly: contig 'A' has 5,000 bp/], // biome-ignore format: one row
    [
      'a bigWig without values there',
      tracks({ file: 'empty.bw' }),
      'bad-input',
      /'RNA:plus'.*no value in the train regions \(chrA/,
    ],
    ['a start whose weights do not fit', { start: { model: 'narrow' } }, 'not-found', /narrow/],
  ])('%s', async (_, more, code, message) => {
    writeTrackExperiment(join(work, 'data', 'other'), { lengths: { chrA: 5000, chrB: 2048 } })
    const { writeBigWig } = await import('../../../readers/bigwigWriter.ts')
    writeFileSync(join(work, 'data', 'empty.bw'), writeBigWig([{ name: 'A', length: 4096 }, { name: 'B', length: 2048 }], [{ contig: 'B', starts: [2040], ends: [2048], values: [1] }])) // biome-ignore format: one thought
    await expect(train(trackRecipe(more), 'bad')).rejects.toMatchObject({ code, message: expect.stringMatching(message) }) // biome-ignore format: one thought
  })

  it('weights to start from that are truncated, misshapen or not finite', async () => {
    const donor = join(work, 'data', 'spoilt')
    cpSync(join(work, 'learns'), donor, { recursive: true })
    const file = join(donor, 'weights.safetensors')
    const good = readFileSync(file)
    const start = { start: { model: 'spoilt' } }
    writeFileSync(file, good.subarray(0, good.length - 8))
    await expect(train(trackRecipe(start), 'bad')).rejects.toMatchObject({ code: 'truncated' })
    const bad = Buffer.from(good)
    bad.writeFloatLE(Number.NaN, good.length - 4)
    writeFileSync(file, bad)
    await expect(train(trackRecipe(start), 'bad')).rejects.toMatchObject({ code: 'bad-model', message: expect.stringContaining('not finite') }) // biome-ignore format: one thought
    writeFileSync(file, good)
    await expect(train(trackRecipe({ ...start, ...model({ stemFilters: 5 }) }), 'bad')).rejects.toMatchObject({ code: 'bad-model', message: expect.stringMatching(/'stem\.0\.weight' is 4 x 4 x 5 .* needs 5 x 4 x 5/) }) // biome-ignore format: one thought
  })
})
