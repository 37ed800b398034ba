import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  type CompressionChoice,
  effectiveRank,
  energyCurve,
  errorOfRank,
  type LayerSpectrum,
  largestSavingRank,
  planCompression,
  rankOfEnergy,
} from './compression.ts'

const layer = (name: string, out: number, inputs: number, values: readonly number[], more: Partial<LayerSpectrum> = {}): LayerSpectrum => ({ name, out, inputs, kernel: 1, storedRank: null, values: Float64Array.from(values), effectiveRank: effectiveRank(values), largestRank: largestSavingRank(out, inputs), negative: true, ...more }) // biome-ignore format: one table
/** σ² of 9, 4, 2 and 1: 16 in all. */
const values = [3, 2, Math.SQRT2, 1]
const model = { parameters: 1000, weightsBytes: 4200, layers: [layer('a', 8, 8, values), layer('b', 20, 4, values)] }
const choice = (more: Partial<CompressionChoice>): CompressionChoice => ({ method: 'svd', keptEnergy: null, layers: {}, ...more }) // biome-ignore format: one line

describe('spectra', () => {
  // Truth: closed forms.
  it('kept energy, error and effective rank of known values', () => {
    expect(energyCurve(values)).toEqual([9, 13, 15, 16].map(e => expect.closeTo(e / 16, 12)))
    expect(errorOfRank(values, 1)).toBeCloseTo(Math.sqrt(7 / 16), 12)
    expect(errorOfRank(values, 4)).toBe(0)
    expect(effectiveRank([2, 2, 2, 2])).toBeCloseTo(4, 12)
    expect(effectiveRank([5, 0, 0])).toBeCloseTo(1, 12)
    expect([effectiveRank([0, 0]), errorOfRank([0, 0], 1)]).toEqual([0, 0])
    expect(energyCurve([0])).toEqual([1])
  })

  // Truth: the definition; error² and kept energy are complements.
  it('error² + kept energy = 1, and the rank of an energy is the smallest that keeps it', () => {
    const spectrum = fc.array(fc.double({ min: 0.001, max: 10, noNaN: true }), { minLength: 1, maxLength: 20 })
    fc.assert(
      fc.property(spectrum, fc.double({ min: 0.01, max: 1, noNaN: true }), (some, share) => {
        const sorted = some.toSorted((a, b) => b - a)
        const curve = energyCurve(sorted)
        sorted.forEach((_, i) => {
          expect(errorOfRank(sorted, i + 1) ** 2 + curve[i]!).toBeCloseTo(1, 9)
        })
        const rank = rankOfEnergy(sorted, share)
        expect(curve[rank - 1]! + 1e-12).toBeGreaterThanOrEqual(share)
        if (rank > 1) expect(curve[rank - 2]!).toBeLessThan(share + 1e-12)
      }),
    )
  })
})

describe('a plan', () => {
  // Truth: r(m + n) for mn, by hand.
  it('counts parameters and bytes by the formula', () => {
    const plan = planCompression(model, choice({ keptEnergy: 0.8 }))
    expect(plan.layers.map(l => [l.rank, l.parametersBefore, l.parametersAfter])).toEqual([[2, 64, 32], [2, 80, 48]]) // biome-ignore format: one table
    expect(plan.layers[0]).toMatchObject({ keptEnergy: expect.closeTo(13 / 16, 12), relativeError: expect.closeTo(Math.sqrt(3) / 4, 12) }) // biome-ignore format: one table
    expect(plan).toMatchObject({ parametersBefore: 1000, parametersAfter: 936, bytesBefore: 4200, bytesAfter: 4200 - 4 * 64 }) // biome-ignore format: one table
  })

  it('leaves layers as they are that would not become smaller, and says so; own choices stand above the energy', () => {
    const whole = planCompression(model, choice({ keptEnergy: 1 }))
    expect(whole.layers.map(l => [l.rank, l.why])).toEqual([[null, 'rank 4 would not be smaller'], [null, 'rank 4 would not be smaller']]) // biome-ignore format: one table
    expect(whole.parametersAfter).toBe(1000)
    const own = planCompression(model, choice({ keptEnergy: 0.5, layers: { a: { rank: 3 }, b: { keep: true } } }))
    expect(own.layers.map(l => [l.rank, l.why])).toEqual([[3, null], [null, null]]) // biome-ignore format: one table
    expect(planCompression(model, choice({ layers: { b: { keptEnergy: 0.5 } } })).layers.map(l => l.rank)).toEqual([null, 1]) // biome-ignore format: one line
  })

  it('of factors that are stored already: only a smaller rank saves', () => {
    const stored = { ...model, layers: [layer('a', 8, 8, [3, 2, 0, 0], { storedRank: 2, largestRank: 1 })] }
    expect(planCompression(stored, choice({ keptEnergy: 0.6 })).layers[0]).toMatchObject({ rank: 1, parametersBefore: 32, parametersAfter: 16 }) // biome-ignore format: one line
    expect(() => planCompression(stored, choice({ layers: { a: { rank: 2 } } }))).toThrow(/rank 2 enlarges 'a' of 8 x 8, stored at rank 2/) // biome-ignore format: one line
  })

  it('NMF leaves layers with negative weights, and refuses them by name', () => {
    const mixed = { ...model, layers: [model.layers[0]!, { ...model.layers[1]!, negative: false }] }
    const plan = planCompression(mixed, choice({ method: 'nmf', keptEnergy: 0.5 }))
    expect(plan.layers.map(l => [l.rank, l.why])).toEqual([[null, 'has negative weights'], [1, null]]) // biome-ignore format: one table
    expect(() => planCompression(mixed, choice({ method: 'nmf', layers: { a: { rank: 1 } } }))).toThrow(/'a' has negative ones/) // biome-ignore format: one line
  })

  it.each([
    [{ layers: { c: { rank: 1 } } }, /'c' is no layer/],
    [{ layers: { a: { rank: 4 } } }, /rank 4 enlarges 'a' of 8 x 8/],
    [{ layers: { a: { rank: 0 } } }, /rank 0 of 'a' is no whole number/],
    [{ layers: { a: { rank: 1.5 } } }, /rank 1.5/],
    [{ layers: { a: { keptEnergy: 0 } } }, /kept energy 0/],
    [{ keptEnergy: 1.2 }, /kept energy 1.2/],
  ])('refuses %j', (more, message) => {
    expect(() => planCompression(model, choice(more as Partial<CompressionChoice>))).toThrow(message)
  })
})
