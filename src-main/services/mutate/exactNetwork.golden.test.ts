import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { quietContext } from '../../../src-shared/job.ts'
import { baskervilleData, realWindows } from '../../../test-support/baskerville-data.ts'
import { oneHot } from '../../analyses/oneHot.ts'
import { createCompute } from '../../compute/client.ts'
import { spearman } from '../../domain/statistics/spearman.ts'
import { MODELS } from '../../models/kinds.ts'
import { modelRegistry } from '../../models/registry.ts'
import { importModel } from '../models/importModel.ts'
import { readModelJson } from '../models/modelFolder.ts'
import { openExactNetwork } from './exactNetwork.ts'
import { type MutantNetwork, openNaiveNetwork } from './mutantNetwork.ts'

describe.skipIf(!baskervilleData)('golden: mutants of the trained network on real sequence', () => {
  const work = mkdtempSync(join(tmpdir(), 'exact-golden-'))
  const compute = createCompute({ cacheFolder: join(work, 'cache'), threads: 2 })
  afterAll(async () => {
    await compute.close()
    rmSync(work, { recursive: true, force: true, maxRetries: 10 })
  })
  // Truth: a full forward pass for each mutant.
  it('exact and naive agree in every bin and track, and in the order of effects', async () => {
    const registry = modelRegistry(MODELS)
    const folder = join(work, 'model')
    await importModel({ source: baskervilleData!, from: 'baskerville', out: folder, now: 0 }, registry, quietContext())
    const json = await readModelJson(folder)
    const context = quietContext()
    const request = { folder, json, channels: json.tracks.map((_, i) => i), load: { threads: 2 } }
    const exact = await openExactNetwork(request, compute, registry, context)
    const naive = await openNaiveNetwork(request, compute, registry, context)
    const { bases } = realWindows().find(w => w.split === 'valid')!
    const sequence = new Float32Array(4 * bases.length)
    oneHot(bases, 'zeros', sequence)
    const middle = bases.length / 2
    const region = { start: middle - 64, end: middle + 70 }
    const [mine, theirs] = [(await exact.prepare(sequence, region, context.signal)).slice(), (await naive.prepare(sequence, region, context.signal)).slice()] // biome-ignore format: one line
    const positions = [-64, -1, 0, 1, 2, 3, 63, 64, 69].map(offset => middle + offset)
    const mutations = positions.flatMap(position => [0, 1, 2, 3].filter(base => sequence[4 * position + base] === 0).map(base => ({ position, base }))) // biome-ignore format: one line
    expect(mutations.length).toBeGreaterThan(20)
    const effects = async (network: MutantNetwork, reference: Float32Array) => {
      const values: Float32Array[] = []
      for await (const step of network.run(mutations, context.signal))
        for (const v of step.values) values.push(v.slice())
      const sums = values.flatMap(v => {
        const sum = new Float64Array(network.columns.size)
        v.forEach((x, i) => {
          sum[i % sum.length]! += x - reference[i]!
        })
        return Array.from(sum)
      })
      return { values, sums }
    }
    const [a, b] = [await effects(exact, mine), await effects(naive, theirs)]
    let worst = 0
    a.values.forEach((v, m) => {
      v.forEach((x, i) => {
        const truth = b.values[m]![i]!
        worst = Math.max(worst, Math.abs(x - truth) / (1e-4 + 1e-3 * Math.abs(truth)))
      })
    })
    const rank = spearman(a.sums, b.sums)
    console.log(`exact against naive, ${mutations.length} mutants of the trained network: ${(100 * worst).toFixed(2)} % of the tolerance, Spearman of ${a.sums.length} effects ${rank}`) // biome-ignore format: one line
    expect(worst).toBeLessThan(1)
    expect(rank).toBeGreaterThan(0.99999)
    await exact.close()
    await naive.close()
  })
})
