import { expect, it } from 'vitest'
import { meanInterval } from './smallCohorts.ts'

// Truth: printed tables of Student's t. Of 1 and 3 the deviation is the root of 2, of 0 to 10 the root of 11, so that the half width is t itself.
it('gives the interval of a mean by Student, and none of a single value', () => {
  expect(meanInterval([0.02])).toBeNull()
  const [from, to] = meanInterval([1, 3])!
  expect([from, to]).toEqual([expect.closeTo(2 - 12.706, 9), expect.closeTo(2 + 12.706, 9)])
  const [low, high] = meanInterval(Array.from({ length: 11 }, (_, i) => i))!
  expect([low, high]).toEqual([expect.closeTo(5 - 2.228, 9), expect.closeTo(5 + 2.228, 9)])
})
