import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { quietContext } from '../../../src-shared/job.ts'
import { SeededRandom } from '../../../test-support/random.ts'
import { relativeGap } from '../../../test-support/small-network.ts'
import { type TrackModel, writeTrackModel } from '../../../test-support/track-model.ts'
import { createCompute } from '../../compute/client.ts'
import type { ModelJson } from '../../models/folder/modelJson.ts'
import { MODELS } from '../../models/kinds.ts'
import { modelRegistry } from '../../models/registry.ts'
import { type ExactNetwork, openExactNetwork } from './exactNetwork.ts'
import { type MutantNetwork, type MutantRequest, type Mutation, openNaiveNetwork } from './mutantNetwork.ts'

const work = mkdtempSync(join(tmpdir(), 'exact-test-'))
const compute = createCompute({ cacheFolder: join(work, 'cache'), threads: 2 })
const registry = modelRegistry(MODELS)
const context = quietContext()
afterAll(async () => {
  await compute.close()
  rmSync(work, { recursive: true, force: true, maxRetries: 10 })
})

const trunk = { length: 1024, stemFilters: 6, stemKernel: 15, towerFilters: [8, 8], layers: 2, heads: 2, targetBins: 96, outputs: { human: 5, mouse: 2 } } // biome-ignore format: one table
const conv = { order: 'norm-activation-conv', bias: true, norm: 'batch', activation: 'gelu' }
const heads = (human: number, mouse = 0) => [{ name: 'human', tracks: human }, ...(mouse ? [{ name: 'mouse', tracks: mouse }] : [])] // biome-ignore format: one line

const models: Readonly<Record<string, TrackModel>> = {
  enformer: { kind: 'enformer', architecture: { ...trunk, keySize: 4, valueSize: 3, positionFeatures: 6 }, length: 1024, binSize: 8, bins: 96, cropBins: 16, heads: heads(5, 2) }, // biome-ignore format: one table
  's-enformer': { kind: 's-enformer', architecture: { ...trunk, block: 16, randomBlocks: 2 }, length: 1024, binSize: 8, bins: 96, cropBins: 16, heads: heads(5, 2) }, // biome-ignore format: one table
  baskerville: {
    kind: 'baskerville',
    architecture: {
      length: 512,
      trunk: [
        { block: 'conv', ...conv, norm: 'none', activation: 'linear', filters: 6, kernel: 7, pool: 2 },
        { block: 'tower', ...conv, filters: [6, 6, 8], kernel: 5, pool: 2, keep: 'before-pool' },
        { block: 'transformer', repeat: 2, heads: 2, keySize: 4, positionFeatures: 8, mlpRatio: 2 },
        { block: 'unet', kernel: 3, norm: 'batch', activation: 'gelu', dense: true },
        { block: 'unet', kernel: 3, norm: 'batch', activation: 'gelu', dense: true },
        { block: 'crop', positions: 16 },
      ],
      activation: 'gelu',
      outputs: { human: 4 },
      heads: { human: { blocks: [], activation: 'softplus' } },
    },
    length: 512,
    binSize: 4,
    bins: 96,
    cropBins: 16,
    heads: heads(4),
  },
  basset: {
    kind: 'basset',
    architecture: { length: 1000, filters: [12, 10, 8], kernels: [19, 11, 7], pools: [3, 4, 4], dense: [16, 8], outputs: { human: 6 } }, // biome-ignore format: one table
    length: 1000,
    binSize: 1000,
    bins: 1,
    cropBins: 0,
    heads: heads(6),
  },
  'convolutions alone': {
    kind: 'baskerville',
    architecture: {
      length: 300,
      trunk: [
        { block: 'conv', ...conv, filters: 5, kernel: 9, pool: 3 },
        { block: 'conv', ...conv, filters: 5, kernel: 5, dilation: 3, residual: true },
      ],
      activation: 'relu',
      outputs: { human: 3 },
      heads: { human: { blocks: [], activation: 'softplus' } },
    },
    length: 300,
    binSize: 3,
    bins: 100,
    cropBins: 0,
    heads: heads(3),
  },
}

/** Random bases, one-hot, with a stretch of N. */
function sequenceOf(length: number, seed: string, unknown: readonly [number, number]): Float32Array {
  const random = new SeededRandom(seed)
  const x = new Float32Array(4 * length)
  for (let i = 0; i < length; i++) {
    const base = random.integer(0, 4)
    if (i < unknown[0] || i >= unknown[1]) x[4 * i + base] = 1
  }
  return x
}

async function all(network: MutantNetwork, mutations: readonly Mutation[]): Promise<Float32Array[]> {
  const out: Float32Array[] = []
  for await (const { first, values } of network.run(mutations, context.signal)) {
    expect(first).toBe(out.length)
    for (const one of values) out.push(one.slice())
  }
  return out
}

const spread = (values: readonly Float32Array[], reference: Float32Array) => values.flatMap(v => Array.from(v, (x, i) => x - reference[i]!)) // biome-ignore format: one line

let pairs = 0
/** Weights by which a change of one base comes through: a variance of 2 over the inputs of each unit. */
function scaled(name: string, shape: readonly number[]): Float32Array | undefined {
  if (shape.length < 2) return undefined
  const random = new SeededRandom(name)
  const inputs = shape.slice(1).reduce((a, b) => a * b, 1)
  return Float32Array.from({ length: inputs * shape[0]! }, () => random.normal(0, Math.sqrt(3 / inputs)))
}

