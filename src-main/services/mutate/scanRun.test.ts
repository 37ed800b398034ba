import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { CELL, type EffectScore } from '../../../src-shared/genome/scan.ts'
import { quietContext } from '../../../src-shared/job.ts'
import { mutationModel, plainPrediction } from '../../../test-support/mutation-model.ts'
import { relativeGap } from '../../../test-support/small-network.ts'
import { randomBases, writeTrackModel } from '../../../test-support/track-model.ts'
import { windowGeometry } from '../../analyses/predict.ts'
import { planScan } from '../../analyses/scanPlan.ts'
import { createCompute } from '../../compute/client.ts'
import type { ModelJson } from '../../models/folder/modelJson.ts'
import { MODELS } from '../../models/kinds.ts'
import { modelRegistry } from '../../models/registry.ts'
import { openGradientNetwork } from './gradientNetwork.ts'
import { openNaiveNetwork } from './mutantNetwork.ts'
import { openMutants } from './openMutants.ts'
import { EffectTable, prepareScan, previewScan, type ScanTarget, verifyCells } from './scanRun.ts'

const work = mkdtempSync(join(tmpdir(), 'scan-test-'))
const compute = createCompute({ cacheFolder: join(work, 'cache'), threads: 2 })
const registry = modelRegistry(MODELS)
const folder = join(work, 'model')
const { signal } = quietContext()
let json: ModelJson
beforeAll(async () => {
  json = await writeTrackModel(folder, mutationModel)
})
afterAll(async () => {
  await compute.close()
  rmSync(work, { recursive: true, force: true, maxRetries: 10 })
})

const contig = randomBases(300, 'scan')
/** Six positions, one of them N. */
const interval = { contig: 'c', start: 120, end: 126 }
function target(more: Partial<ScanTarget> = {}): ScanTarget {
  const plan = more.plan ?? planScan(interval, windowGeometry(json), { kind: 'all' })
  const bases = [...contig].map((b, i) => (i === 122 ? 'N' : b)).join('').slice(plan.window.start, plan.window.end) // biome-ignore format: one thought
  return { json, channels: [0, 2, 5], groupMean: false, score: 'sad', mean: false, plan, bases, ...more }
}

async function scan(t: ScanTarget, batch = 4): Promise<EffectTable> {
  const table = new EffectTable(t)
  const request = { folder, json, channels: t.channels, batch, load: {} }
  const network = await openNaiveNetwork(request, compute, registry, quietContext())
  const prepared = await prepareScan(t, network, signal)
  for await (const [m, values] of prepared.run(table.mutations, signal)) table.put(m.cell, values, CELL.exact)
  await network.close()
  return table
}

async function preview(t: ScanTarget): Promise<EffectTable> {
  const table = new EffectTable(t)
  const request = { folder, json, channels: t.channels, score: t.score, load: {} }
  const network = await openGradientNetwork(request, compute, registry, quietContext())
  await previewScan(t, table, network, signal)
  await network.close()
  return table
}

/** Predictions of head human and mouse by plain loops in float64, as one table of all six tracks. */
async function plainTracks(bases: string): Promise<Float64Array[]> {
  const heads = await plainPrediction(folder, bases)
  const bins = json.output.bins!
  return json.tracks.map(t => {
    const tracks = json.output.heads!.find(h => h.name === t.head)!.tracks
    return Float64Array.from({ length: bins }, (_, b) => heads[t.head]![b * tracks + t.index]!)
  })
}

