import { describe, expect, it } from 'vitest'
import type { JobSnapshot } from '../../../src-shared/job.ts'
import { costText, progressText } from './StatusBar.tsx'

const job = (more: Partial<JobSnapshot>): JobSnapshot => ({
  id: 'a',
  kind: 'predict',
  title: 'Prediction',
  state: 'running',
  progress: { phase: 'computing', done: 1, total: 4 },
  startedAt: 0,
  resumable: false,
  read: false,
  ...more,
})

describe('the cost of a job', () => {
  it.each([
    [{ estimate: { seconds: 42.4, peakBytes: 3.2e8 } }, 'about 42 s, 320 MB'],
    [{ estimate: { seconds: 130, peakBytes: 1.23e9 } }, 'about 2 min, 1.2 GB'],
    [{ estimate: { seconds: 9000, peakBytes: 1.23e10 } }, 'about 2.5 h, 12.3 GB'],
    [{ state: 'done', cost: { seconds: 130, peakBytes: 1.1e9 } }, 'took 2:10, 1.1 GB'],
    [{ state: 'done', cost: { seconds: 5, peakBytes: null } }, 'took 0:05'],
    [{ estimate: { seconds: 42, peakBytes: null } }, 'about 42 s'],
    [
      { state: 'done', estimate: { seconds: 130, peakBytes: 1.2e9 }, cost: { seconds: 141, peakBytes: 1.1e9 } },
      'took 2:21, 1.1 GB (estimated 2 min, 1.2 GB)',
    ],
    [{ state: 'failed', estimate: { seconds: 42, peakBytes: 1e9 } }, ''],
    [{}, ''],
  ] as const)('%o is %s', (more, text) => expect(costText(job(more as Partial<JobSnapshot>))).toBe(text))

  it('stands after how it ended', () => {
    expect(progressText(job({ state: 'done', cost: { seconds: 5, peakBytes: null } }))).toBe('done, took 0:05')
  })

  it('stands after how far the job is', () => {
    const estimate = { seconds: 130, peakBytes: 1.2e9 }
    expect(progressText(job({ estimate, secondsLeft: 90 }))).toBe('computing · 1/4 · 1:30 left · about 2 min, 1.2 GB')
  })
})
