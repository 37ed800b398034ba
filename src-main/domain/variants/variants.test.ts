import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { diplotypeChar } from '../../../src-shared/genome/diplotype.ts'
import { type Allele, planEdits } from './alleles.ts'
import { allelesOfDiplotype, allelesOfVariants } from './genotypes.ts'
import { type HaplotypeWindow, haplotypeWindow, referencePositions } from './haplotypeWindow.ts'
import { pushedOut, realignBins } from './realign.ts'

const allele = (start: number, reference: string, alternative: string): Allele => ({
  start,
  reference,
  alternative,
  id: '',
})
const made = (bases: string, from: number, alleles: readonly Allele[], start: number, end: number) =>
  haplotypeWindow(bases, from, planEdits(alleles, bases, from).edits, start, end) as HaplotypeWindow

//                  0         1         2
//                  012345678901234567890123
const REFERENCE = 'ACGTACGGTTAACCGGATCGATCG'

describe('putting alleles onto a reference', () => {
  // Truth: the sequences written by hand.
  it.each([
    ['a substitution', [allele(5, 'C', 'T')], 'ACGTATGGTTAACCGGATCGATCG'],
    ['several bases replaced', [allele(4, 'ACG', 'TTT')], 'ACGTTTTGTTAACCGGATCGATCG'],
    ['an insertion as VCF writes it', [allele(5, 'C', 'CAAA')], 'ACGTACAAAGGTTAACCGGATCGATCG'],
    ['a deletion as VCF writes it', [allele(5, 'CGG', 'C')], 'ACGTACTTAACCGGATCGATCG'],
    ['a replacement by more', [allele(5, 'CG', 'TAA')], 'ACGTATAAGTTAACCGGATCGATCG'],
    [
      'a deletion and a change of the base it is anchored on',
      [allele(5, 'CGG', 'C'), allele(5, 'C', 'A')],
      'ACGTAATTAACCGGATCGATCG',
    ],
    ['an insertion before a change', [allele(5, 'C', 'CT'), allele(6, 'G', 'A')], 'ACGTACTAGTTAACCGGATCGATCG'],
    ['deletion of one base without an anchor', [allele(5, 'C', '')], 'ACGTAGGTTAACCGGATCGATCG'],
  ])('%s', (_what, alleles, expected) => {
    const { edits, skipped } = planEdits(alleles, REFERENCE, 0)
    expect(skipped).toEqual([])
    let out = REFERENCE
    for (const e of edits.toReversed())
      out = out.slice(0, e.start) + e.alternative + out.slice(e.start + e.reference.length)
    expect(out).toBe(expected)
    // The window over as many bases shows the same, around the base that keeps its place.
    const w = made(`NNNNNNNN${REFERENCE}NNNNNNNN`, -8, alleles, 0, 24)
    expect(w.bases.length).toBe(24)
    expect(`NNNNNNNN${expected}NNNNNNNN`).toContain(w.bases)
    expect(w.bases[12]).toBe(REFERENCE[12])
  })

  it('the first of two alleles that change the same bases wins; the other is listed', () => {
    const { edits, skipped } = planEdits(
      [allele(5, 'CGG', 'C'), allele(6, 'G', 'A'), allele(9, 'T', 'TA'), allele(9, 'T', 'TC')],
      REFERENCE,
      0,
    )
    expect(edits.map(e => [e.start, e.reference, e.alternative])).toEqual([
      [6, 'GG', ''],
      [10, '', 'A'],
    ])
    expect(skipped.map(s => [s.allele.start, s.reason])).toEqual([
      [6, 'overlap'],
      [9, 'overlap'],
    ])
  })

  it('an allele whose REF is not the reference is listed, not applied', () => {
    const { edits, skipped } = planEdits(
      [allele(5, 'A', 'T'), allele(6, 'G', '<DEL>'), allele(7, 'g', 't')],
      REFERENCE,
      0,
    )
    expect(edits.map(e => [e.start, e.alternative])).toEqual([[7, 'T']])
    expect(skipped.map(s => s.reason)).toEqual(['ref-mismatch', 'not-bases'])
  })

  it('says how much reference is missing to fill a window', () => {
    const { edits } = planEdits([allele(12, 'CCGG', 'C')], REFERENCE, 0)
    expect(haplotypeWindow(REFERENCE, 0, edits, 0, 24)).toEqual({ before: 0, after: 3 })
    expect(haplotypeWindow(REFERENCE, 4, [], 0, 8)).toEqual({ before: 4, after: 0 })
  })

  it('the middle base is deleted: the first base after it that is there takes its place', () => {
    const w = made(`${REFERENCE}NNNN`, 0, [allele(11, 'ACCG', 'A')], 4, 20)
    expect(w.bases[8]).toBe(REFERENCE[15])
    expect(referencePositions(w)[8]).toBe(15)
  })

  const edit = fc.record({ gap: fc.integer({ min: 1, max: 9 }), del: fc.integer({ min: 0, max: 5 }), ins: fc.string({ unit: fc.constantFrom('A', 'C', 'G', 'T'), maxLength: 6 }) }) // biome-ignore format: one line
  // Round trip: aligned bases that no edit touched are the reference's at the positions that the map names; order never turns.
  it('every base of a window comes from where its map says', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom('A', 'C', 'G', 'T'), minLength: 400, maxLength: 400 }),
        fc.array(edit, { maxLength: 30 }),
        (bases, list) => {
          const alleles: Allele[] = []
          let at = 3
          for (const { gap, del, ins } of list) {
            at += gap
            if (at + del + 1 > 380) break
            alleles.push(allele(at, bases.slice(at, at + del + 1), bases[at] + ins))
            at += del + 1
          }
          const w = made(`${'N'.repeat(200)}${bases}${'N'.repeat(200)}`, -200, alleles, 100, 300)
          expect(w.bases.length).toBe(200)
          const positions = referencePositions(w)
          expect(w.runs.reduce((n, r) => n + r.length, 0)).toBe(200)
          const touched = new Set(
            planEdits(alleles, bases, 0).edits.flatMap(e =>
              Array.from({ length: e.reference.length }, (_, i) => e.start + i),
            ),
          )
          let last = Number.NEGATIVE_INFINITY
          positions.forEach((p, i) => {
            if (p === -1) return
            expect(p).toBeGreaterThan(last)
            last = p
            if (p >= 0 && p < 400 && !touched.has(p)) expect(w.bases[i]).toBe(bases[p])
          })
        },
      ),
      { numRuns: 200 },
    )
  })
})

