import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { cancelled } from '../../../src-shared/ipc/errors.ts'
import { quietContext } from '../../../src-shared/job.ts'
import { modelRegistry } from '../../models/registry.ts'
import type { Experiment, PointContext } from './experiment.ts'
import { residentBytes } from './memoryLimit.ts'
import { type VisitDeps, visitPoint } from './visitPoint.ts'

const work = mkdtempSync(join(tmpdir(), 'diploscope-visit-'))
afterAll(() => rmSync(work, { recursive: true, force: true, maxRetries: 10 }))

const visit = async (of: Experiment['visit'], deps: Partial<VisitDeps> = {}) => {
  const point = { factors: { model: 'a' } }
  const experiment: Experiment = { name: 'length', visits: 1, pointLimitSeconds: 60, notes: [], points: [point], visit: of } // biome-ignore format: one line
  const folders = { folder: work, sharedFolder: work, remadeFolder: work }
  const all: VisitDeps = { registry: modelRegistry([]), threads: 1, now: Date.now, available: () => 10e9, reserve: 1e9, ...deps } // biome-ignore format: one line
  return visitPoint(
    { experiment, point, id: 'a', visit: 1, first: true, prediction: null, folders },
    all,
    quietContext(),
  )
}

/** Opens the compute process and waits until the visit is stopped. */
const waiting = async (_: unknown, context: PointContext) => {
  const compute = await context.compute()
  const { pid } = await compute.stats({ start: true })
  started = pid
  return new Promise<never>((_resolve, reject) => {
    if (context.signal.aborted) reject(cancelled())
    context.signal.addEventListener('abort', () => reject(cancelled()))
  })
}
let started: number | undefined

// Truth: what the operating system says of the process.
describe('a visit with a compute process of its own', () => {
  it('has the peak of that process for its memory, and ends the process', async () => {
    let pid: number | undefined
    const record = await visit(async (_, context) => {
      const compute = await context.compute()
      expect(await context.compute()).toBe(compute)
      pid = (await compute.stats({ start: true })).pid
      return { seconds: [1] }
    })
    expect(record).toMatchObject({ state: 'done', reason: null, measures: { seconds: [1] } })
    expect(record.measures['peakBytes']![0]).toBeGreaterThan(20e6)
    expect(pid).toBeGreaterThan(0)
    expect(() => process.kill(pid!, 0)).toThrow(/ESRCH/)
  })

  it('keeps the peak that the visit gives itself', async () => {
    const record = await visit(async (_, context) => {
      await (await context.compute()).stats({ start: true })
      return { peakBytes: [5] }
    })
    expect(record.measures).toEqual({ peakBytes: [5] })
  })

  it.skipIf(process.platform === 'win32')(
    'is ended above its limit, whatever was planned: it does not fit',
    async () => {
      expect(await residentBytes(process.pid)).toBeGreaterThan(20e6)
      const record = await visit(waiting, { available: () => 1.01e9 }) // 10 MB for a process that takes more to start
      expect(record).toMatchObject({ state: 'does-not-fit', reason: expect.stringMatching(/^stopped at 0\.\d\d GB: 0\.01 GB may be taken$/), measures: {} }) // biome-ignore format: one thought
      if (started !== undefined) expect(() => process.kill(started!, 0)).toThrow(/ESRCH/)
    },
  )

  it('is ended, and not called too large, when others take what was free', async () => {
    let free = 10e9
    const resident = async () => {
      free = 0.1e9
      return 1e9
    }
    const record = await visit(waiting, { available: () => free, resident })
    expect(record).toMatchObject({ state: 'failed', reason: 'out-of-memory: the machine had only 0.10 GB left while this point took 1.00 GB of the 9.00 GB that it might' }) // biome-ignore format: one thought
  })

  it('takes the processor time of that process off what others used', async () => {
    let looked = 0
    let used = 0
    const record = await visit(
      async (_, context) => {
        used = (await (await context.compute()).stats({ start: true })).cpuSeconds
        return { seconds: [1] }
      },
      { processor: () => ({ busy: 5 * looked, total: 100 * looked++ }) },
    )
    expect(used).toBeGreaterThan(0.01)
    // Truth: of 5 s that the machine was busy, at least the child's are not others'; and no more than all that this test could take.
    expect(5 - 100 * record.foreignLoad).toBeGreaterThanOrEqual(used - 1e-9)
    expect(record.foreignLoad).toBeGreaterThanOrEqual(0)
  })
})
