import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { quietContext } from '../../../../src-shared/job.ts'
import { createCompute } from '../../../compute/client.ts'
import { MODELS } from '../../../models/kinds.ts'
import { modelRegistry } from '../../../models/registry.ts'
import { readRecipe } from '../../training/recipe.ts'
import { parseTrackRecipe } from '../../training/tracks/trackRecipe.ts'
import type { Experiment, PointContext, PointPlan } from '../experiment.ts'
import { readLabRecipe } from '../recipes.ts'
import { cutTo } from './parityRecipe.ts'
import { readSparseParity } from './sparseParity.ts'

const work = mkdtempSync(join(tmpdir(), 'diploscope-parity-'))
afterAll(() => rmSync(work, { recursive: true, force: true, maxRetries: 10 }))
const recipes = resolve(import.meta.dirname, '../../../../assets/recipes')
const lab = { format: 'diploscope-recipe', formatVersion: 1, task: 'lab', id: 'lab-parity', name: 'n', summary: 's', experiment: 'sparse-parity' } // biome-ignore format: one line
const read = async (json: object): Promise<Experiment> => {
  const path = join(work, 'lab.json')
  writeFileSync(path, JSON.stringify({ ...lab, ...json }))
  return readSparseParity(await readLabRecipe(path, []))
}
const side = (values: Readonly<Record<string, number | null>>) => ({
  model: 'm',
  kind: 'enformer',
  parameters: 10,
  mean: { r: 0.5, interval95: [0.4, 0.6] },
  tracks: Object.entries(values).map(([name, r]) => ({ name, assay: 'RNA', sourceId: null, r, interval95: null })),
  assays: [{ assay: 'RNA', tracks: 2, r: 0.5, interval95: null, pooled: 0.7 }],
})
/** As `evaluate --compare --json` writes it. */
const report = {
  windows: 2,
  judged: side({ a: 0.4, b: null }),
  compared: {
    ...side({ a: 0.3, b: 0.2 }),
    comparison: {
      difference: { r: -0.1, interval95: [-0.2, 0] },
      byTrack: [],
      points: [{ region: 'w1', assay: 'RNA', x: 0.2, y: 0.1 }, { region: 'w2', assay: 'RNA', x: 0.3, y: 0.4 }], // biome-ignore format: one line
      byAssay: [{ assay: 'RNA', windows: 2, r: 1, shareOtherAtLeast: 0.5, meanX: 0.25, meanY: 0.25 }],
    },
  },
}
const writeReport = (json: object) => {
  writeFileSync(join(work, 'report.json'), JSON.stringify(json))
  return { pairs: [{ name: 'p', report: 'report.json' }], windows: 5 }
}
const context = (more: Partial<PointContext> = {}) => ({ ...quietContext(), registry: modelRegistry(MODELS), threads: 1, memoryLimitBytes: 4e9, folder: work, sharedFolder: work, remadeFolder: work, first: true, now: () => 0, ...more }) as PointContext // biome-ignore format: one line
const at = (experiment: Experiment, factors: object): PointPlan => {
  const found = experiment.points.filter(p => JSON.stringify({ ...p.factors, ...factors }) === JSON.stringify(p.factors)) // biome-ignore format: one line
  return found[0]!
}

describe('a pair whose report is there', () => {
  it('is read point by point, the two metrics apart, no more windows than it has; what is undefined is said to be', async () => {
    const experiment = await read(writeReport(report))
    expect(experiment.points.filter(p => p.factors['job'])).toEqual([])
    expect(experiment.points.filter(p => p.factors['window'])).toHaveLength(2)
    const visit = (factors: object) => experiment.visit(at(experiment, factors), context())
    expect(await visit({ metric: 'pearson_per_track', model: 'sparse', track: 'a' })).toEqual({ r: [0.3] })
    expect(await visit({ metric: 'difference_per_track' })).toEqual({ r: [-0.1], low95: [-0.2], high95: [0] })
    expect(await visit({ metric: 'pearson_pooled', type: 'RNA' })).toEqual({ fullPooled: [0.2, 0.3], sparsePooled: [0.1, 0.4], fullMean: [0.25], sparseMean: [0.25], sparseAtLeastShare: [0.5], betweenModels: [1] }) // biome-ignore format: one thought
    expect(await visit({ window: 2 })).toEqual({ fullPooled: [0.3], sparsePooled: [0.4] })
    await expect(visit({ metric: 'pearson_per_track', model: 'full', track: 'b' })).rejects.toMatchObject({ code: 'not-finite' }) // biome-ignore format: one thought
  })

  it('is refused by the field that is wrong', async () => {
    const bad = (json: object) => expect(read(writeReport(json))).rejects
    await bad({ ...report, windows: 0 }).toMatchObject({ code: 'bad-input', message: expect.stringMatching(/report\.windows is 0/) }) // biome-ignore format: one thought
    await bad({ ...report, compared: null }).toMatchObject({ code: 'bad-input', message: expect.stringMatching(/no report of two models.*report/) }) // biome-ignore format: one thought
    await bad({ ...report, judged: { ...report.judged, mean: { r: 5, interval95: null } } }).toMatchObject({ code: 'bad-input', message: expect.stringMatching(/report\.judged\.mean\.r is 5/) }) // biome-ignore format: one thought
  })
})

