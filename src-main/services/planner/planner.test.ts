import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { quietContext } from '../../../src-shared/job.ts'
import { TYPICAL_RATES } from '../../analyses/planner/typicalRates.ts'
import type { ModelJson } from '../../models/folder/modelJson.ts'
import { MODELS } from '../../models/kinds.ts'
import { modelRegistry } from '../../models/registry.ts'
import type { PlannedGraph } from '../lab/experiment.ts'
import { plannedCost, visitCost } from './modelEstimate.ts'
import { modelGraph } from './modelGraph.ts'
import { createPlanner, type ModelWork, type PlannerOptions } from './planner.ts'

let dataDir: string
beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'diploscope-planner-'))
})
afterEach(() => rm(dataDir, { recursive: true, force: true, maxRetries: 10 }))

const registry = modelRegistry(MODELS)
const planner = (more: Partial<PlannerOptions> = {}) =>
  createPlanner({ dataDir, registry, threads: 2, version: '1', available: () => 16e9, measure: async () => ({ ...TYPICAL_RATES, run: 0.125 }), ...more }) // biome-ignore format: one line

const enformer = (length: number): ModelJson =>
  ({
    id: 'test',
    name: 'Test',
    kind: 'enformer',
    architecture: { length, stemFilters: 48, towerFilters: [48, 64, 64, 96, 96, 96], layers: 1, heads: 4, targetBins: length / 128 - 16, outputs: { human: 8 }, keySize: 16, valueSize: 24, positionFeatures: 24 }, // biome-ignore format: one table
    input: { type: 'dna', alphabet: 'ACGT', unknown: 'zeros', length, lengthMultiple: 128, genome: null },
    output: { binSize: 128, bins: length / 128 - 16, cropBins: 8, heads: [{ name: 'human', tracks: 8 }] },
    tracks: [],
    attentionPattern: null,
  }) as unknown as ModelJson

const transformer: ModelJson = {
  id: 'tokens',
  kind: 'transformer',
  architecture: { vocabulary: 100, maxTokens: 512, width: 64, layers: 2, heads: 4, feedForward: 128, tokenHead: 'none', classes: 2, pooler: true }, // biome-ignore format: one table
  input: { type: 'tokens', maxTokens: 512 },
  output: {},
  attentionPattern: null,
} as unknown as ModelJson

describe('an estimate', () => {
  it('grows with length, batch, runs, and from a prediction to a step of training', async () => {
    const p = planner()
    const cost = async (work: Partial<ModelWork>) => p.estimateModel({ json: transformer, work: 'inference', ...work })
    const base = await cost({ length: 128 })
    expect(base).toMatchObject({ basis: 'typical', fits: true, instead: null, freeBytes: 16e9 })
    for (const more of [{ length: 512 }, { length: 128, batch: 8 }, { length: 128, work: 'training' as const }]) {
      const larger = await cost(more)
      expect(larger.seconds, JSON.stringify(more)).toBeGreaterThan(base.seconds)
      expect(larger.peakBytes, JSON.stringify(more)).toBeGreaterThan(base.peakBytes)
    }
    expect((await cost({ length: 128, runs: 10 })).seconds).toBeGreaterThan(base.seconds)
  })

  it('of what does not fit names the largest setting that does, and that setting fits by the same estimate', async () => {
    const work: ModelWork = { json: transformer, work: 'training', length: 512, batch: 64 }
    const whole = (await planner().estimateModel(work)).peakBytes
    const tight = planner({ available: () => whole / 2 })
    const told = await tight.estimateModel(work)
    expect(told.fits).toBe(false)
    const batch = Number(/^batch (\d+)$/.exec(told.instead ?? '')?.[1])
    expect((await tight.estimateModel({ ...work, batch })).fits).toBe(true)
    expect((await tight.estimateModel({ ...work, batch: batch + 1 })).fits).toBe(false)
  })

  it('offers block-sparse attention or a shorter window for a long one', async () => {
    const work: ModelWork = { json: enformer(131072), work: 'training' }
    const whole = (await planner().estimateModel(work)).peakBytes
    const told = await planner({ available: () => 0.4 * whole }).estimateModel(work)
    const window = Number(/^a window of ([\d,]+) bp$/.exec(told.instead ?? '')?.[1]?.replaceAll(',', ''))
    expect(window % 128).toBe(0)
    expect((await planner({ available: () => 0.4 * whole }).estimateModel({ ...work, length: window })).fits).toBe(true)
    // Nothing does: the process alone is larger.
    expect((await planner({ available: () => 1e6 }).estimateModel(work)).instead).toBeNull()
  })

  // Truth: reading the gradient back costs more than the forward pass alone, and keeps what it needs of it.
  it('of a gradient by the sequence takes more than the prediction; a model that reads none has none', async () => {
    const of = (work: ModelWork['work']) => planner().estimateModel({ json: enformer(16384), work })
    const [forward, back] = [await of('inference'), await of('gradient')]
    expect(back.seconds).toBeGreaterThan(forward.seconds)
    expect(back.peakBytes).toBeGreaterThan(forward.peakBytes)
    await expect(planner().estimateModel({ json: transformer, work: 'gradient' })).rejects.toMatchObject({ code: 'unsupported' }) // biome-ignore format: one line
  })

  it('refuses a length that the model cannot have', async () => {
    await expect(planner().estimateModel({ json: enformer(16384), work: 'inference', length: 16385 })).rejects.toMatchObject({ code: 'bad-input' }) // biome-ignore format: one line
  })
})

