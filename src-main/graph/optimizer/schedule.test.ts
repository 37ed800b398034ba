import { describe, expect, it } from 'vitest'
import { learningRate } from './schedule.ts'

// Truth: the closed forms at points where they are plain numbers.
describe('learningRate', () => {
  it('constant, step and exponential', () => {
    expect(learningRate({ kind: 'constant', rate: 0.1 }, 1000)).toBe(0.1)
    expect([0, 9, 10, 25].map(step => learningRate({ kind: 'step', rate: 8, factor: 0.5, every: 10 }, step))).toEqual([
      8, 8, 4, 2,
    ])
    expect(learningRate({ kind: 'exponential', rate: 1, factor: 0.9 }, 2)).toBeCloseTo(0.81, 15)
  })
  it('warms up on a line that ends at the rate', () => {
    const schedule = { kind: 'linear', rate: 4, totalSteps: 12, warmupSteps: 4 } as const
    expect([0, 1, 2, 3, 4, 8, 12, 99].map(step => learningRate(schedule, step))).toEqual([1, 2, 3, 4, 4, 2, 0, 0])
  })
  it('falls along half a cosine to its end', () => {
    const schedule = { kind: 'cosine', rate: 3, end: 1, totalSteps: 10 } as const
    expect(learningRate(schedule, 0)).toBe(3)
    expect(learningRate(schedule, 5)).toBeCloseTo(2, 14)
    expect(learningRate(schedule, 10)).toBeCloseTo(1, 14)
  })
  it('refuses a total within the warm-up and a negative rate', () => {
    expect(() => learningRate({ kind: 'cosine', rate: 1, totalSteps: 5, warmupSteps: 5 }, 5)).toThrow('totalSteps')
    expect(() => learningRate({ kind: 'constant', rate: -1 }, 0)).toThrow('numbers from 0')
  })
})
