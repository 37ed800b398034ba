import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { quietContext } from '../../../src-shared/job.ts'
import { baskervilleData, pearson, realWindows, targetBins } from '../../../test-support/baskerville-data.ts'
import { memoryReference } from '../../../test-support/track-model.ts'
import { createCompute } from '../../compute/client.ts'
import { MODELS } from '../../models/kinds.ts'
import { modelRegistry } from '../../models/registry.ts'
import { importModel } from '../models/importModel.ts'
import { predict } from './predict.ts'

/** Tracks whose experiments are there as files, with r over the ten test windows as an independent program finds it. */
const EXPERIMENTS = [
  ['t24_ENCFF890OGQ.bw', 'ENCFF890OGQ', undefined],
  ['t25_ENCFF136DBS.bw', 'ENCFF136DBS', 0.852], // HepG2
  ['t33_ENCFF622PZI.bw', 'ENCFF622PZI', 0.885], // brain
] as const

describe.skipIf(!baskervilleData)('golden: the trained network on its ten test windows', () => {
  const work = mkdtempSync(join(tmpdir(), 'trained-golden-'))
  const compute = createCompute({ cacheFolder: join(work, 'cache'), threads: 2 })
  afterAll(async () => {
    await compute.close()
    rmSync(work, { recursive: true, force: true, maxRetries: 10 })
  })
  // Truth: DNase experiments, and the correlations of an independent numpy forward pass with them.
  it('DNase: r of each track over all windows', async () => {
    const registry = modelRegistry(MODELS)
    const model = join(work, 'model')
    await importModel({ source: baskervilleData!, from: 'baskerville', out: model, now: 0 }, registry, quietContext())
    const windows = realWindows().filter(w => w.split === 'test')
    expect(windows).toHaveLength(10)
    const tracks = EXPERIMENTS.map(e => e[1]).join(',')
    const predicted: number[][] = EXPERIMENTS.map(() => [])
    const measured: number[][] = EXPERIMENTS.map(() => [])
    for (const window of windows) {
      const region = { contig: 'w', start: 32_768, end: 98_304 }
      const p = await predict({ model, region, tracks }, memoryReference({ w: window.bases }), { compute, registry }, quietContext()) // biome-ignore format: one thought
      for (const [t, [file]] of EXPERIMENTS.entries()) {
        for (let b = 0; b < p.bins; b++) predicted[t]!.push(p.values[b * EXPERIMENTS.length + t]!)
        measured[t]!.push(...(await targetBins(file, window)))
      }
    }
    const r = EXPERIMENTS.map((_, t) => pearson(predicted[t]!, measured[t]!))
    console.log(`r of ${tracks}: ${r.map(x => x.toFixed(4)).join(', ')}; mean ${(r.reduce((a, b) => a + b) / r.length).toFixed(4)}`) // biome-ignore format: one line
    for (const [t, [, , expected]] of EXPERIMENTS.entries()) {
      expect(r[t]).toBeGreaterThan(0.7)
      if (expected !== undefined) expect(Math.abs(r[t]! - expected)).toBeLessThan(0.001)
    }
  })
})
