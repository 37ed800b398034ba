import { describe, expect, it } from 'vitest'
import { float32 } from '../../../../src-shared/tensor.ts'
import type { TrackRegion } from '../../../analyses/trackBatches.ts'
import { inverseSoftplus, meanTargets, withMeanBias } from './headBias.ts'
import type { StartWeights } from './startWeights.ts'

const region = (targets: number[]): TrackRegion => ({
  contig: 'a',
  start: 0,
  bins: targets.length / 2,
  codes: new Uint8Array(0),
  marginBp: 0,
  targets: Float32Array.from(targets),
})
const start = (taken: string[]): StartWeights => ({
  weights: new Map([
    ['head.bias', float32(Float32Array.of(0, 0), [2])],
    ['other', float32(Float32Array.of(5), [1])],
  ]),
  taken,
  source: undefined,
})

describe('the bias of the head at the mean of each track', () => {
  // Truth: the definition of softplus, ln(1 + eˣ).
  it('inverts softplus from a thousandth to where eˣ overflows, and takes no signal for a thousandth', () => {
    for (const mean of [1e-3, 0.0625, 1, 6.83, 40, 900]) {
      const x = inverseSoftplus(mean)
      expect(Math.max(0, x) + Math.log1p(Math.exp(-Math.abs(x))), String(mean)).toBeCloseTo(mean, 9)
    }
    expect(inverseSoftplus(0)).toBe(inverseSoftplus(1e-3))
  })
  // Truth: by hand; regions weigh by their bins.
  it('takes the mean of each track over the bins of all regions', () => {
    expect([...meanTargets([region([1, 10, 3, 20, 5, 30]), region([7, 0])], 2)]).toEqual([4, 15])
  })
  it('changes that bias alone, not one that was taken over, and refuses a head without softplus', () => {
    const means = Float64Array.of(2, 3)
    const weights = withMeanBias(start([]), 'head.bias', means).weights
    expect([...(weights.get('head.bias')!.data as Float32Array)]).toEqual([Math.fround(Math.log(Math.expm1(2))), Math.fround(Math.log(Math.expm1(3)))]) // biome-ignore format: one thought
    expect([...(weights.get('other')!.data as Float32Array)]).toEqual([5])
    const taken = start(['head.bias'])
    expect(withMeanBias(taken, 'head.bias', means)).toBe(taken)
    expect(() => withMeanBias(taken, undefined, means)).toThrow('headBias')
  })
})
