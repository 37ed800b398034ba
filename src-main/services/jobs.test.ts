import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { throwIfCancelled, WorkbenchError } from '../../src-shared/ipc/errors.ts'
import type { JobSnapshot, WorkContext } from '../../src-shared/job.ts'
import { createJobs } from './jobs.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'diploscope-jobs-'))
})
afterEach(() => rm(folder, { recursive: true, force: true, maxRetries: 10 }))

async function jobsWith(now: () => number = Date.now) {
  const told: JobSnapshot[] = []
  const faults: unknown[] = []
  const jobs = await createJobs({
    path: join(folder, 'jobs.json'),
    now,
    tell: j => void told.push(j),
    fault: e => void faults.push(e),
  })
  return { jobs, told, faults }
}

/** Work that lasts until it is told to stop. */
const endless = ({ signal }: WorkContext) =>
  new Promise<undefined>((_, reject) =>
    signal.addEventListener('abort', () => reject(new WorkbenchError('cancelled', 'Cancelled', ''))),
  )

describe('a job', () => {
  it('is told from start to end, in order, and the last word is how it ended', async () => {
    const { jobs, told } = await jobsWith()
    const { id } = jobs.start({
      kind: 'index',
      title: 'Index of a.bam',
      async run({ report }) {
        report({ phase: 'indexing', done: 1, total: 2 })
        return 'result'
      },
    })
    expect(await jobs.ended(id)).toMatchObject({ state: 'done', resultId: 'result', progress: { done: 2, total: 2 } })
    expect(told.map(t => t.state)).toEqual(['running', 'done'])
    expect(told.at(-1)?.endedAt).toBeGreaterThan(0)
  })

  it('does not flood the windows, and never loses the last progress of a lull', async () => {
    let t = 0
    const { jobs, told } = await jobsWith(() => t)
    let go: () => void = () => {}
    const gate = new Promise<void>(done => {
      go = done
    })
    const { id } = jobs.start({
      kind: 'k',
      title: 't',
      async run({ report }) {
        for (let done = 1; done <= 1000; done++) {
          t += 1
          report({ phase: 'p', done, total: 1000 })
        }
        await gate
        return undefined
      },
    })
    expect(told.length).toBeLessThanOrEqual(12) // one at the start, then one each 100 ms of the clock
    await new Promise(done => setTimeout(done, 150))
    expect(told.at(-1)?.progress.done).toBe(1000)
    go()
    await jobs.ended(id)
    expect(told.at(-1)?.state).toBe('done')
  })

  it('is cancelled, and ends as cancelled', async () => {
    const { jobs, told } = await jobsWith()
    const { id } = jobs.start({ kind: 'k', title: 't', run: endless })
    jobs.cancel(id)
    expect((await jobs.ended(id)).state).toBe('cancelled')
    expect(told.at(-1)?.state).toBe('cancelled')
    jobs.cancel(id) // what has ended stays as it is
    expect(jobs.get(id).state).toBe('cancelled')
  })

  it('that fails says why, without being a fault of ours when the reason is known', async () => {
    const { jobs, faults } = await jobsWith()
    const known = jobs.start({
      kind: 'k',
      title: 't',
      run: () => Promise.reject(new WorkbenchError('unsorted', 'read 5 comes before read 4', 'sort the file')),
    })
    expect(await jobs.ended(known.id)).toMatchObject({ state: 'failed', error: { code: 'unsorted' } })
    expect(faults).toEqual([])
    const unknown = jobs.start({ kind: 'k', title: 't', run: () => Promise.reject(new TypeError('x is undefined')) })
    expect(await jobs.ended(unknown.id)).toMatchObject({ state: 'failed', error: { code: 'internal' } })
    expect(faults).toHaveLength(1)
  })

  it('waits while two others run, and can be cancelled while it waits', async () => {
    const { jobs } = await jobsWith()
    const [a, b, c, d] = [1, 2, 3, 4].map(n => jobs.start({ kind: 'k', title: String(n), run: endless }))
    const states = () => [a, b, c, d].map(j => jobs.get(j?.id ?? '').state)
    expect(states()).toEqual(['running', 'running', 'queued', 'queued'])
    jobs.cancel(d?.id ?? '')
    expect(states()).toEqual(['running', 'running', 'queued', 'cancelled'])
    jobs.cancel(a?.id ?? '')
    await jobs.ended(a?.id ?? '')
    expect(states()).toEqual(['cancelled', 'running', 'running', 'cancelled'])
    await jobs.stop(1000)
  })

  it('that times the machine runs alone, and those after it wait; what somebody waits for at the screen does not', async () => {
    const { jobs } = await jobsWith()
    const start = (more: object = {}) => jobs.start({ kind: 'k', title: 't', run: endless, ...more }).id
    const first = start()
    const lab = start({ exclusive: true })
    const calibration = start({ exclusive: true })
    const after = start()
    const shown = start({ interactive: true })
    const states = () => [first, lab, calibration, after, shown].map(id => jobs.get(id).state)
    expect(states()).toEqual(['running', 'queued', 'queued', 'queued', 'running'])
    const end = async (id: string) => {
      jobs.cancel(id)
      await jobs.ended(id)
    }
    await end(first)
    expect(states()).toEqual(['cancelled', 'running', 'queued', 'queued', 'running'])
    await end(lab)
    expect(states()).toEqual(['cancelled', 'cancelled', 'running', 'queued', 'running'])
    await end(calibration)
    expect(states().slice(3)).toEqual(['running', 'running'])
    await jobs.stop(1000)
  })

  it('tells the seconds that are left from its rate: half done in 10 s leaves 10 s', async () => {
    let t = 1000
    const { jobs } = await jobsWith(() => t)
    let context: WorkContext | undefined
    const { id } = jobs.start({
      kind: 'k',
      title: 't',
      run(c) {
        context = c
        return endless(c)
      },
    })
    context?.report({ phase: 'p', done: 0, total: 100 })
    expect(jobs.get(id).secondsLeft).toBeUndefined()
    t += 10_000
    context?.report({ phase: 'p', done: 50, total: 100 })
    expect(jobs.get(id).secondsLeft).toBe(10)
    context?.report({ phase: 'q', done: 1, total: 100 }) // a new phase has no rate yet
    expect(jobs.get(id).secondsLeft).toBeUndefined()
    await jobs.stop(1000)
  })
})

