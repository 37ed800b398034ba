import { copyFileSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { quietContext } from '../../../../src-shared/job.ts'
import { createCompute } from '../../../compute/client.ts'
import { MODELS } from '../../../models/kinds.ts'
import { modelRegistry } from '../../../models/registry.ts'
import type { RecipeFile } from '../../training/recipe.ts'
import { readRecipe } from '../../training/recipe.ts'
import type { PointContext } from '../experiment.ts'
import { readCompressionExperiment } from './compression.ts'

const work = mkdtempSync(join(tmpdir(), 'compression-experiment-'))
const compute = createCompute({ cacheFolder: join(work, 'cache'), threads: 2 })
afterAll(async () => {
  await compute.close()
  rmSync(work, { recursive: true, force: true, maxRetries: 10 })
})
const recipes = resolve(import.meta.dirname, '../../../../assets/recipes')
const recipe = (name: string) => readRecipe(join(recipes, name))
const changed = (file: RecipeFile, fields: Readonly<Record<string, unknown>>): RecipeFile => ({ ...file, json: { ...file.json, ...fields } }) // biome-ignore format: one line
const context = (folder: string, first = true): PointContext => ({ ...quietContext(), compute: async () => compute, registry: modelRegistry(MODELS), threads: 2, memoryLimitBytes: 1e10, folder, sharedFolder: work, remadeFolder: work, first, now: () => 0 }) // biome-ignore format: one table

describe('the experiment of compression', () => {
  // Truth: counted by hand: each model as it is, and methods x parts x energies.
  it('has a point for every model as it is, and for every way in which it is made smaller', async () => {
    const quick = await readCompressionExperiment(await recipe('lab-compression-quick.json'))
    expect(quick.points).toHaveLength(2 * (1 + 1 * 2 * 2))
    const full = await readCompressionExperiment(await recipe('lab-compression.json'))
    expect(full.points).toHaveLength(3 * (1 + 2 * 2 * 6))
    expect(new Set(full.points.map(p => JSON.stringify(p.factors))).size).toBe(full.points.length)
  })

  it.each([
    [{ methods: ['qr'] }, /recipe.methods/],
    [{ parts: ['heads'] }, /recipe.parts/],
    [{ keptEnergy: [1.5] }, /recipe.keptEnergy/],
    [{ people: 3 }, /recipe.people/],
    [{ models: [] }, /recipe.models/],
    [{ colour: 1 }, /recipe.colour/],
  ])('refuses %j by the name of the field', async (fields, message) => {
    await expect(readCompressionExperiment(changed(await recipe('lab-compression-quick.json'), fields))).rejects.toMatchObject({ code: 'bad-input', message: expect.stringMatching(message) }) // biome-ignore format: one line
  })

  it('a model that is not there is an answer, experiments that are not here are a note', async () => {
    const file = await recipe('lab-compression-quick.json')
    await expect(readCompressionExperiment(changed(file, { models: [{ name: 'x', model: 'absent' }] }))).rejects.toMatchObject({ code: 'not-found' }) // biome-ignore format: one line
    // A folder where the recipe of experiments is, and nothing that it names.
    const alone = join(work, 'alone')
    mkdirSync(alone)
    copyFileSync(join(recipes, 'demo-tracks.json'), join(alone, 'demo-tracks.json'))
    const models = (path: string) => (path.startsWith('../') ? join(recipes, path) : join(alone, path))
    const elsewhere = { ...file, file: models, json: { ...file.json, models: [{ name: 'demo', model: '../models/demo-tracks', evaluate: 'demo-tracks.json' }] } } // biome-ignore format: one line
    const notes = (await readCompressionExperiment(elsewhere)).notes.join(' ')
    expect(notes).toContain('The experiments of demo are not here')
  })

  // Truth: the shipped model's parameters, and the formula for its 48 x 48 maps.
  it('measures a visit: once what stays, each time the runs', async () => {
    const file = changed(await recipe('lab-compression-quick.json'), { models: [{ name: 'demo', model: join(recipes, '../models/demo-tracks') }], parts: ['transformer'], keptEnergy: [0.9], repeats: 2, warmUp: 0, windows: 2 }) // biome-ignore format: one table
    const experiment = await readCompressionExperiment(file)
    const [whole, small] = experiment.points
    for (const name of ['a', 'b']) mkdirSync(join(work, name))
    const first = await experiment.visit(whole!, context(join(work, 'a')))
    expect(first).toMatchObject({ parameters: [94_691], factorisedLayersCount: [0], layersCount: [26] })
    expect(first['energyAt50.energy']).toHaveLength(26)
    const folder = join(work, 'b')
    const visit = await experiment.visit(small!, context(folder))
    expect(visit['parameters']![0]).toBeLessThan(94_691)
    expect(visit['factorisedLayersCount']).toEqual([4])
    expect(visit['seconds']!.length).toBeGreaterThan(0)
    expect(visit['meanPearson']![0]).toBeGreaterThan(0.9)
    const again = await experiment.visit(small!, context(folder, false))
    expect(Object.keys(again).toSorted()).toEqual(['peakBytes', 'seconds'])
    // The program ended before the first visit was kept: what it had measured is told by the next one.
    const { seconds: _seconds, peakBytes: _peak, ...once } = visit
    expect(await experiment.visit(small!, context(folder))).toMatchObject(once)
  })
})