describe('a recipe that trains', () => {
  it('is cut to fewer steps with the shape of its schedule, and left byte for byte where it has as many', async () => {
    const whole = await readRecipe(join(recipes, 'parity', 'demo-full.json'))
    expect(cutTo(whole, 60)).toBe(whole)
    const cut = parseTrackRecipe(cutTo(whole, 20))
    expect(cut.training).toMatchObject({ steps: 20, validateEvery: 5, checkpointEvery: 5, batch: 4, schedule: { kind: 'cosine', warmupSteps: 2 } }) // biome-ignore format: one thought
    expect(cut.data).toEqual(parseTrackRecipe(whole).data)
  })

  it('says which data it lacks, and refuses two pairs of one name', async () => {
    const path = join(work, 'absent.json')
    const json = JSON.parse(readFileSync(join(recipes, 'parity', 'demo-full.json'), 'utf8'))
    writeFileSync(path, JSON.stringify({ ...json, data: { ...json.data, reference: 'absent/genome.fa' } }))
    const one = { recipe: path, seed: 1, steps: 2 }
    const pair = { name: 'p', full: one, sparse: one }
    await expect(read({ evaluation: path, pairs: [pair] })).rejects.toMatchObject({ code: 'not-found', message: expect.stringMatching(/absent.genome\.fa/), remedy: expect.stringMatching(/DIPLOSCOPE_DATA/) }) // biome-ignore format: one thought
    await expect(read({ pairs: [pair] })).rejects.toMatchObject({ code: 'bad-input', message: expect.stringMatching(/evaluation is missing/) }) // biome-ignore format: one thought
    const two = writeReport(report)
    await expect(read({ ...two, pairs: [two.pairs[0], two.pairs[0]] })).rejects.toMatchObject({ message: expect.stringMatching(/a name twice/) }) // biome-ignore format: one thought
  })

  it('does not train again what a run that was killed had finished', async () => {
    const demo = (kind: string) => ({ recipe: join(recipes, 'parity', `demo-${kind}.json`), seed: 1, steps: 2 })
    const json = { evaluation: join(recipes, 'parity', 'demo-full.json'), pairs: [{ name: 'p', full: demo('full'), sparse: demo('sparse') }] } // biome-ignore format: one line
    const sharedFolder = join(work, 'shared')
    mkdirSync(sharedFolder)
    const compute = createCompute({ cacheFolder: join(work, 'cache'), threads: 1 })
    try {
      const experiment = await read(json)
      const training = at(experiment, { job: 'training', model: 'full' })
      const first = await experiment.visit(training, context({ sharedFolder, compute: async () => compute }))
      expect(first).toMatchObject({ steps: [2], parameters: [40_979], stepSeconds: [expect.any(Number)] })
      expect(existsSync(join(sharedFolder, 'pair-1-full', 'model.json'))).toBe(true)
      const again = await experiment.visit(training, context({ sharedFolder, compute: () => Promise.reject(new Error('not asked for')) })) // biome-ignore format: one thought
      expect(again).toEqual({ steps: [2], parameters: [40_979] })
      // The other was not trained: the evaluation says so.
      await expect(experiment.visit(at(experiment, { job: 'evaluation' }), context({ sharedFolder }))).rejects.toMatchObject({ code: 'not-found', message: expect.stringMatching(/not trained/) }) // biome-ignore format: one thought
    } finally {
      await compute.close()
    }
  })
})
