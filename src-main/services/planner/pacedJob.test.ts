import { describe, expect, it } from 'vitest'
import { type Progress, quietContext } from '../../../src-shared/job.ts'
import type { JobRates } from './jobRates.ts'
import { pacedJob } from './pacedJob.ts'

const ratesOf = (known: number | undefined) => {
  const learnt: unknown[] = []
  const rates: JobRates = { seconds: async (_kind, units) => known && known * units, learn: async (...all) => void learnt.push(all) } // biome-ignore format: one line
  return { rates, learnt }
}
const clock = () => {
  let time = 0
  return { now: () => time, to: (seconds: number) => { time = 1000 * seconds } } // biome-ignore format: one line
}

// Truth: proportion, by hand.
describe('a job of which only the pace tells', () => {
  it('is told by earlier ones before it begins', async () => {
    const { rates } = ratesOf(2.5)
    const job = pacedJob({ rates, kind: 'cohort', units: 40, peakBytes: Promise.resolve(3e8), now: () => 0 })
    expect(await job.estimate).toEqual({ seconds: 100, peakBytes: 3e8, basis: 'earlier' })
  })

  it('is told by its own first part where there were none, and taught to the next', async () => {
    const { rates, learnt } = ratesOf(undefined)
    const { now, to } = clock()
    const job = pacedJob({ rates, kind: 'cohort', units: 40, now })
    const seen: Progress[] = []
    const context = job.watch({ ...quietContext(), report: p => seen.push(p) })
    context.report({ phase: 'scoring', done: 0, total: 40 })
    to(9)
    context.report({ phase: 'scoring', done: 1, total: 40 }) // the first, which is slow, tells nothing
    to(12)
    context.report({ phase: 'scoring', done: 3, total: 40 }) // too few to tell
    to(13)
    context.report({ phase: 'scoring', done: 5, total: 40 })
    to(14)
    context.report({ phase: 'scoring', done: 20, total: 40 }) // told already
    expect(await job.estimate).toEqual({ seconds: 13 + (35 * (13 - 9)) / (5 - 1), peakBytes: null, basis: 'begun' })
    expect(seen.map(p => p.done)).toEqual([0, 1, 3, 5, 20])
    to(30)
    await job.end(true)
    expect(learnt).toEqual([['cohort', 40, 30]])
  })

  it('is told after half a minute where a tenth takes long', async () => {
    const { rates } = ratesOf(undefined)
    const { now, to } = clock()
    const job = pacedJob({ rates, kind: 'cohort', units: 1000, now })
    const context = job.watch(quietContext())
    to(5)
    context.report({ phase: 'scoring', done: 1, total: 1000 })
    to(35)
    context.report({ phase: 'scoring', done: 7, total: 1000 })
    expect(await job.estimate).toMatchObject({ seconds: 35 + (993 * 30) / 6 })
  })

  it('says nothing of one that ended before, and keeps nothing of one that was stopped', async () => {
    const { rates, learnt } = ratesOf(undefined)
    const job = pacedJob({ rates, kind: 'cohort', units: 40, now: () => 0 })
    job.watch(quietContext()).report({ phase: 'scoring', done: 3, total: 40 })
    await job.end(false)
    expect(await job.estimate).toBeUndefined()
    expect(learnt).toEqual([])
  })
})
