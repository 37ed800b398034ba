import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { quietContext } from '../../../src-shared/job.ts'
import { baskervilleData } from '../../../test-support/baskerville-data.ts'
import { createCompute } from '../../compute/client.ts'
import { MODELS } from '../../models/kinds.ts'
import { modelRegistry } from '../../models/registry.ts'
import { importModel } from '../models/importModel.ts'
import { readRecipe } from '../training/recipe.ts'
import { evaluateTracks } from './evaluateTracks.ts'

const recipePath = resolve(import.meta.dirname, '../../../assets/recipes/baskerville-windows.json')

describe.skipIf(!baskervilleData)('golden: evaluation of the trained network', () => {
  const work = mkdtempSync(join(tmpdir(), 'evaluate-golden-'))
  const compute = createCompute({ cacheFolder: join(work, 'cache'), threads: 2 })
  afterAll(async () => {
    await compute.close()
    rmSync(work, { recursive: true, force: true, maxRetries: 10 })
  })
  // Truth: correlations of an independent numpy forward pass with the same experiments: DNase 0.854, 0.852 (HepG2), 0.885 (brain).
  it('gives the known r of its DNase tracks on its ten test windows', async () => {
    const registry = modelRegistry(MODELS)
    const model = join(work, 'model')
    await importModel({ source: baskervilleData!, from: 'baskerville', out: model, now: 0 }, registry, quietContext())
    const recipe = await readRecipe(recipePath, dirname(baskervilleData!))
    const report = await evaluateTracks({ model, recipe, baselines: false, panels: 2, resamples: 200, seed: 1 }, { compute, registry }, quietContext()) // biome-ignore format: one call
    expect(report.windows).toBe(10)
    const of = (sourceId: string) => report.judged.tracks.find(t => t.sourceId === sourceId)!.r!
    expect(of('ENCFF890OGQ')).toBeCloseTo(0.854, 3)
    expect(Math.abs(of('ENCFF136DBS') - 0.8525)).toBeLessThan(5e-4)
    expect(Math.abs(of('ENCFF622PZI') - 0.8851)).toBeLessThan(5e-4)
    const dnase = report.judged.assays.find(a => a.assay === 'DNASE')!
    expect(dnase).toMatchObject({ tracks: 3 })
    expect(dnase.r).toBeCloseTo((0.854 + 0.8525 + 0.8851) / 3, 3)
    expect(dnase.interval95![0]).toBeLessThan(dnase.r!)
    expect(report.panels).toHaveLength(2)
    expect(report.panels[0]!.tracks[2]!.predicted).toHaveLength(2048)
    console.log(report.judged.tracks.map(t => `${t.name} ${t.r?.toFixed(4)}`).join('; '))
  })
})