describe('a scan by full forward passes', () => {
  // Truth: plain loops in float64 over the same network, for each mutated sequence anew.
  it('is the difference of two predictions', async () => {
    const t = target()
    const table = await scan(t)
    expect(table.mutations).toHaveLength(15)
    const reference = await plainTracks(t.bases)
    const expected: number[] = []
    const ours: number[] = []
    for (const { position, base, cell } of table.mutations) {
      const mutant = t.bases.slice(0, position) + 'ACGT'[base] + t.bases.slice(position + 1)
      const alternative = await plainTracks(mutant)
      expected.push(...t.channels.map(c => alternative[c]!.reduce((sum, v, b) => sum + v - reference[c]![b]!, 0)))
      ours.push(...table.of(cell))
    }
    expect(relativeGap(ours, expected)).toBeLessThan(1e-5)
    expect(Math.max(...expected.map(Math.abs))).toBeGreaterThan(1e-3)
  })
  it('leaves cells of unknown bases empty and gives the base that is there 0', async () => {
    const table = await scan(target())
    expect([...table.states.subarray(8, 12)]).toEqual([4, 4, 4, 4])
    expect(table.of(8).every(Number.isNaN)).toBe(true)
    const own = [0, 1, 3, 4, 5].map(i => 4 * i + 'ACGT'.indexOf(contig[120 + i]!))
    for (const cell of own) {
      expect(table.states[cell]).toBe(CELL.reference)
      expect([...table.of(cell)]).toEqual([0, 0, 0])
    }
  })
  it('gives a track the same effects whichever others are asked for, in any batch', async () => {
    const [three, one] = [await scan(target()), await scan(target({ channels: [2] }), 1)]
    const cells = three.mutations.map(m => m.cell)
    expect(relativeGap(cells.map(c => three.of(c)[1]!), cells.map(c => one.of(c)[0]!))).toBeLessThan(1e-4) // biome-ignore format: one thought
  })
  it('scores the mean track of a group', async () => {
    const [each, group] = [await scan(target()), await scan(target({ groupMean: true }))]
    const cells = each.mutations.map(m => m.cell)
    const means = cells.map(c => each.of(c).reduce((a, b) => a + b, 0) / 3)
    expect(relativeGap(cells.map(c => group.of(c)[0]!), means)).toBeLessThan(1e-5) // biome-ignore format: one thought
  })
  it('agrees with itself when it is verified, and a wrong value is found', async () => {
    const t = target()
    const table = await scan(t)
    const naive = await openNaiveNetwork({ folder, json, channels: t.channels, load: {} }, compute, registry, quietContext()) // biome-ignore format: one thought
    const good = await verifyCells(t, table, table.mutations, naive, signal)
    expect(good).toMatchObject({ cells: 15 })
    expect(good.maxRelative).toBeLessThan(1e-3)
    expect(good.spearman).toBeGreaterThan(0.999)
    table.put(table.mutations[3]!.cell, [1, 1, 1], CELL.exact)
    expect((await verifyCells(t, table, table.mutations, naive, signal)).maxDifference).toBeGreaterThan(0.5)
    await naive.close()
  })
})

describe('the preview', () => {
  // Truth: central differences of the plain loops, along the direction alternative - reference.
  it.each(['sad', 'sar', 'logfold'] as EffectScore[])('%s is the derivative towards the other base', async score => {
    const t = target({ score, channels: [0, 5] })
    const table = await preview(t)
    expect(table.left()).toHaveLength(15)
    const h = 1e-4
    const y = async (position: number, base: number, step: number, channel: number) => {
      const tracks = await plainPrediction(folder, t.bases, { position, base, step })
      const { head, index } = json.tracks[channel]!
      const width = json.output.heads!.find(x => x.name === head)!.tracks
      const track = Array.from({ length: json.output.bins! }, (_, b) => tracks[head]![b * width + index]!)
      if (score === 'sar') return track.reduce((sum, v) => sum + Math.log2(1 + v), 0)
      const sum = track.reduce((a, b) => a + b, 0)
      return score === 'logfold' ? Math.log2(1 + sum) : sum
    }
    const [ours, expected]: [number[], number[]] = [[], []]
    for (const { position, base, cell } of [0, 4, 7, 14].map(i => table.mutations[i]!))
      for (const [i, channel] of t.channels.entries()) {
        expected.push(((await y(position, base, h, channel)) - (await y(position, base, -h, channel))) / (2 * h))
        ours.push(table.of(cell)[i]!)
        expect(table.states[cell]).toBe(CELL.estimate)
      }
    expect(relativeGap(ours, expected)).toBeLessThan(1e-3)
  })
  it('scores the bins asked for only, and means', async () => {
    const plan = planScan(interval, windowGeometry(json), { kind: 'interval', interval: { contig: 'c', start: 118, end: 125 } }) // biome-ignore format: one thought
    expect(plan.bins.count).toBeLessThan(4)
    const [sum, mean] = [await preview(target({ plan })), await preview(target({ plan, mean: true }))]
    const [all] = [await preview(target())]
    const cells = sum.mutations.map(m => m.cell)
    const flat = (table: EffectTable) => cells.flatMap(c => [...table.of(c)])
    expect(relativeGap(flat(mean).map(v => v * plan.bins.count), flat(sum))).toBeLessThan(1e-5) // biome-ignore format: one thought
    expect(relativeGap(flat(all), flat(sum))).toBeGreaterThan(0.01)
  })
  it('is refused by name where there is none', async () => {
    const open = (kind: string, score: EffectScore) => openGradientNetwork({ folder, json: { ...json, kind }, channels: [0], score, load: {} }, compute, registry, quietContext()) // biome-ignore format: one thought
    await expect(open('onnx', 'sad')).rejects.toMatchObject({ code: 'unsupported', message: /ONNX graph has no gradient/ }) // biome-ignore format: one thought
    await expect(open(json.kind, 'absmax')).rejects.toMatchObject({ code: 'unsupported' })
    await expect(openMutants('exact', { folder, json: { ...json, kind: 'onnx' }, channels: [0], load: {} }, compute, registry, quietContext())).rejects.toMatchObject({ code: 'unsupported', message: /ONNX/ }) // biome-ignore format: one thought
  })
})
