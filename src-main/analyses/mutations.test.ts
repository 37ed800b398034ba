import { describe, expect, it } from 'vitest'
import type { EffectScore } from '../../src-shared/genome/scan.ts'
import { SeededRandom } from '../../test-support/random.ts'
import { spearman } from '../domain/statistics/spearman.ts'
import { attributionPeaks, firstOrderEffects, gradientTimesInput } from './attribution.ts'
import { EffectScorer } from './mutationScores.ts'
import { centredWindow, mutationsOf, nearestFirst, planScan } from './scanPlan.ts'
import { compareEffects, sampleOf } from './scanVerification.ts'
import { alleleProblem, drawnIn, substitution, withAllele } from './variantEffect.ts'

/** Three bins of two columns. */
const ref = Float32Array.of(1, 10, 2, 20, 3, 30)
const alt = Float32Array.of(1, 11, 5, 20, 1, 30)
const part = { width: 2, columns: [0, 1], first: 0, count: 3 }
const score = (name: EffectScore, more = {}, of = part) => new EffectScorer(ref, of, { score: name, ...more })

// Truth: worked out by hand from the definitions.
describe('scores', () => {
  it('sad sums the differences, or takes their mean', () => {
    expect([...score('sad').score(alt)]).toEqual([1, 1])
    expect([...score('sad', { mean: true }).score(alt)]).toEqual([1 / 3, 1 / 3])
  })
  it('sar sums differences of log2(1 + x)', () => {
    const [a, b] = score('sar').score(alt)
    expect(a).toBeCloseTo(Math.log2(6) - Math.log2(3) + Math.log2(2) - Math.log2(4), 12)
    expect(b).toBeCloseTo(Math.log2(12) - Math.log2(11), 12)
  })
  it('logfold compares the sums', () => {
    const [a, b] = score('logfold').score(alt)
    expect(a).toBeCloseTo(Math.log2(8 / 7), 12)
    expect(b).toBeCloseTo(Math.log2(62 / 61), 12)
  })
  it('absmax keeps the sign and tells the bin', () => {
    const scorer = score('absmax')
    expect([...scorer.score(alt)]).toEqual([3, 1])
    expect([...scorer.bins]).toEqual([1, 0])
  })
  it('a group is scored as its mean track', () => {
    expect([...score('sad', { groupMean: true }).score(alt)]).toEqual([1])
    expect(score('sar', { groupMean: true }).score(alt)[0]).toBeCloseTo(Math.log2(7) - Math.log2(6.5) + Math.log2(13.5) - Math.log2(12) + Math.log2(16.5) - Math.log2(17.5), 12) // biome-ignore format: one sum
  })
  it('only the scored bins and the columns asked for count', () => {
    expect([...score('sad', {}, { ...part, first: 1, count: 2 }).score(alt)]).toEqual([1, 0])
    expect([...score('sad', {}, { ...part, columns: [1] }).score(alt)]).toEqual([1])
  })
  it('what is not a number is refused, with what to do', () => {
    expect(() => new EffectScorer(Float32Array.of(0), { width: 1, columns: [0], first: 0, count: 1 }, { score: 'sar' }).score(Float32Array.of(-1))).toThrow(/above -1/) // biome-ignore format: one line
    expect(() => score('sad').score(alt.map(v => v / 0))).toThrow(/not finite/)
  })
  // Mirror: at random predictions.
  it.each(['sad', 'sar', 'logfold', 'absmax'] as EffectScore[])(
    '%s: swapped alleles turn the sign; a base to itself is exactly 0; a column stands alone',
    name => {
      // biome-ignore format: one line
      const random = new SeededRandom(name)
      const drawn = () => Float32Array.from({ length: 400 }, () => 3 * random.next())
      const of = { width: 4, columns: [0, 1, 2, 3], first: 3, count: 90 }
      const [a, b] = [drawn(), drawn()]
      const there = new EffectScorer(a, of, { score: name }).score(b)
      const back = new EffectScorer(b, of, { score: name }).score(a)
      for (const [t, v] of there.entries()) expect(back[t]).toBeCloseTo(-v, 10)
      expect([...new EffectScorer(a, of, { score: name }).score(a.slice())]).toEqual([0, 0, 0, 0])
      const alone = new EffectScorer(a, { ...of, columns: [2] }, { score: name }).score(b)
      expect(alone[0]).toBe(there[2])
    },
  )
})

