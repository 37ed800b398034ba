import { describe, expect, it } from 'vitest'
import { randomBases } from '../../test-support/track-model.ts'
import { baseCode, oneHot, reverseComplement } from './oneHot.ts'
import { type BatchPlan, drawWindows, fillBatch, type TrackRegion, tiledWindows, UNKNOWN_CODE } from './trackBatches.ts'

const geometry = { windowBp: 48, binBp: 8, bins: 4, cropBins: 1 }
const MARGIN = 8 + 3

function region(name: string, bins: number): TrackRegion {
  const bases = `${randomBases(bins * 8 + 2 * MARGIN - 2, name)}NN`
  const codes = Uint8Array.from(bases, b => (baseCode(b.charCodeAt(0)) < 0 ? UNKNOWN_CODE : baseCode(b.charCodeAt(0))))
  return { contig: name, start: 1000, bins, codes, marginBp: MARGIN, targets: Float32Array.from({ length: bins * 2 }, (_, i) => i) } // biome-ignore format: one thought
}
const text = (r: TrackRegion) => Array.from(r.codes, c => 'ACGTN'[c]).join('')

const regions = [region('a', 9), region('b', 3), region('c', 6)]
const plan: BatchPlan = { geometry, tracks: 2, strandPartners: [1, 0], batch: 3, augmentation: { shiftBp: 3, reverseComplement: true }, seed: 5 } // biome-ignore format: one thought

describe('drawWindows', () => {
  it('draws the same for the same seed and step, others for others', () => {
    expect(drawWindows(regions, plan, 7)).toEqual(drawWindows(regions, plan, 7))
    expect(drawWindows(regions, plan, 8)).not.toEqual(drawWindows(regions, plan, 7))
    expect(drawWindows(regions, { ...plan, seed: 6 }, 7)).not.toEqual(drawWindows(regions, plan, 7))
  })
  // Truth: 6 places in a, none in b (too short), 3 in c; counts within four deviations of the uniform.
  it('takes every place, shift and strand equally often', () => {
    const counts = new Map<string, number>()
    const add = (key: string) => counts.set(key, (counts.get(key) ?? 0) + 1)
    const N = 9000
    for (let step = 0; step < N / 3; step++)
      for (const d of drawWindows(regions, plan, step)) {
        add(`${d.region.contig}${d.bin}`)
        add(`shift ${d.shiftBp}`)
        add(`reverse ${d.reverse}`)
      }
    const expected = (keys: string[]) =>
      keys.forEach(key => {
        const p = 1 / keys.length
        expect(Math.abs(counts.get(key)! - N * p), key).toBeLessThan(4 * Math.sqrt(N * p * (1 - p)))
      })
    const places = ['a0', 'a1', 'a2', 'a3', 'a4', 'a5', 'c0', 'c1', 'c2']
    expected(places)
    expected([-3, -2, -1, 0, 1, 2, 3].map(s => `shift ${s}`))
    expected(['reverse true', 'reverse false'])
    expect([...counts.keys()].filter(k => /^[abc]/.test(k)).sort()).toEqual(places)
  })
})

describe('fillBatch', () => {
  // Truth: the text of the bases, cut and encoded by oneHot; the other strand by reverseComplement; targets row by row.
  it('gives each window its bases and its bins, on either strand', () => {
    const draws = [
      { region: regions[0]!, bin: 2, shiftBp: -3, reverse: false },
      { region: regions[2]!, bin: 1, shiftBp: 2, reverse: true },
    ]
    const { sequences, targets } = fillBatch(draws, plan)
    draws.forEach((d, i) => {
      const first = MARGIN + (d.bin - 1) * 8 + d.shiftBp
      const expected = new Float32Array(48 * 4)
      oneHot(text(d.region).slice(first, first + 48), 'zeros', expected)
      if (d.reverse) reverseComplement(expected)
      expect(sequences.subarray(i * 192, (i + 1) * 192)).toEqual(expected)
      const rows = Array.from({ length: 4 }, (_, b) => [2 * (d.bin + b), 2 * (d.bin + b) + 1])
      const wanted = d.reverse ? rows.reverse().map(([x, y]) => [y, x]) : rows
      expect([...targets.subarray(i * 8, (i + 1) * 8)]).toEqual(wanted.flat())
    })
    expect(sequences.subarray(2 * 192).every(x => x === 0)).toBe(true)
  })
  it('reads zeros beyond what the region holds', () => {
    const cut = { ...regions[0]!, marginBp: 0 }
    const { sequences } = fillBatch([{ region: cut, bin: 0, shiftBp: 0, reverse: false }], { ...plan, batch: 1 })
    expect(sequences.subarray(0, 32).every(x => x === 0)).toBe(true)
    expect(sequences.subarray(32).some(x => x === 1)).toBe(true)
  })
  // Truth: as above. The region ends in N, which lies in both windows.
  it.each([false, true])('reads unknown bases as the model was trained, reverse %s', reverse => {
    const draw = { region: regions[2]!, bin: 2, shiftBp: 3, reverse }
    const first = MARGIN + 8 + 3
    const bases = text(draw.region).slice(first, first + 48)
    expect(bases).toContain('N')
    const expected = new Float32Array(48 * 4)
    oneHot(bases, 'quarter', expected)
    if (reverse) reverseComplement(expected)
    expect(fillBatch([draw], { ...plan, batch: 1, unknown: 'quarter' }).sequences).toEqual(expected)
  })
})

describe('tiledWindows', () => {
  it('lays whole windows edge to edge and leaves rests out', () => {
    expect(tiledWindows(regions, geometry).map(d => `${d.region.contig}${d.bin}`)).toEqual(['a0', 'a4', 'c0'])
  })
})
