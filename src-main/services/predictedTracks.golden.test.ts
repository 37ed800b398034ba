import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { PREDICT_DEFAULTS, REFERENCE } from '../../src-shared/genome/prediction.ts'
import { quietContext } from '../../src-shared/job.ts'
import { baskervilleData, pearson, realWindows, targetBins } from '../../test-support/baskerville-data.ts'
import { memoryReference } from '../../test-support/track-model.ts'
import { createCompute } from '../compute/client.ts'
import { MODELS } from '../models/kinds.ts'
import { modelRegistry } from '../models/registry.ts'
import { writeBigWig } from '../readers/bigwigWriter.ts'
import { buildIndex } from '../readers/indexBuilder.ts'
import { importModel } from './models/importModel.ts'
import { predict } from './predict/predict.ts'
import { createServices } from './services.ts'

/** Bases before the target of a window; a contig begins with as many N, so that the target is the second kept window of the grid. */
const FLANK = 32_768
const TARGET = 65_536

describe.skipIf(!baskervilleData)('golden: the trained network in the window, on its test windows', () => {
  const work = mkdtempSync(join(tmpdir(), 'window-golden-'))
  const compute = createCompute({ cacheFolder: join(work, 'cache'), threads: 2 })
  afterAll(async () => {
    await compute.close()
    rmSync(work, { recursive: true, force: true, maxRetries: 10 })
  })

  // Truth: the network on each window as the command line runs it, against experiments read by @gmod/bbi, correlated by a plain formula.
  it('DNase of HepG2: predicted by views, compared with the experiment in every region', async () => {
    const model = join(work, 'borzoi')
    await importModel({ source: baskervilleData!, from: 'baskerville', out: model, now: 0 }, modelRegistry(MODELS), quietContext()) // biome-ignore format: one line
    const windows = realWindows().filter(w => w.split === 'test').slice(0, 4) // biome-ignore format: one line
    const contigs = windows.map((_, i) => ({ name: `w${i}`, length: FLANK + 131_072 }))
    writeFileSync(join(work, 'ref.fa'), windows.map((w, i) => `>w${i}\n${'N'.repeat(FLANK)}${w.bases}\n`).join(''))
    await buildIndex(join(work, 'ref.fa'), {}, quietContext())
    const targets = await Promise.all(windows.map(w => targetBins('t25_ENCFF136DBS.bw', w)))
    const starts = Array.from({ length: 2048 }, (_, b) => TARGET + 32 * b)
    const columns = targets.map((values, i) => ({ contig: `w${i}`, starts, ends: starts.map(s => s + 32), values: Float32Array.from(values) })) // biome-ignore format: one line
    writeFileSync(join(work, 'dnase.bw'), writeBigWig(contigs, columns))
    const services = await createServices({ dataDir: join(work, 'data'), host: 'headless', dialogs: 'browse', version: '1', threads: 2, startFolder: work, roots: [], start: { files: ['ref.fa', 'borzoi', 'dnase.bw'].map(f => join(work, f)) } }) // biome-ignore format: one line
    try {
      const ids = new Map((await services.handlers['project.current']({}, quietContext())).files.map(f => [f.name, f.id])) // biome-ignore format: one line
      const subject = {
        modelFileId: ids.get('borzoi')!,
        referenceFileId: ids.get('ref.fa')!,
        options: PREDICT_DEFAULTS,
      }
      const began = performance.now()
      const intervals = contigs.map(c => ({ contig: c.name, start: TARGET, end: 2 * TARGET }))
      const asked = { ...subject, channel: 25, signalFileId: ids.get('dnase.bw')!, units: 'model' as const, observed: 'transformed' as const } // biome-ignore format: one line
      const regions = await services.handlers['predict.compareRegions']({ ...asked, intervals }, quietContext())
      const first = performance.now() - began
      for (const [i, window] of windows.entries()) {
        const p = await predict({ model, region: { contig: 'w', start: FLANK, end: 98_304 }, tracks: '25' }, memoryReference({ w: window.bases }), { compute, registry: modelRegistry(MODELS) }, quietContext()) // biome-ignore format: one line
        expect(regions[i]!.n).toBe(2048)
        expect(regions[i]!.pearson).toBeCloseTo(pearson(p.values, targets[i]!), 4)
        const again = performance.now()
        const view = await services.handlers['predict.bins']({ ...subject, background: REFERENCE, channels: [25], interval: intervals[i]!, bins: 2048 }, quietContext()) // biome-ignore format: one line
        if (i === 0) console.log(`four windows ${first.toFixed(0)} ms, a kept one ${(performance.now() - again).toFixed(1)} ms`) // biome-ignore format: one line
        expect(view.computed).toBe(1)
        for (let b = 0; b < 2048; b++) expect(view.mean[b]).toBeCloseTo(p.values[b]!, 4)
      }
      const c = await services.handlers['predict.compare']({ ...asked, interval: intervals[0]!, scale: 'log' }, quietContext()) // biome-ignore format: one line
      console.log(
        `r ${regions.map(r => r.pearson?.toFixed(3)).join(', ')}; peaks ${c.peaks.map(p => p.kind).join(' ')}`,
      )
      expect(c.peaks.filter(p => p.kind === 'found').length).toBeGreaterThan(3)
    } finally {
      await services.close()
    }
  })
})