describe('genotypes', () => {
  const columns = (
    gt: readonly (readonly [number, number, number, number])[],
    alternatives: readonly (readonly string[])[],
  ) => ({
    count: gt.length,
    starts: Int32Array.from(gt, (_, i) => 10 * i),
    ids: gt.map(() => ''),
    references: gt.map(() => 'A'),
    alternatives,
    genotypes: {
      first: Int16Array.from(gt, g => g[0]),
      second: Int16Array.from(gt, g => g[1]),
      ploidy: Uint8Array.from(gt, g => g[2]),
      phased: Uint8Array.from(gt, g => g[3]),
    },
  })
  it('phased, unphased, haploid, missing and symbolic alleles go where the rule says', () => {
    const v = columns([[0, 1, 2, 1], [1, 0, 2, 0], [1, -1, 1, 0], [-1, -1, 2, 0], [1, 2, 2, 1], [1, 1, 2, 0], [1, 0, 2, 1]], [['C'], ['C'], ['G'], ['C'], ['T', 'AT'], ['<DEL>'], ['*']]) // biome-ignore format: one line
    const shown = (h: 0 | 1) => allelesOfVariants(v, h).alleles.map(a => `${a.start}${a.alternative}`)
    expect(shown(0)).toEqual(['10C', '20G', '40T'])
    expect(shown(1)).toEqual(['0C', '20G', '40AT'])
    expect(allelesOfVariants(v, 0)).toMatchObject({ unphased: 1, missing: 1, notBases: 1 })
  })
  it('of a diplotype the reference allele is on haplotype 0, the other on 1; insertions lose their bases', () => {
    const characters = ['A', diplotypeChar('C', 'T'), diplotypeChar('DEL', 'G'), diplotypeChar('C', 'C'), 'N', diplotypeChar('A', 'AI'), diplotypeChar('C', 'G')].join('') // biome-ignore format: one line
    const bases = 'ACGTAAA'
    const shown = (h: 0 | 1) => allelesOfDiplotype(characters, bases, 100, h).alleles.map(a => `${a.start}${a.reference}>${a.alternative}`) // biome-ignore format: one line
    expect(shown(0)).toEqual(['103T>C', '106A>C'])
    expect(shown(1)).toEqual(['101C>T', '102G>', '103T>C', '106A>G'])
    expect(allelesOfDiplotype(characters, bases, 100, 1)).toMatchObject({ unphased: 4, missing: 1, notBases: 1 })
  })
})

