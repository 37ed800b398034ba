import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { quietContext } from '../../../src-shared/job.ts'
import { relativeGap } from '../../../test-support/small-network.ts'
import { memoryReference, randomBases, type TrackModel, writeTrackModel } from '../../../test-support/track-model.ts'
import { createCompute } from '../../compute/client.ts'
import { MODELS } from '../../models/kinds.ts'
import { modelRegistry } from '../../models/registry.ts'
import { readModelJson } from '../models/modelFolder.ts'
import { type PredictRequest, predict } from './predict.ts'
import { atWindow } from './windowLength.ts'

const work = mkdtempSync(join(tmpdir(), 'tiled-test-'))
const compute = createCompute({ cacheFolder: join(work, 'cache'), threads: 2 })
const registry = modelRegistry(MODELS)
afterAll(async () => {
  await compute.close()
  rmSync(work, { recursive: true, force: true, maxRetries: 10 })
})

const trunk = { stemFilters: 6, towerFilters: [8, 12], layers: 2, heads: 2, outputs: { human: 5 }, targetBins: 8 }
const tower = { block: 'tower', order: 'norm-activation-conv', filters: [6, 8, 8], kernel: 5, bias: true, norm: 'batch', activation: 'gelu', pool: 2, keep: 'before-pool' } // biome-ignore format: one block a line
const unet = { block: 'unet', kernel: 3, norm: 'batch', activation: 'gelu', dense: true }
const heads = [{ name: 'human', tracks: 5 }]
const kinds: Readonly<Record<string, TrackModel>> = {
  enformer: {
    kind: 'enformer',
    architecture: { ...trunk, length: 192, keySize: 4, valueSize: 6, positionFeatures: 12 },
    length: 192,
    binSize: 8,
    bins: 8,
    cropBins: 8,
    heads,
  },
  's-enformer': {
    kind: 's-enformer',
    architecture: { ...trunk, length: 192, block: 4, randomBlocks: 1 },
    length: 192,
    binSize: 8,
    bins: 8,
    cropBins: 8,
    heads,
  },
  baskerville: {
    kind: 'baskerville',
    architecture: {
      length: 192,
      activation: 'gelu',
      trunk: [
        { block: 'conv', order: 'conv-norm-activation', filters: 6, kernel: 7, bias: true, norm: 'none', activation: 'linear', pool: 2 }, // biome-ignore format: one block a line
        tower,
        { block: 'transformer', repeat: 1, heads: 2, keySize: 4, positionFeatures: 4 },
        unet,
        unet,
        { block: 'crop', positions: 12 },
      ],
      outputs: { human: 5 },
      heads: { human: { activation: 'softplus' } },
    },
    length: 192,
    binSize: 4,
    bins: 24,
    cropBins: 12,
    heads,
  },
}
const bases = randomBases(1200, 'tiles')
const reference = memoryReference({ c: bases })
const run = (model: string, more: Partial<PredictRequest> = {}) =>
  predict({ model, region: { contig: 'c', start: 300, end: 420 }, ...more }, reference, { compute, registry }, quietContext()) // biome-ignore format: one call

async function folderOf(name: string): Promise<string> {
  const folder = join(work, name)
  await readModelJson(folder).catch(() => writeTrackModel(folder, kinds[name]!))
  return folder
}

describe.each(Object.keys(kinds))('%s in tiles', name => {
  // Truth: the same network whole, on the same engine.
  it.each([16, 40, 56])('of %i bp predicts what it predicts whole', async tile => {
    const model = await folderOf(name)
    const whole = await run(model, { tile: 'off', tracks: '3,1', bothStrands: true })
    const tiled = await run(model, { tile, tracks: '3,1', bothStrands: true, batch: 4 })
    expect(relativeGap(tiled.values, whole.values)).toBeLessThan(1e-5)
    // More than the whole network has: each group of tiles counts its own nodes.
    const nodes = (ran: Readonly<Record<string, number>>) => Object.values(ran).reduce((a, b) => a + b, 0)
    expect(nodes(tiled.provider.ran)).toBeGreaterThan(nodes(whole.provider.ran))
  })
})

describe('tiles', () => {
  it('are left alone where the whole is small', async () => {
    const model = await folderOf('enformer')
    const [whole, auto] = [await run(model, { tile: 'off' }), await run(model)]
    expect(auto.values).toEqual(whole.values)
    expect(auto.provider.ran).toEqual(whole.provider.ran)
  })
  it('as long as the window are the whole', async () => {
    const model = await folderOf('enformer')
    expect((await run(model, { tile: 192 })).values).toEqual((await run(model, { tile: 'off' })).values)
  })
  it('shorter than a position are refused', async () => {
    await expect(run(await folderOf('enformer'), { tile: 3 })).rejects.toMatchObject({ code: 'bad-input' })
  })
})

describe('a window of another length', () => {
  // Truth: the crop and the bin of each model, by hand.
  it.each([
    ['enformer', 320, 24],
    ['enformer', 136, 1],
    ['baskerville', 320, 56],
  ])('%s of %i bp keeps %i bins, with or without tiles', async (name, windowBp, kept) => {
    const model = await folderOf(name)
    const json = atWindow(await readModelJson(model), windowBp, registry)
    expect(json.output.bins).toBe(kept)
    const whole = await run(model, { windowBp, tile: 'off' })
    const tiled = await run(model, { windowBp, tile: 48 })
    expect(whole.warnings.join()).toContain(`windows are ${windowBp} bp and the model was made for 192 bp`)
    expect(relativeGap(tiled.values, whole.values)).toBeLessThan(1e-5)
  })
  it('is its own when it is the same', async () => {
    const json = await readModelJson(await folderOf('enformer'))
    expect(atWindow(json, 192, registry)).toBe(json)
  })
  it.each([
    ['enformer', 193, 'bad-input', 'a multiple of 8 bp above 128 bp'],
    ['enformer', 128, 'bad-input', 'above 128 bp'],
    ['s-enformer', 320, 'unsupported', 'a pattern of this length'],
    ['s-enformer', 200, 'bad-model', ''],
  ])('%s of %i bp is refused: %s', async (name, windowBp, code, remedy) => {
    const json = await readModelJson(await folderOf(name))
    expect(() => atWindow(json, windowBp, registry)).toThrow(
      expect.objectContaining({ code, remedy: expect.stringContaining(remedy) }),
    )
  })
})
