import { describe, expect, it } from 'vitest'
import { targetTransform } from './targetTransform.ts'
import { undoTransform } from './undoTransform.ts'

describe('targetTransform', () => {
  // Truth: closed forms, worked out by hand.
  it('pools, scales, takes the root, clips softly and hard', () => {
    expect(targetTransform({ sum_stat: 'sum' })(12, 4)).toBe(12)
    expect(targetTransform({ sum_stat: 'mean', scale: 2 })(12, 4)).toBe(6)
    expect(targetTransform({ sum_stat: 'sum_sqrt' })(8, 4)).toBe(2)
    expect(targetTransform({ sum_stat: 'mean_sqrt' })(32, 4)).toBe(2)
    expect(targetTransform({ sum_stat: 'sum', clipSoft: 10 })(25, 1)).toBe(13)
    expect(targetTransform({ sum_stat: 'sum', clipSoft: 10, clip: 12 })(25, 1)).toBe(12)
    expect(targetTransform({ sum_stat: 'sum' })(-3, 1)).toBe(0)
  })
  // Truth: its inverse, which was written for the published networks.
  it.each(['sum', 'mean', 'sum_sqrt', 'mean_sqrt'] as const)('%s is undone by undoTransform', sum_stat => {
    const transform = { sum_stat, scale: 0.5, clipSoft: 3 }
    const undo = undoTransform({ index: 0, head: 'h', name: 't', transform }, 'current')
    for (const sum of [0, 1, 7, 80, 4000]) {
      const pooled = sum_stat.startsWith('mean') ? sum / 8 : sum
      expect(undo(targetTransform(transform)(sum, 8))).toBeCloseTo(pooled, 9)
    }
  })
})
