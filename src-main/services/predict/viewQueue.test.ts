import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeEach, describe, expect, it } from 'vitest'
import { WorkbenchError } from '../../../src-shared/ipc/errors.ts'
import type { PredictionChanged } from '../../../src-shared/ipc/modelMethods.ts'
import { createJobs, type Jobs } from '../jobs.ts'
import type { Subject } from './subject.ts'
import { createViewQueue, type WantedView } from './viewQueue.ts'

// Truth: the order in which windows are computed, one by one, by a stand-in for the network that waits to be told.
const work = mkdtempSync(join(tmpdir(), 'view-queue-'))
afterAll(() => rmSync(work, { recursive: true, force: true, maxRetries: 10 }))
const subject = (key: string) => ({ key, ids: { modelFileId: 'm', referenceFileId: 'r' }, geometry: { windowBp: 96, binBp: 4, bins: 16, cropBins: 4 }, model: { json: { name: key } } }) as unknown as Subject // biome-ignore format: one line
const one = { name: 'one', length: 1e6 }
const view = (key: string, windows: readonly number[], channels = [0]): WantedView => ({ subject: subject(key), contig: one, channels, windows }) // biome-ignore format: one line

let computed: string[]
let told: PredictionChanged[]
let release: (() => void)[]
let jobs: Jobs
let queue: ReturnType<typeof createViewQueue>
let fail: WorkbenchError | undefined
beforeEach(async () => {
  computed = []
  told = []
  release = []
  fail = undefined
  jobs = await createJobs({ path: join(work, `${Math.random()}.json`), now: Date.now, tell() {}, fault() {} })
  queue = createViewQueue({
    jobs,
    now: Date.now,
    tell: change => told.push(change),
    cost: async (_view, windows) => ({ seconds: windows, peakBytes: 1e8 }),
    async compute(v, index, { signal }) {
      computed.push(`${v.subject.key}${index}`)
      await new Promise<void>((done, failed) => {
        release.push(done)
        signal.addEventListener('abort', () => failed(signal.reason))
      })
      if (fail) throw fail
    },
  })
})
const turn = () => new Promise(done => setTimeout(done, 5))
const step = async (n = 1) => {
  for (let i = 0; i < n; i++) {
    await turn()
    release.shift()?.()
    await turn()
  }
}

describe('windows of views', () => {
  it('are computed in the order given, and told', async () => {
    const asked = queue.ask(view('a', [4, 3, 5]), 10_000)
    await step(3)
    expect(await asked).toBeUndefined()
    expect(computed).toEqual(['a4', 'a3', 'a5'])
    expect(told.at(-1)).toMatchObject({ contig: 'one', modelFileId: 'm' })
    expect([Math.min(...told.map(t => t.start)), Math.max(...told.map(t => t.end))]).toEqual([3 * 64, 6 * 64])
  })
  it('of a view that was moved are dropped, but for the one that runs', async () => {
    await queue.ask(view('a', [4, 3, 5]), 0)
    await queue.ask(view('a', [90, 91]), 0)
    await step(3)
    expect(computed).toEqual(['a4', 'a90', 'a91'])
  })
  it('of several subjects take turns', async () => {
    await queue.ask(view('a', [1, 2, 3]), 0)
    await queue.ask(view('b', [1, 2, 3]), 0)
    await step(6)
    expect(computed).toEqual(['a1', 'b1', 'a2', 'b2', 'a3', 'b3'])
  })
  it('answers after its patience with what there is', async () => {
    await queue.ask(view('a', [1, 2]), 20)
    expect(computed).toEqual(['a1']) // which was not waited for: nobody let it end
  })
  it('that fail are told, say why, and are not tried again at once', async () => {
    fail = new WorkbenchError('not-finite', 'NaN', 'check the model')
    const asked = queue.ask(view('a', [1, 2]), 10_000)
    await step()
    expect(await asked).toMatchObject({ code: 'not-finite' })
    expect(told).toHaveLength(1)
    expect(await queue.ask(view('a', [1, 2]), 0)).toMatchObject({ code: 'not-finite' })
    expect(computed).toEqual(['a1'])
  })
  it('that last are a job, which can be cancelled; one that ends well needs no reading', async () => {
    await queue.ask(view('a', [1, 2, 3]), 0)
    await new Promise(done => setTimeout(done, 700))
    const [job] = jobs.list()
    expect(job).toMatchObject({ kind: 'predict', state: 'running' })
    jobs.cancel(job!.id)
    await turn()
    expect((await jobs.ended(job!.id)).state).toBe('cancelled')
    expect(computed).toEqual(['a1'])
    await queue.ask(view('a', [7]), 0)
    await new Promise(done => setTimeout(done, 700))
    const second = jobs.list().find(j => j.state === 'running')!
    release.at(-1)!()
    await jobs.ended(second.id)
    await turn()
    expect(jobs.list().map(j => j.state)).toEqual(['cancelled'])
  })
  it('stop when the program ends', async () => {
    const stopped = jobs.stop(50)
    await queue.ask(view('a', [1, 2]), 0)
    await new Promise(done => setTimeout(done, 700))
    await stopped
    release.shift()?.()
    await turn()
    expect(computed).toEqual(['a1'])
  })
})
