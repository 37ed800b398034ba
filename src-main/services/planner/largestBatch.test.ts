import { describe, expect, it } from 'vitest'
import type { PlannedGraph } from '../lab/experiment.ts'
import { batchRemedy, largestBatch } from './largestBatch.ts'
import type { Planner } from './planner.ts'

/** A step that takes 100 bytes, and 10 more for each example. */
const planner = { estimate: async ({ runs }: PlannedGraph) => ({ peakBytes: 100 + 10 * runs }) } as unknown as Planner
const of = (batch: number) => ({ batch, graph: (b: number) => ({ runs: b }) as PlannedGraph })

// Truth: arithmetic.
describe('the largest batch that fits', () => {
  it.each([
    [64, 500, 40],
    [64, 509, 40],
    [64, 730, 63],
    [2, 110, 1],
    [64, 109, undefined],
    [1, 109, undefined],
  ])('of %i in %i bytes is %s', async (batch, free, fitting) => {
    expect(await largestBatch(planner, of(batch), free, new AbortController().signal)).toBe(fitting)
  })

  it('ends between two batches when it is cancelled, and lets others be answered', async () => {
    const controller = new AbortController()
    const seen: number[] = []
    const noted = { batch: 64, graph: (b: number) => ({ runs: seen.push(b) && b }) as PlannedGraph }
    setImmediate(() => controller.abort())
    await expect(largestBatch(planner, noted, 500, controller.signal)).rejects.toMatchObject({ code: 'cancelled' })
    expect(seen.length).toBeLessThanOrEqual(1)
  })

  it('is what is said', () => {
    expect(batchRemedy(4)).toBe('what fits: batch 4')
    expect(batchRemedy(undefined)).toMatch(/^not even a batch of 1 fits/)
  })
})