describe('where a scan looks', () => {
  const geometry = { windowBp: 196_608, binBp: 128, bins: 896, cropBins: 320 }
  const at = (start: number, end: number) => ({ contig: 'c', start, end })
  it('the base right of the middle of an even window is the variant', () => {
    const window = centredWindow(at(1_000_000, 1_000_001), geometry)
    expect(1_000_000 - window.start).toBe(98_304)
    expect(window.end - window.start).toBe(196_608)
  })
  it('the region lies where the prediction of the region has it', () => {
    const plan = planScan(at(500_000, 500_200), geometry, { kind: 'all' })
    expect(plan.region.end - plan.region.start).toBe(200)
    expect(plan.window.start + plan.region.start).toBe(500_000)
    expect(plan.answered).toEqual({ contig: 'c', start: plan.window.start + 320 * 128, end: plan.window.end - 320 * 128 }) // biome-ignore format: one line
    expect(plan.bins).toEqual({ first: 0, count: 896 })
  })
  it('scored bins are those that an interval touches', () => {
    const plan = planScan(at(500_000, 500_200), geometry, { kind: 'interval', interval: at(500_000, 500_200) })
    const first = plan.answered.start + plan.bins.first * 128
    expect(first).toBeLessThanOrEqual(500_000)
    expect(first + 128).toBeGreaterThan(500_000)
    expect(first + plan.bins.count * 128).toBeGreaterThanOrEqual(500_200)
    expect(plan.bins.count).toBeLessThanOrEqual(3)
    expect(planScan(at(5, 6), geometry, { kind: 'centre', count: 2 }).bins).toEqual({ first: 447, count: 2 })
  })
  it('refuses what it cannot score', () => {
    expect(() => planScan(at(0, 200_000), geometry, { kind: 'all' })).toThrow(/longer than the model's window/)
    expect(() => planScan(at(0, 10), geometry, { kind: 'interval', interval: at(900_000, 900_001) })).toThrow(/outside/)
    expect(() => planScan(at(0, 10), geometry, { kind: 'interval', interval: { ...at(0, 10), contig: 'd' } })).toThrow(/outside/) // biome-ignore format: one line
    expect(() => planScan(at(0, 10), geometry, { kind: 'centre', count: 897 })).toThrow(/not among the 896/)
    expect(() => planScan(at(0, 10), geometry, { kind: 'bins', first: 890, count: 7 })).toThrow(/bins 890 to 896/)
  })
  it('three alternatives a position, in order; none for N and for what is not there', () => {
    expect(mutationsOf('CNaG', [7, 8, 9, -1])).toEqual([
      { position: 7, base: 0, cell: 0 },
      { position: 7, base: 2, cell: 2 },
      { position: 7, base: 3, cell: 3 },
      { position: 9, base: 1, cell: 9 },
      { position: 9, base: 2, cell: 10 },
      { position: 9, base: 3, cell: 11 },
    ])
  })
  it('the nearest positions come first', () => {
    const all = mutationsOf('AAAAA', [10, 11, 12, 13, 14])
    expect([...new Set(nearestFirst(all, 12).map(m => m.position))]).toEqual([12, 11, 13, 10, 14])
    expect(nearestFirst(all, 12)).toHaveLength(15)
    expect([...new Set(nearestFirst(all, 12, 4).map(m => m.position))]).toEqual([12, 13, 14, 11, 10])
    expect([...new Set(nearestFirst(all, 11, 4).map(m => m.position))]).toEqual([11, 10, 12, 13, 14])
  })
})

describe('verification', () => {
  // Truth: ranks 1, 2.5, 2.5, 4 against 1, 2, 3, 4: r = 4.5 / sqrt(4.5 · 5).
  it('ranks ties by their mean', () => expect(spearman([1, 2, 2, 3], [1, 2, 3, 4])).toBeCloseTo(4.5 / Math.sqrt(22.5), 12)) // biome-ignore format: one line
  it('tells the largest differences', () => {
    const v = compareEffects([1, 2.02, 3e-6], [1, 2, 1e-6], 2, 3)
    expect(v.maxDifference).toBeCloseTo(0.02, 12)
    expect(v.maxRelative).toBeCloseTo(0.01, 12)
    expect(v.spearman).toBeCloseTo(1, 12)
  })
  it('what is not a number does not agree', () => {
    expect(compareEffects([Number.NaN], [1], 1, 1).maxDifference).toBeNaN()
  })
  it('samples without replacement, the same for a seed', () => {
    const list = Array.from({ length: 50 }, (_, i) => i)
    const drawn = sampleOf(list, 7, 3)
    expect(new Set(drawn).size).toBe(7)
    expect(sampleOf(list, 7, 3)).toEqual(drawn)
    expect(sampleOf(list, 99, 3)).toEqual(list)
  })
})

describe('attribution', () => {
  const gradient = Float32Array.of(1, 2, 3, 4, 5, 6, 7, 8, 9, 9, 9, 9)
  const sequence = Float32Array.of(0, 1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0)
  it('is the gradient at the base that is there', () => expect([...gradientTimesInput(gradient, sequence)]).toEqual([2, 8, 0])) // biome-ignore format: one line
  it('first-order effects are differences from it', () => {
    expect([...firstOrderEffects(gradient, sequence)].slice(0, 8)).toEqual([-1, 0, 1, 2, -3, -2, -1, 0])
    expect([...firstOrderEffects(gradient, sequence)].slice(8).every(Number.isNaN)).toBe(true)
  })
  // Truth: a planted motif in weak noise.
  it('finds a planted motif, once', () => {
    const random = new SeededRandom('peaks')
    const values = Float32Array.from({ length: 500 }, (_, i) => 0.1 * random.normal(0, 1) + (i >= 200 && i < 210 ? 2 : 0)) // biome-ignore format: one line
    const bases = Array.from({ length: 500 }, () => 'ACGT'[random.integer(0, 4)]).join('')
    const [first, ...others] = attributionPeaks(values, bases, 1000)
    expect(first).toMatchObject({ start: 1200, end: 1210, bases: bases.slice(200, 210) })
    expect(first!.sum).toBeCloseTo(20, 0)
    expect(others.every(p => p.end <= 1200 || p.start >= 1210)).toBe(true)
    expect(attributionPeaks(new Float32Array(30), 'A'.repeat(30), 0)).toEqual([])
  })
})

describe('alleles', () => {
  const problem = (refBases: string, altBases: string, own = refBases, position = 10, length: number | undefined = 100) => alleleProblem({ position, ref: refBases, alt: altBases }, length, own, 20)?.state // biome-ignore format: one line
  it.each([
    ['A', 'C', undefined],
    ['a', 'C', undefined],
    ['A', '*', 'star'],
    ['A', '<DEL>', 'symbolic'],
    ['A', 'A[chr2:4[', 'symbolic'],
    ['A', '.', 'symbolic'],
    ['N', 'C', 'unknown-bases'],
    ['A', 'R', 'unknown-bases'],
    ['A', 'C'.repeat(21), 'too-long'],
  ])('%s > %s', (a, b, state) => expect(problem(a, b)).toBe(state))
  it('REF must be the reference', () => {
    expect(problem('A', 'C', 'G')).toBe('ref-mismatch')
    expect(problem('A', 'C', 'A', 99)).toBe(undefined)
    expect(problem('A', 'C', 'A', 100)).toBe('off-contig')
    expect(problem('A', 'C', 'A', -1)).toBe('off-contig')
    expect(alleleProblem({ position: 1, ref: 'A', alt: 'C' }, undefined, '', 20)?.state).toBe('off-contig')
  })
  it('one changed base is a substitution, also among others', () => {
    expect(substitution({ position: 0, ref: 'ACG', alt: 'ACt' })).toEqual({ offset: 2, base: 3 })
    expect(substitution({ position: 0, ref: 'ACG', alt: 'CCT' })).toBeUndefined()
    expect(substitution({ position: 0, ref: 'A', alt: 'AC' })).toBeUndefined()
  })
  // Truth: written out by hand.
  it('insertions and deletions keep their left', () => {
    const wide = 'ACGTACGTAC' // a window of 8 and two more
    const deletion = { position: 0, ref: 'GTA', alt: 'G' }
    expect(drawnIn(deletion)).toBe(2)
    expect(withAllele(wide, 8, 2, deletion)).toBe('ACGCGTAC')
    expect(withAllele(wide.slice(0, 8), 8, 2, { position: 0, ref: 'G', alt: 'GTT' })).toBe('ACGTTTAC')
  })
})