describe('a planned job', () => {
  it('tells what it will cost, what is left of that before there is a rate, and what it took', async () => {
    let time = 0
    const { jobs, told } = await jobsWith(() => time)
    const { id } = jobs.start({
      kind: 'predict',
      title: 'Prediction',
      estimate: Promise.resolve({ seconds: 60, peakBytes: 2e9 }),
      peakBytes: async () => 1.5e9,
      async run({ report }) {
        await Promise.resolve().then(() => {})
        await new Promise(resolve => setTimeout(resolve, 5))
        time = 12_000
        report({ phase: 'computing', done: 0, total: 4 })
        time = 70_000
        return undefined
      },
    })
    const { estimate, cost, secondsLeft } = await jobs.ended(id)
    expect(estimate).toEqual({ seconds: 60, peakBytes: 2e9 })
    expect(cost).toEqual({ seconds: 70, peakBytes: 1.5e9 })
    expect(secondsLeft).toBeUndefined()
    // Truth: 60 s were said and 12 are over.
    expect(told.map(j => j.secondsLeft).filter(s => s !== undefined)).toEqual(expect.arrayContaining([48]))
  })

  it('runs when its plan fails, and says what it took alone', async () => {
    const { jobs, faults } = await jobsWith()
    const { id } = jobs.start({
      kind: 'predict',
      title: 'Prediction',
      estimate: Promise.reject(new Error('no plan')),
      run: async () => undefined,
    })
    const ended = await jobs.ended(id)
    expect([ended.state, ended.estimate]).toEqual(['done', undefined])
    expect(ended.cost).toEqual({ seconds: (ended.endedAt! - ended.startedAt) / 1000, peakBytes: null })
    expect(faults).toHaveLength(1)
  })
})

describe('the list', () => {
  it('keeps ended jobs over a restart until they are read', async () => {
    const first = await jobsWith()
    const { id } = first.jobs.start({ kind: 'k', title: 'kept', run: async () => undefined })
    await first.jobs.ended(id)
    await first.jobs.stop(1000)
    const second = await jobsWith()
    expect(second.jobs.list()).toMatchObject([{ id, title: 'kept', state: 'done' }])
    second.jobs.markRead(id)
    expect(second.told).toMatchObject([{ id, read: true }])
    await second.jobs.stop(1000)
    expect((await jobsWith()).jobs.list()).toEqual([])
  })

  it('says of a job that the end of the program cut off that it failed', async () => {
    const { jobs } = await jobsWith()
    const { id } = jobs.start({ kind: 'k', title: 't', run: endless })
    while (!(await readFile(join(folder, 'jobs.json'), 'utf8').catch(() => '')).includes(id))
      await new Promise(done => setTimeout(done, 5))
    const after = await jobsWith() // as after a kill: nothing was told to the first one
    expect(after.jobs.list()).toMatchObject([{ id, state: 'failed', error: { code: 'disconnected' } }])
    await jobs.stop(1000)
  })

  it('that cannot be read does not keep the program from starting', async () => {
    for (const text of ['{', 'null', '[1, null, {"id": 5}]', '{"a": 1}']) {
      await writeFile(join(folder, 'jobs.json'), text)
      expect((await jobsWith()).jobs.list()).toEqual([])
    }
  })

  it('that cannot be written is a fault in the log, and the jobs go on', async () => {
    await rm(folder, { recursive: true })
    const { jobs, faults } = await jobsWith()
    const { id } = jobs.start({ kind: 'k', title: 't', run: async () => 'r' })
    expect((await jobs.ended(id)).resultId).toBe('r')
    await jobs.stop(1000)
    expect(faults.length).toBeGreaterThan(0)
  })

  it('knows no job by a wrong id', async () => {
    const { jobs } = await jobsWith()
    expect(() => jobs.cancel('x')).toThrow(expect.objectContaining({ code: 'not-found' }))
    expect(() => jobs.markRead('x')).toThrow(expect.objectContaining({ code: 'not-found' }))
  })

  it('stops within its time even when a job does not listen', async () => {
    const { jobs } = await jobsWith()
    jobs.start({ kind: 'k', title: 'deaf', run: () => new Promise(() => {}) })
    jobs.start({ kind: 'k', title: 'polite', run: async c => throwIfCancelled(c.signal) as undefined })
    await jobs.stop(50)
    expect(() => jobs.start({ kind: 'k', title: 'late', run: async () => undefined })).toThrow(
      expect.objectContaining({ code: 'cancelled' }),
    )
  })
})
