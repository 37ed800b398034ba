import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Scale, scaled } from '../../src-shared/genome/prediction.ts'
import { axisTicks, roundUp, shortNumber, unscaled } from './scales.ts'

const scale = fc.constantFrom<Scale>('linear', 'log', 'arcsinh')

describe('y-scales', () => {
  it('are undone by their inverse and mirror at zero', () => {
    fc.assert(
      fc.property(scale, fc.double({ min: 0, max: 1e6, noNaN: true }), (s, v) => {
        expect(unscaled(s, scaled(s, v))).toBeCloseTo(v, 4)
        expect(scaled(s, -v)).toBe(-scaled(s, v))
      }),
    )
  })
  it('have the closed forms that the axis states', () => {
    expect(scaled('log', 99)).toBeCloseTo(2, 12)
    expect(scaled('arcsinh', 1)).toBeCloseTo(Math.log(1 + Math.SQRT2), 12)
  })
  it('end at a round number not below the value and at most twice it', () => {
    fc.assert(
      fc.property(fc.double({ min: 1e-6, max: 1e9, noNaN: true }), v => {
        expect(roundUp(v)).toBeGreaterThanOrEqual(v * (1 - 1e-6))
        expect(roundUp(v)).toBeLessThanOrEqual(v * 2.0001)
      }),
    )
    expect([roundUp(0), roundUp(Number.NaN), roundUp(0.3), roundUp(7)]).toEqual([1, 1, 0.3, 8])
  })
  it('mark zero and the top, in order', () => {
    fc.assert(
      fc.property(scale, fc.double({ min: 1e-3, max: 1e6, noNaN: true }), (s, v) => {
        const ticks = axisTicks(s, roundUp(v))
        expect(ticks[0]).toBe(0)
        expect(ticks.at(-1)).toBe(roundUp(v))
        expect([...ticks].sort((a, b) => a - b)).toEqual(ticks)
      }),
    )
  })
  it('write numbers short', () => {
    expect([0, 0.12345, 12.3456, 12345, 1.5e7, Number.NaN].map(shortNumber)).toEqual(['0', '0.123', '12.3', '12.3k', '1.5e7', '–']) // biome-ignore format: one line
  })
})
