import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createJobRates } from './jobRates.ts'

let dataDir: string
beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'job-rates-'))
})
afterEach(() => rmSync(dataDir, { recursive: true, force: true, maxRetries: 10 }))
const faults: unknown[] = []
const rates = (more: { threads?: number; version?: string } = {}) => createJobRates({ dataDir, threads: 2, version: '1.0.0', fault: e => faults.push(e), ...more }) // biome-ignore format: one line

// Truth: proportion, by hand.
describe('the pace of earlier jobs', () => {
  it('is not known before the first', async () => {
    expect(await rates().seconds('cohort', 10)).toBeUndefined()
  })

  it('is that of the job before, over a restart', async () => {
    await rates().learn('cohort', 20, 50)
    expect(await rates().seconds('cohort', 8)).toBe(20)
    expect(await rates().seconds('index', 8)).toBeUndefined()
  })

  it('counts recent jobs more', async () => {
    const own = rates()
    await own.learn('cohort', 10, 10)
    await own.learn('cohort', 10, 40)
    expect(await own.seconds('cohort', 15)).toBeCloseTo((15 * (40 + 0.5 * 10)) / 15, 12)
  })

  it('keeps all of several that end at once', async () => {
    const own = rates()
    await Promise.all(['a', 'b', 'c'].map((kind, i) => own.learn(kind, 1, i + 1)))
    expect(await Promise.all(['a', 'b', 'c'].map(kind => own.seconds(kind, 1)))).toEqual([1, 2, 3])
  })

  it.each([{ threads: 4 }, { version: '1.0.1' }])('is another one with %o', async more => {
    await rates().learn('cohort', 1, 1)
    expect(await rates(more).seconds('cohort', 1)).toBeUndefined()
  })

  it('learns nothing from work that was none, and from a file that is none', async () => {
    const own = rates()
    await own.learn('cohort', 0, 3)
    expect(await own.seconds('cohort', 1)).toBeUndefined()
    await own.learn('cohort', 1, 3)
    writeFileSync(join(dataDir, 'planner', 'job-rates.json'), '{"format":"dip')
    expect(await own.seconds('cohort', 1)).toBeUndefined()
    expect(faults).toEqual([])
  })
})