describe('a visit of a point', () => {
  const graph = (runs: number, more: Partial<PlannedGraph> = {}): PlannedGraph => ({ ...modelGraph({ json: transformer, work: 'inference', length: 128, runs }, registry), ...more }) // biome-ignore format: one line
  const cost = (g: PlannedGraph) => plannedCost(g, TYPICAL_RATES)

  // Truth: the plan of as many runs as timedRuns makes.
  it.each([
    ['the time of three and a half runs', 3.5, 2, 2 + 4],
    ['less time than one run takes', 0.5, 2, 2 + 1],
    ['less time than one run takes, and no warm-up', 0.5, 0, 1],
    ['more time than all take', 50, 2, 20],
  ])('costs as many runs as it makes in %s', async (_, times, warmUp, made) => {
    const seconds = times * cost(graph(20)).seconds
    const told = await planner().estimate(graph(20, { enough: { warmUp, seconds } }))
    const truth = cost(graph(made))
    expect(told.totalSeconds).toBeCloseTo(truth.totalSeconds, 9)
    expect([told.seconds, told.peakBytes]).toEqual([truth.seconds, truth.peakBytes])
  })

  it('that runs in parts costs as many runs as it makes too', () => {
    const { outputs } = graph(1)
    const parts = [{ outputs, times: 3 }, { outputs, times: 1 }] // biome-ignore format: one line
    const seconds = 2.5 * cost(graph(20, { parts })).seconds
    const told = visitCost(graph(20, { parts, enough: { warmUp: 1, seconds } }), TYPICAL_RATES)
    expect(told.totalSeconds).toBeCloseTo(cost(graph(4, { parts })).totalSeconds, 9)
  })
})

describe('a calibration', () => {
  it('is kept, read back, and used', async () => {
    const now = () => 1_700_000_000_000
    const first = planner({ now })
    expect(await first.calibration()).toBeNull()
    const facts = await first.calibrate(quietContext(), { despiteLoad: true })
    expect(facts).toMatchObject({ device: 'cpu', threads: 2, measuredAt: now() })
    expect(facts.rates.every(r => Number.isFinite(r.value))).toBe(true)
    const again = planner({ now, measure: async () => Promise.reject(new Error('not to be measured again')) })
    expect(await again.calibration()).toEqual(facts)
    const told = await again.estimateModel({ json: transformer, work: 'inference', length: 64 })
    expect(told.basis).toBe('calibrated')
  })

  it.each([
    ['of another version', { version: '2' }],
    ['of another thread count', { threads: 3 }],
  ])('%s is not used', async (_, other) => {
    await planner().calibrate(quietContext(), { despiteLoad: true })
    expect(await planner(other).calibration()).toBeNull()
  })

  it.each(['', '{', '[]', '{"format":"diploscope-calibration","formatVersion":1}', 'cut'])(
    'that cannot be read (%j) is measured again',
    async text => {
      await planner().calibrate(quietContext(), { despiteLoad: true })
      const folder = join(dataDir, 'planner')
      const [name] = await readdir(folder)
      const path = join(folder, name!)
      await writeFile(path, text === 'cut' ? (await readFile(path, 'utf8')).slice(0, 300) : text)
      const fresh = planner()
      expect(await fresh.calibration()).toBeNull()
      await fresh.calibrate(quietContext(), { despiteLoad: true })
      expect(await planner().calibration()).not.toBeNull()
    },
  )

  it('with a rate that is no number is measured again', async () => {
    await planner().calibrate(quietContext(), { despiteLoad: true })
    const path = join(dataDir, 'planner', (await readdir(join(dataDir, 'planner')))[0]!)
    const json = JSON.parse(await readFile(path, 'utf8'))
    await writeFile(path, JSON.stringify({ ...json, rates: { ...json.rates, perFed: null } }))
    expect(await planner().calibration()).toBeNull()
  })

  it('of a machine that others use is refused, and not kept, unless that is asked for', async () => {
    let total = 0
    // Others use half of the processor: 50 of 100 seconds.
    const processor = () => {
      total += 100
      return { busy: total / 2, total }
    }
    await expect(planner({ processor }).calibrate(quietContext())).rejects.toMatchObject({ code: 'busy' })
    expect(await planner().calibration()).toBeNull()
    await planner({ processor }).calibrate(quietContext(), { despiteLoad: true })
    expect(await planner().calibration()).not.toBeNull()
  })

  it('that is stopped keeps nothing', async () => {
    const stop = new AbortController()
    const stopped = planner({
      measure: async () => {
        stop.abort()
        return TYPICAL_RATES
      },
    })
    await expect(stopped.calibrate({ signal: stop.signal, report() {} }, { despiteLoad: true })).rejects.toMatchObject({ code: 'cancelled' }) // biome-ignore format: one line
    expect(await stopped.calibration()).toBeNull()
  })

  it('that cannot be kept says so', async () => {
    await mkdir(join(dataDir, 'planner', 'cpu-2.json'), { recursive: true })
    await expect(planner().calibrate(quietContext(), { despiteLoad: true })).rejects.toThrow()
  })
})
