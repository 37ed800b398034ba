import { describe, expect, it } from 'vitest'
import { WorkbenchError } from '../../../src-shared/ipc/errors.ts'
import type { Compute } from '../../compute/client.ts'
import type { ModelJson } from '../../models/folder/modelJson.ts'
import { createJobPlanning, NOT_PLANNED, outlookOf, together } from './jobPlanning.ts'
import type { ModelWork, Planner } from './planner.ts'

const json = { id: 'enformer' } as ModelJson
const compute = (rssBytes: number, { peaks = [7e8], gpuMs }: { peaks?: number[]; gpuMs?: number } = {}) => {
  const engine = {
    stats: async () => ({ rssBytes, peakRssBytes: peaks.length > 1 ? peaks.shift() : peaks[0] }),
    tryDevice: async (device: string) => ({ device, works: device === 'webgpu' && gpuMs !== undefined, ms: gpuMs, cpuMs: 10, reason: '' }), // biome-ignore format: one line
  } as unknown as Compute
  return async () => engine
}
const planner = (peakBytes: number, seen: ModelWork[] = []): Planner =>
  ({
    async estimateModel(work: ModelWork, _signal?: AbortSignal, held = 0) {
      seen.push(work)
      return { seconds: 2 * (work.runs ?? 1), peakBytes, freeBytes: 4e9 + held, fits: peakBytes <= 4e9 + held, basis: 'typical', instead: 'batch 2' } // biome-ignore format: one line
    },
  }) as unknown as Planner

describe('planning a job', () => {
  it('tells the cost of its runs, and what it took', async () => {
    const job = await createJobPlanning(planner(1e9), compute(0, { peaks: [7e8, 9e8] }))({ json, work: 'inference' })
    expect(await job.cost(10)).toEqual({ seconds: 20, peakBytes: 1e9, basis: 'typical' })
    expect(await job.cost(0)).toBeUndefined()
    expect(await job.peakBytes()).toBe(9e8)
  })

  it('does not take the peak of an earlier job of the process for its own', async () => {
    const job = await createJobPlanning(planner(1e9), compute(0))({ json, work: 'inference' })
    expect(await job.peakBytes()).toBeUndefined() // nothing was planned
    await job.cost(10)
    expect(await job.peakBytes()).toBeUndefined()
  })

  it.each([
    ['faster', 5, undefined],
    ['slower', 15, { seconds: 20, peakBytes: 1e9, basis: 'typical' }],
  ])('with a device beside the CPU that is %s', async (_, gpuMs, cost) => {
    const job = await createJobPlanning(
      planner(1e9),
      compute(0, { gpuMs }),
    )({ json, work: 'inference', device: 'auto' })
    expect(await job.cost(10)).toEqual(cost)
  })

  it('refuses what will not fit, with the number and what will', async () => {
    const plan = createJobPlanning(planner(9e9), compute(1e9))
    await expect(plan({ json, work: 'training' })).rejects.toMatchObject({
      code: 'out-of-memory',
      message: "training 'enformer' needs about 9.0 GB of memory and 5.0 GB are free",
      remedy: 'what fits: batch 2',
    })
  })

  it('counts what the process holds already as free for it', async () => {
    await expect(createJobPlanning(planner(4.5e9), compute(1e9))({ json, work: 'inference' })).resolves.toBeDefined()
  })

  it.each([
    ['for a job with a process of its own', { ownProcess: true }, false],
    ['while a job computes in it', {}, true],
  ])('counts nothing of what the process holds as free %s', async (_, more, computing) => {
    const plan = createJobPlanning(planner(4.5e9), compute(1e9), { computing: () => computing })
    await expect(plan({ json, work: 'inference', ...more })).rejects.toMatchObject({
      code: 'out-of-memory',
      message: "running 'enformer' needs about 4.5 GB of memory and 4.0 GB are free",
    })
  })

  it('is worked out once for who asks and starts at once, and again a while later', async () => {
    const seen: ModelWork[] = []
    let time = 0
    const plan = createJobPlanning(planner(1e9, seen), compute(0), { now: () => time })
    const ask = async () => (await plan({ json, work: 'inference' })).cost(5)
    expect(await ask()).toEqual(await ask())
    expect(seen.map(w => w.runs)).toEqual([1, 5])
    time = 20_000
    await ask()
    expect(seen.map(w => w.runs)).toEqual([1, 5, 1, 5])
  })

  it('lets run what it cannot plan', async () => {
    const none = { estimateModel: async () => Promise.reject(new WorkbenchError('unsupported', 'an ONNX graph', '')) } as unknown as Planner // biome-ignore format: one line
    const job = await createJobPlanning(none, compute(0))({ json, work: 'inference' })
    expect(await job.cost(3)).toBeUndefined()
  })
})

// Truth: by hand.
describe('several jobs one after the other', () => {
  const cost = (seconds: number, peakBytes: number | null, basis: 'typical' | 'calibrated' | 'earlier') => ({ seconds, peakBytes, basis }) // biome-ignore format: one line
  it('take the time of all and the memory of the largest', () => {
    expect(together([cost(2, 3e8, 'calibrated'), cost(5, 2e8, 'calibrated'), cost(1, null, 'earlier')])).toEqual(cost(8, 3e8, 'calibrated')) // biome-ignore format: one line
    expect(together([cost(2, 3e8, 'calibrated'), cost(5, 2e8, 'typical')])?.basis).toBe('typical')
    expect(together([cost(1, null, 'earlier')])).toEqual(cost(1, null, 'earlier'))
    expect(together([cost(2, 3e8, 'calibrated'), undefined])).toBeUndefined()
    expect(together([])).toBeUndefined()
  })
})

describe('the outlook of a job', () => {
  it('has numbers and where they come from', async () => {
    const cost = { seconds: 3, peakBytes: 2e8, basis: 'calibrated' as const }
    expect(await outlookOf(async () => ({ cost }))).toEqual({ ...cost, note: '', refusal: null })
  })

  it('says why there is no number', async () => {
    const none = { seconds: null, basis: null, refusal: null }
    expect(await outlookOf(async () => ({ peakBytes: 1e8, note: 'the first' }))).toEqual({ ...none, peakBytes: 1e8, note: 'the first' }) // biome-ignore format: one line
    expect(await outlookOf(async () => ({}))).toEqual({ ...none, peakBytes: null, note: NOT_PLANNED })
  })

  it('gives what will not fit as an answer, and other faults as faults', async () => {
    const plan = createJobPlanning(planner(9e9), compute(0))
    const told = await outlookOf(async () => ({ cost: await (await plan({ json, work: 'inference' })).cost(1) }))
    expect(told.refusal).toEqual({ message: "running 'enformer' needs about 9.0 GB of memory and 4.0 GB are free", remedy: 'what fits: batch 2' }) // biome-ignore format: one line
    await expect(outlookOf(() => Promise.reject(new WorkbenchError('bad-input', 'x', 'y')))).rejects.toThrow('x')
  })
})
