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
    to(1)
    context.report({ phase: 'scoring', done: 1, total: 40 }) // too early to tell
    to(4)
    context.report({ phase: 'scoring', done: 5, total: 40 })
    to(5)
    context.report({ phase: 'scoring', done: 20, total: 40 }) // told already
    expect(await job.estimate).toEqual({ seconds: 4 + (35 * 4) / 5, peakBytes: null, basis: 'begun' })
    expect(seen.map(p => p.done)).toEqual([0, 1, 5, 20])
    to(30)
    await job.end(true)
    expect(learnt).toEqual([['cohort', 40, 30]])
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