describe('back to reference bins', () => {
  const run = (at: number, length: number, reference: number, inserted = false) => ({ at, length, reference, inserted })
  it('without variants is what it was, to the bit', () => {
    const values = Float32Array.from([0.1, 0.7, 1 / 3, 9])
    const { values: out, gap } = realignBins(
      { runs: [run(0, 16, 100)], values, columns: 1, firstBase: 0, binBp: 4 },
      100,
      4,
    )
    expect(out).toEqual(values)
    expect([...gap]).toEqual([0, 0, 0, 0])
  })
  // Truth: means written by hand.
  it('a deletion of a whole bin leaves a gap and pulls the following bins back', () => {
    // Reference bins of 4 at 0, 4, 8, 12; 4..7 deleted: haplotype bases 4.. are reference 8..
    const { values, gap } = realignBins(
      { runs: [run(0, 4, 0), run(4, 12, 8)], values: Float32Array.of(1, 2, 3, 4), columns: 1, firstBase: 0, binBp: 4 },
      0,
      5,
    )
    expect([...values]).toEqual([1, Number.NaN, 2, 3, 4])
    expect([...gap]).toEqual([0, 1, 0, 0, 0])
  })
  it('inserted bases count to the reference base on their left; a shifted bin is the mean of its bases', () => {
    // Two bases inserted before reference 4: they belong to base 3, bin 0.
    const { values } = realignBins(
      {
        runs: [run(0, 4, 0), run(4, 2, 4, true), run(6, 6, 4)],
        values: Float32Array.of(1, 10, 100),
        columns: 1,
        firstBase: 0,
        binBp: 4,
      },
      0,
      3,
    )
    expect([...values]).toEqual([(4 * 1 + 2 * 10) / 6, (2 * 10 + 2 * 100) / 4, 100].map(Math.fround))
  })
  it('insertions push whole bins out of the ends, and it is seen', () => {
    // A window of 24 bases from reference 0 on answers for 8 of them, from the 9th on: 6 inserted before reference 10 push 12 to 15 out.
    const stretch = { firstBase: 8, bases: 8 }
    const inserted = [run(0, 10, 0), run(10, 6, 10, true), run(16, 8, 10)]
    expect(pushedOut(inserted, stretch, 8, 2, 4)).toEqual({ left: false, right: true })
    expect(pushedOut([run(0, 24, 0)], stretch, 8, 2, 4)).toEqual({ left: false, right: false })
    // Without a crop the window itself ends before them; deleted bins are no such case.
    expect(pushedOut([run(0, 4, 0), run(4, 4, 4, true)], { firstBase: 0, bases: 8 }, 0, 2, 4)).toEqual({ left: false, right: true }) // biome-ignore format: one line
    expect(pushedOut([run(0, 8, 0), run(8, 16, 12)], stretch, 8, 2, 4)).toEqual({ left: false, right: false })
  })
  it('only answers for what the haplotype bins cover', () => {
    const { gap } = realignBins(
      { runs: [run(0, 12, 0)], values: Float32Array.of(5, 6), columns: 1, firstBase: 4, binBp: 4 },
      0,
      4,
    )
    expect([...gap]).toEqual([1, 0, 0, 1])
  })
})
