import { describe, expect, it } from 'vitest'
import { SeededRandom } from '../../test-support/random.ts'
import { randomBases } from '../../test-support/track-model.ts'
import { featureCount, fitKmerRidge, type KmerSpans, kmerFeatures, otherStrand } from './kmerRidge.ts'
import { baseCode } from './oneHot.ts'
import type { TrackRegion } from './trackBatches.ts'

const BIN = 16
const SPANS: KmerSpans = { k: 2, flankK: 1, flankBp: 20, gcReachBp: [12] }

function region(seed: string, bins: number, targetOf: (own: string) => readonly [number, number]): TrackRegion {
  const marginBp = 24
  const bases = randomBases(bins * BIN + 2 * marginBp, seed)
  const targets = Array.from({ length: bins }, (_, b) => targetOf(bases.slice(marginBp + b * BIN, marginBp + (b + 1) * BIN))) // biome-ignore format: one thought
  return { contig: seed, start: 0, bins, codes: Uint8Array.from(bases, c => baseCode(c.charCodeAt(0))), marginBp, targets: Float32Array.from(targets.flat()) } // biome-ignore format: one thought
}
const text = (r: TrackRegion) => Array.from(r.codes, c => 'ACGTN'[c]).join('')
const share = (t: string, letters: string) => [...t].filter(c => letters.includes(c)).length / t.length

describe('kmerFeatures', () => {
  // Truth: substrings counted one by one.
  it('are shares of words in the bin and beside it, and of G and C around it', () => {
    const r = region('features', 3, () => [0, 0])
    const [all, width] = [text(r), featureCount(SPANS)]
    const x = kmerFeatures(r, BIN, SPANS)
    expect(width).toBe(4 + 16 + 4 + 4 + 1)
    for (let b = 0; b < 3; b++) {
      const from = r.marginBp + b * BIN
      const own = all.slice(from, from + BIN)
      const words = (t: string, k: number) => [...'ACGT'].flatMap(a => (k === 1 ? [a] : [...'ACGT'].map(c => a + c))).map(w => [...Array(t.length - k + 1).keys()].filter(i => t.startsWith(w, i)).length / t.length) // biome-ignore format: one thought
      const expected = [...words(own, 1), ...words(own, 2), ...words(all.slice(from - 20, from), 1), ...words(all.slice(from + BIN, from + BIN + 20), 1), share(all.slice(from + 8 - 12, from + 8 + 12), 'GC')] // biome-ignore format: one thought
      expected.forEach((e, j) => {
        expect(x[b * width + j], `bin ${b} feature ${j}`).toBeCloseTo(e, 12)
      })
    }
  })
  // Truth: turning a region round twice gives it back, and its words are those of the complement.
  it('of the other strand are those of the reversed complement', () => {
    const r = region('strand', 4, own => [share(own, 'A'), share(own, 'C')])
    const turned = otherStrand(r, [1, 0])
    const complement = [...text(r)]
      .reverse()
      .map(c => 'TGCA'['ACGT'.indexOf(c)])
      .join('')
    expect(text(turned)).toBe(complement)
    expect(turned.targets[0]).toBe(r.targets[3 * 2 + 1])
    expect(otherStrand(turned, [1, 0])).toEqual(r)
  })
})

describe('fitKmerRidge', () => {
  // Truth: targets that are linear in the features but for noise are found again on regions that were not seen.
  it('recovers a rule that is linear in its features', () => {
    const noise = new SeededRandom('ridge')
    const rule = (own: string) => [5 * share(own, 'G') + noise.normal(0, 0.02), 5 * share(own, 'C') + noise.normal(0, 0.02)] as const // biome-ignore format: one thought
    const fit = fitKmerRidge([region('one', 300, rule)], [region('two', 80, rule)], { binBp: BIN, strandPartners: [1, 0], spans: SPANS }) // biome-ignore format: one thought
    const unseen = region('three', 80, own => [5 * share(own, 'G'), 5 * share(own, 'C')])
    const predicted = fit.predict(unseen)
    const gap = Math.max(...predicted.map((p, i) => Math.abs(p - unseen.targets[i]!)))
    expect(gap).toBeLessThan(0.1)
    expect(fit.rows).toBe(600)
    expect(fit.tried.map(t => t.score)).toContain(Math.max(...fit.tried.map(t => t.score)))
  })
  it('refuses nothing to fit', () => {
    expect(() => fitKmerRidge([], [], { binBp: BIN, strandPartners: [0, 1] })).toThrow('no row')
  })
})
