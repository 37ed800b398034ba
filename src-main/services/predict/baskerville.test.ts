import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { quietContext } from '../../../src-shared/job.ts'
import { baskervilleData, pearson, realWindows, targetBins } from '../../../test-support/baskerville-data.ts'
import { memoryReference } from '../../../test-support/track-model.ts'
import { createCompute } from '../../compute/client.ts'
import { MODELS } from '../../models/kinds.ts'
import { modelRegistry } from '../../models/registry.ts'
import { checkModel } from '../models/checkModel.ts'
import { importModel } from '../models/importModel.ts'
import { predict } from './predict.ts'

/** The shared trained network (calico/baskerville, tests/data/eval). */
describe.skipIf(!baskervilleData)('the trained network', () => {
  const work = mkdtempSync(join(tmpdir(), 'trained-test-'))
  const compute = createCompute({ cacheFolder: join(work, 'cache'), threads: 2 })
  const registry = modelRegistry(MODELS)
  const model = join(work, 'model')
  beforeAll(async () => {
    await importModel({ source: baskervilleData!, from: 'baskerville', out: model, now: 0 }, registry, quietContext())
  })
  afterAll(async () => {
    await compute.close()
    rmSync(work, { recursive: true, force: true, maxRetries: 10 })
  })
  const run = (split: string, index: number, tracks?: string) => {
    const window = realWindows().find(w => w.split === split && w.index === index)!
    return predict(
      { model, region: { contig: 'w', start: 32_768, end: 98_304 }, ...(tracks ? { tracks } : {}) },
      memoryReference({ w: window.bases }),
      { compute, registry },
      quietContext(),
    )
  }

  it('is imported whole: 640,882 weights and 2,112 statistics', async () => {
    const check = await checkModel(model, registry, quietContext())
    expect(check).toMatchObject({ problems: [], parameters: 640_882 })
    expect(readFileSync(join(model, 'CARD.md'), 'utf8')).toContain("a head 'mouse' that model.h5 does not hold")
  })
  // Truth: an independent forward pass in numpy over the same file.
  it('predicts a window as an independent program does', async () => {
    const p = await run('valid', 0)
    const bytes = readFileSync(`${baskervilleData}/valid_0_prediction.f32`)
    const expected = new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength))
    expect([p.bins, p.tracks.length, p.start, p.end]).toEqual([2048, 74, 32_768, 98_304])
    expect(p.values).toHaveLength(expected.length)
    let worst = 0
    expected.forEach((e, i) => {
      worst = Math.max(worst, Math.abs(p.values[i]! - e) / (1e-4 + 1e-3 * Math.abs(e)))
    })
    expect(worst).toBeLessThan(1)
  })
  // Truth: the experiment, DNase of brain, in the units of training.
  it('follows a real DNase track', async () => {
    const window = realWindows().find(w => w.split === 'valid' && w.index === 0)!
    const p = await run('valid', 0, 'ENCFF622PZI')
    const experiment = await targetBins('t33_ENCFF622PZI.bw', window)
    expect(pearson(p.values, experiment)).toBeGreaterThan(0.5)
  })
})
