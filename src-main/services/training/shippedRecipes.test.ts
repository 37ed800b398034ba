import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { asWorkbenchError } from '../../../src-shared/ipc/errors.ts'
import { quietContext } from '../../../src-shared/job.ts'
import { makeDemoTraining } from '../../../test-support/demo/tracks.ts'
import { sharedData } from '../../../test-support/shared-data.ts'
import { createCompute } from '../../compute/client.ts'
import { MODELS } from '../../models/kinds.ts'
import { modelRegistry } from '../../models/registry.ts'
import { parseEvaluationRecipe } from '../evaluate/evaluateRecipe.ts'
import { EXPERIMENT_READERS } from '../lab/experiments.ts'
import { readExperiment, readLabRecipe } from '../lab/recipes.ts'
import { pointsById } from '../lab/visits.ts'
import { checkModel } from '../models/checkModel.ts'
import { readModelJson } from '../models/modelFolder.ts'
import { readRecipe } from './recipe.ts'
import { trackArchitecture } from './tracks/trackGeometry.ts'
import { parseTrackRecipe } from './tracks/trackRecipe.ts'
import { trainTracks } from './tracks/trainTracks.ts'

const assets = resolve(import.meta.dirname, '../../../assets')
const registry = modelRegistry(MODELS)
const recipes = await Promise.all(readdirSync(join(assets, 'recipes')).filter(n => n.endsWith('.json')).map(n => readRecipe(join(assets, 'recipes', n)))) // biome-ignore format: one thought
const models = readdirSync(join(assets, 'models')).map(name => join(assets, 'models', name))
const work = mkdtempSync(join(tmpdir(), 'shipped-recipes-'))
afterAll(() => rmSync(work, { recursive: true, force: true, maxRetries: 10 }))

describe('shipped recipes', () => {
  it.each(recipes.filter(r => r.task === 'tracks').map(r => [r.path.split(/[\\/]/).at(-1), r] as const))(
    '%s is whole: bins, head and tracks agree',
    (_, file) => {
      const recipe = parseTrackRecipe(file)
      const { binBp, outputs } = trackArchitecture(recipe.kind, recipe.architecture)
      expect(recipe.data.tracks[0]!.table.binSize).toBe(binBp)
      expect([...outputs]).toEqual([[recipe.data.tracks[0]!.table.head, recipe.data.tracks.length]])
      registry.configure(recipe.kind, recipe.architecture)
      expect(recipe.limits.join(' ')).toMatch(/research|Synthetic/i)
    },
  )
  it.each(recipes.filter(r => r.task === 'evaluate').map(r => [r.path.split(/[\\/]/).at(-1), r] as const))(
    '%s is whole',
    (_, file) => {
      expect(parseEvaluationRecipe(file).data.tracks.length).toBeGreaterThan(0)
    },
  )
})

describe('shipped recipes of the lab', () => {
  const lab = recipes.filter(r => r.task === 'lab').map(r => [r.path.split(/[\\/]/).at(-1)!, r.path] as const)
  it.each(lab)(
    '%s names an experiment, and its reader finds at least a point or what is missing',
    async (name, path) => {
      const recipe = await readLabRecipe(path, [sharedData('.') ?? ''])
      expect(name).toBe(`${recipe.id}.json`)
      expect(recipe.id.startsWith(`lab-${recipe.experiment}`)).toBe(true)
      const read = await readExperiment(recipe, EXPERIMENT_READERS).catch(error => asWorkbenchError(error).code)
      if (typeof read === 'string') expect(read).toBe('not-found')
      else
        expect([read.name, pointsById(read.points).size > 0, read.visits > 0]).toEqual([recipe.experiment, true, true])
    },
  )
  it('the tiny trainings of sparse parity are whole, and say that they are synthetic', async () => {
    for (const name of ['demo-full', 'demo-sparse']) {
      const recipe = parseTrackRecipe(await readRecipe(join(assets, 'recipes', 'parity', `${name}.json`)))
      registry.configure(recipe.kind, recipe.architecture)
      expect(recipe.limits.join(' ')).toMatch(/Synthetic/)
    }
  })
})

describe('shipped models', () => {
  const ofTracks = models.filter(folder => readFileSync(join(folder, 'model.json'), 'utf8').includes('\\"task\\": \\"tracks\\"')) // biome-ignore format: one thought
  it.each(ofTracks.map(folder => [folder.split(/[\\/]/).at(-1)!, folder]))(
    '%s passes its check, is small, and was made by a recipe that is here',
    async (name, folder) => {
      expect((await checkModel(folder, registry, quietContext())).problems).toEqual([])
      const bytes = readdirSync(folder).reduce((sum, file) => sum + statSync(join(folder, file)).size, 0)
      expect(bytes).toBeLessThan(name === 'demo-tracks' ? 1e6 : 6e6)
      const json = await readModelJson(folder)
      expect(recipes.map(r => r.text)).toContain(json.provenance.recipe)
      expect(json.id).toBe(name)
    },
  )
  it("the demo's model says that it is synthetic wherever it is named", async () => {
    const json = await readModelJson(join(assets, 'models', 'demo-tracks'))
    for (const text of [json.name, json.limits[0]!, ...json.tracks.map(t => t.name), json.provenance.source]) expect(text).toMatch(/synthetic/i) // biome-ignore format: one thought
    expect(readFileSync(join(assets, 'models', 'demo-tracks', 'CARD.md'), 'utf8')).toMatch(/Synthetic: /)
  })
})

// The whole training takes minutes: `node scripts/make-demo-training.mjs DIR`, then `diploscope train --recipe
// assets/recipes/demo-tracks.json --data DIR --threads 2 --out MODEL` gives the shipped weights.safetensors on the machine that made it.
it("the demo's recipe, cut to a few steps, gives the same model byte for byte when it is run again", async () => {
  await makeDemoTraining(join(work, 'data'), 'diploscope demo tracks 1')
  const text = readFileSync(join(assets, 'recipes', 'demo-tracks.json'), 'utf8')
  const json = JSON.parse(text)
  json.training = { ...json.training, batch: 4, steps: 3, schedule: { kind: 'constant', rate: 0.001 }, validation: { every: 3, patience: 1 } } // biome-ignore format: one thought
  const path = join(work, 'data', 'short.json')
  writeFileSync(path, JSON.stringify(json))
  const compute = createCompute({ cacheFolder: join(work, 'cache'), threads: 2 })
  try {
    for (const out of ['one', 'two'])
      await trainTracks({ recipe: await readRecipe(path), out: join(work, out), resume: false, threads: 2, now: 0 }, { compute, registry, note() {} }, quietContext()) // biome-ignore format: one call
  } finally {
    await compute.close()
  }
  for (const file of ['weights.safetensors', 'model.json', 'CARD.md', 'metrics.jsonl'])
    expect(Buffer.compare(readFileSync(join(work, 'one', file)), readFileSync(join(work, 'two', file))), file).toBe(0)
})