async function pair(
  name: string,
  more: Partial<MutantRequest> = {},
): Promise<{ json: ModelJson; exact: ExactNetwork; naive: MutantNetwork }> {
  // biome-ignore format: one line
  const folder = join(work, `${name.replaceAll(' ', '-')}-${pairs++}`)
  const json = await writeTrackModel(folder, { ...models[name]!, weight: scaled })
  const request: MutantRequest = { folder, json, channels: json.tracks.map((_, i) => i), load: {}, ...more }
  return {
    json,
    exact: await openExactNetwork(request, compute, registry, context),
    naive: await openNaiveNetwork({ ...request, batch: 1 }, compute, registry, context),
  }
}

// Truth: a full forward pass for each mutant, on the same engine in float32.
describe('exact equals naive', () => {
  for (const name of Object.keys(models))
    it(name, async () => {
      const { json, exact, naive } = await pair(name)
      const length = (json.input as { length: number }).length
      const half = Math.floor(length / 2)
      const sequence = sequenceOf(length, name, [half + 14, half + 17])
      for (const [start, end] of [
        [0, 20],
        [half - 6, half + 14],
        [length - 20, length],
      ] as const) {
        // biome-ignore format: one line
        const [mine, theirs] = [await exact.prepare(sequence, { start, end }, context.signal), await naive.prepare(sequence, { start, end }, context.signal)] // biome-ignore format: one line
        expect(relativeGap(mine, theirs)).toBeLessThan(1e-5)
        const mutations = Array.from({ length: end - start }, (_, i) => start + i).flatMap(position => [0, 1, 2, 3].map(base => ({ position, base }))) // biome-ignore format: one line
        const some = mutations.filter((_, i) => i % 3 !== 1)
        const [got, truth] = [await all(exact, some), await all(naive, some)]
        expect(got.length).toBe(some.length)
        const [a, b] = [spread(got, theirs), spread(truth, theirs)]
        const [effect, value] = [Math.max(...b.map(Math.abs)), Math.max(...theirs.map(Math.abs))]
        expect(effect).toBeGreaterThan(1e-6)
        // Beside what float32 loses of the prediction itself.
        expect(relativeGap(a, b) * effect).toBeLessThan(1e-4 * effect + 2e-6 * value)
        got.forEach((values, i) => {
          expect(relativeGap(values, truth[i]!)).toBeLessThan(1e-5)
        })
      }
      await exact.close()
      await naive.close()
    })
  it('some bins and tracks, in any order, a batch of several', async () => {
    const { exact, naive } = await pair('enformer', { channels: [1, 5], bins: { first: 40, count: 3 }, batch: 3 })
    const sequence = sequenceOf(1024, 'bins', [0, 0])
    const region = { start: 500, end: 540 }
    await exact.prepare(sequence, region, context.signal)
    await naive.prepare(sequence, region, context.signal)
    const some = [520, 503, 539, 511, 512, 500, 504].map((position, i) => ({ position, base: i % 4 }))
    const [got, truth] = [await all(exact, some), await all(naive, some)]
    got.forEach((values, i) => {
      expect(values.length).toBe(6)
      expect(relativeGap(values, truth[i]!)).toBeLessThan(1e-5)
    })
    await exact.close()
    await naive.close()
  })
  it('bins and positions away from the middle, where a skip is reached that the middle does not reach', async () => {
    const { exact, naive } = await pair('baskerville', { bins: { first: 4, count: 6 } })
    const sequence = sequenceOf(512, 'skips', [0, 0])
    for (const region of [
      { start: 84, end: 100 },
      { start: 300, end: 304 },
    ]) {
      // biome-ignore format: one line
      const reference = await naive.prepare(sequence, region, context.signal)
      await exact.prepare(sequence, region, context.signal)
      const some = Array.from({ length: region.end - region.start }, (_, i) => ({ position: region.start + i, base: i % 4 })) // biome-ignore format: one line
      const [got, truth] = [await all(exact, some), await all(naive, some)]
      const value = Math.max(...reference.map(Math.abs))
      got.forEach((values, i) => {
        expect(relativeGap(values, truth[i]!)).toBeLessThan(1e-5)
      })
      if (region.start < 100) expect(Math.max(...spread(truth, reference).map(Math.abs))).toBeGreaterThan(1e-4 * value)
    }
    await exact.close()
    await naive.close()
  })
})

describe('what exact refuses', () => {
  it('positions that were not prepared, and unknown bases', async () => {
    const { exact, naive } = await pair('basset')
    await exact.prepare(sequenceOf(1000, 'x', [50, 52]), { start: 40, end: 60 }, context.signal)
    await expect(all(exact, [{ position: 60, base: 0 }])).rejects.toMatchObject({ code: 'bad-input' })
    await expect(all(exact, [{ position: 51, base: 0 }])).rejects.toMatchObject({ code: 'bad-input' })
    await expect(exact.prepare(sequenceOf(1000, 'x', [0, 0]), { start: 0, end: 1001 }, context.signal)).rejects.toMatchObject({ code: 'region' }) // biome-ignore format: one line
    await exact.close()
    await naive.close()
  })
})
