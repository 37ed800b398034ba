import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { quietContext } from '../../../src-shared/job.ts'
import { type Compute, createCompute } from '../../compute/client.ts'
import { Graph } from '../../graph/graph.ts'
import { emitOnnx } from '../../graph/onnx.ts'
import { MODELS } from '../../models/kinds.ts'
import { modelRegistry } from '../../models/registry.ts'
import { readRecipe } from '../training/recipe.ts'
import type { Experiment, PointContext } from './experiment.ts'
import { readLengthExperiment } from './length/length.ts'
import { inferenceGraph, lengthNetwork } from './length/lengthNetworks.ts'
import { parseLengthRecipe } from './length/lengthRecipe.ts'
import { readLowRankExperiment } from './lowRank/lowRank.ts'
import { randomBases } from './randomBases.ts'
import { normalNumbers, randomWeightsFile } from './randomWeights.ts'

const work = mkdtempSync(join(tmpdir(), 'lab-sizes-'))
afterAll(() => rmSync(work, { recursive: true, force: true, maxRetries: 10 }))
const registry = modelRegistry(MODELS)
const recipes = resolve(import.meta.dirname, '../../../assets/recipes')
const HEAD = { format: 'diploscope-recipe', formatVersion: 1, task: 'lab', id: 'x', name: 'x', summary: 'x' }
const LENGTH = {
  ...HEAD,
  experiment: 'length',
  parts: [
    { job: 'inference', width: 48, tracks: 2, layers: [2], lengthsBp: [24_576], warmUp: 0, repeats: 2 },
    {
      job: 'training',
      models: ['s-enformer'],
      width: 48,
      tracks: 2,
      layers: [1],
      lengthsBp: [24_576],
      warmUp: 1,
      repeats: 1,
    },
    { job: 'training-attention', models: ['enformer'], attention: 'whole', width: 48, tracks: 2, layers: [1], lengthsBp: [24_576], warmUp: 0, repeats: 1, workload: 'varied' }, // biome-ignore format: one part
  ],
}
const LOW_RANK = { ...HEAD, experiment: 'low-rank', width: 24, heads: 4, feedForward: 96, lengths: [16], ranks: [4], memoryBytes: 1e7, mostTokens: 64, warmUp: 1, repeats: 2 } // biome-ignore format: one recipe

const written = (json: object) => {
  const path = join(work, `${Math.random().toString(36).slice(2)}.json`)
  writeFileSync(path, JSON.stringify(json))
  return readRecipe(path)
}

/** One visit of every point, each in a process of its own. */
async function visitAll(experiment: Experiment) {
  const visits = []
  for (const point of experiment.points) {
    let compute: Compute | undefined
    const context: PointContext = {
      ...quietContext(),
      compute: async () => {
        compute ??= createCompute({ threads: 2, cacheFolder: join(work, 'cache') })
        return compute
      },
      registry,
      threads: 2,
      memoryLimitBytes: 2e9,
      folder: join(work, 'point'),
      sharedFolder: join(work, 'shared'),
      remadeFolder: join(work, 'remade'),
      first: true,
      now: () => performance.now(),
    }
    try {
      visits.push({ point, measures: await experiment.visit(point, context) })
    } finally {
      await compute?.close()
    }
  }
  return visits
}

describe('shipped recipes', () => {
  it.each([
    ['length', readLengthExperiment],
    ['low-rank', readLowRankExperiment],
  ] as const)('of %s are whole, and every point of them is another', async (name, read) => {
    const files = readdirSync(recipes).filter(n => n.startsWith(`lab-${name}`))
    expect(files.length).toBeGreaterThanOrEqual(3)
    for (const file of files) {
      const { points, notes } = await read(await readRecipe(join(recipes, file)))
      expect(new Set(points.map(p => JSON.stringify(p.factors))).size).toBe(points.length)
      expect(points.length).toBeGreaterThan(0)
      expect(notes.join(' ')).toMatch(/[Rr]andom weights/)
    }
  })
})

describe('visits', () => {
  it('of length time every run of every kind of job', async () => {
    const experiment = await readLengthExperiment(await written(LENGTH))
    const visits = await visitAll(experiment)
    expect(visits).toHaveLength(4)
    for (const { point, measures } of visits) {
      expect(measures['seconds']).toHaveLength(point.factors['job'] === 'inference' ? 2 : 1)
      expect(measures['seconds']!.every(s => s > 0)).toBe(true)
      const { outputs, graph } = point.graph!()
      expect(outputs.length).toBeGreaterThan(0)
      expect(graph.leaves('input').length).toBeGreaterThan(0)
    }
  })
  // Truth: parameters are counted from shapes, as in lowRankNetworks.test.ts.
  it('of low rank give times and sizes of all models', async () => {
    const visits = await visitAll(await readLowRankExperiment(await written(LOW_RANK)))
    expect(visits.map(v => [v.point.factors['model'], v.point.factors['job'], v.point.factors['batch']])).toEqual(
      ['training', 'inference'].flatMap(job => ['transformer', 'lrt', 'linformer'].map(m => [m, job, 4])),
    )
    for (const { measures } of visits) expect(measures['seconds']).toHaveLength(2)
    const sizes = visits.map(v => v.measures['parameters']![0]!)
    expect(sizes[1]!).toBeLessThan(sizes[0]!)
    expect(sizes[2]! - sizes[0]!).toBe(2 * 2 * 16 * 4)
  })
})

// Truth: the moments of the standard normal distribution; over the end of the pool too.
it('normal numbers have mean 0 and deviation 1, and are the same for the same seed', () => {
  const values = normalNumbers(3_000_000, 5)
  const mean = values.reduce((a, b) => a + b, 0) / values.length
  const square = values.reduce((a, b) => a + b * b, 0) / values.length
  expect(Math.abs(mean)).toBeLessThan(0.005)
  expect(Math.abs(square - 1)).toBeLessThan(0.005)
  expect(normalNumbers(10, 5)).toEqual(values.slice(0, 10))
  expect(normalNumbers(10, 6)).not.toEqual(values.slice(0, 10))
})

// Truth: the naive twin, which scores all queries at once and gathers all keys at once.
it('attention in chunks gives the numbers of attention in one piece', async () => {
  const part = { job: 'inference', width: 48, tracks: 3, layers: [1], lengthsBp: [65_536], warmUp: 0, repeats: 1 }
  const recipe = parseLengthRecipe(await written({ ...LENGTH, parts: [part, { ...part, attention: 'whole' }] }))
  const compute = createCompute({ threads: 2, cacheFolder: join(work, 'cache') })
  try {
    for (const model of ['enformer', 's-enformer'] as const) {
      const results: Float32Array[] = []
      const sizes = new Set<number>()
      for (const own of recipe.parts) {
        const setup = { part: own, model, lengthBp: 65_536, layers: 1 }
        const network = lengthNetwork(setup, registry)
        const specs = network.parameters.filter(p => !p.structure)
        const weights = await randomWeightsFile(join(work, `${model}.safetensors`), specs, new AbortController().signal)
        const { bytes } = emitOnnx(inferenceGraph(network, setup, new Graph()), { values: weights.values(specs.map(s => s.name)) }) // biome-ignore format: one call
        sizes.add(bytes.length)
        const session = await compute.load({ bytes, links: weights.links }, { workload: 'varied' })
        const sequence = { dtype: 'float32', shape: [1, 65_536, 4], data: randomBases(65_536, 65_536) } as const
        results.push((await session.run({ sequence }))['human']!.data as Float32Array)
        await session.close()
        await weights.close()
      }
      // Other graphs, or nothing would be compared.
      if (model === 'enformer') expect(sizes.size).toBe(2)
      const [chunked, whole] = results as [Float32Array, Float32Array]
      const size = whole.reduce((m, v) => Math.max(m, Math.abs(v)), 0)
      expect(whole.every((v, i) => Math.abs(v - chunked[i]!) <= 1e-4 * size)).toBe(true)
    }
  } finally {
    await compute.close()
  }
})

describe('recipes that cannot be', () => {
  it.each([
    [{ ...LENGTH, parts: [{ ...LENGTH.parts[0], width: 50 }] }, /width is 50, expected a multiple of 48/],
    [{ ...LENGTH, parts: [{ ...LENGTH.parts[0], lengthsBp: [10_000] }] }, /lengthsBp holds 10000/],
    [{ ...LENGTH, parts: [{ ...LENGTH.parts[0], models: ['other'] }] }, /models is \["other"\]/],
    [{ ...LENGTH, parts: [{ ...LENGTH.parts[0], colour: 1 }] }, /parts\[0\]\.colour is not a field/],
  ])('length: %#', async (json, message) => {
    await expect(readLengthExperiment(await written(json))).rejects.toMatchObject({ code: 'bad-input', message: expect.stringMatching(message) }) // biome-ignore format: one call
  })
  it.each([
    [{ ...LOW_RANK, memoryBytes: 1000 }, /memoryBytes is 1000, too few for one sequence of 16 tokens/],
    [{ ...LOW_RANK, heads: 5 }, /heads is 5, expected a divisor of the width 24/],
  ])('low rank: %#', async (json, message) => {
    await expect(readLowRankExperiment(await written(json))).rejects.toMatchObject({ code: 'bad-input', message: expect.stringMatching(message) }) // biome-ignore format: one call
  })
})
