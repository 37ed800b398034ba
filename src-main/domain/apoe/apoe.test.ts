import { describe, expect, it } from 'vitest'
import {
  APOE_SITES,
  APOE_THRESHOLDS,
  type ApoeReport,
  type ApoeSite,
  type Base,
  DIPLOTYPES,
  type Diplotype,
  HAPLOTYPE_BASES,
  type Haplotype,
  SITE_POSITION,
} from '../../../src-shared/genome/apoe.ts'
import type { ColumnDetail } from '../../../src-shared/genome/pileup.ts'
import { madeColumn, madeColumns } from '../../../test-support/apoe-columns.ts'
import { siteEvidence } from './evidence.ts'
import { alleleFrequencies, rank } from './likelihood.ts'
import { oddsRatiosOf } from './oddsRatios.ts'
import { type ApoeSubject, typeApoe } from './result.ts'

const SUBJECT: ApoeSubject = {
  build: 'GRCh38',
  buildConfirmed: true,
  samples: ['S1'],
  fileName: 'made',
  synthetic: false,
  geneReads: { reads: 0, spliced: 0 },
  rna: false,
}

function answer(
  columns: Record<ApoeSite, ColumnDetail>,
  subject: Partial<ApoeSubject> = {},
  thresholds = APOE_THRESHOLDS,
): ApoeReport {
  const evidence = {
    rs429358: siteEvidence(columns.rs429358, thresholds),
    rs7412: siteEvidence(columns.rs7412, thresholds),
  }
  return typeApoe(evidence, { ...SUBJECT, ...subject }, thresholds)
}

describe('worked examples (an independent script; base quality 30)', () => {
  type Row = [string, Partial<Record<Base, number>>, Partial<Record<Base, number>>, string[], [number, number], string, string, number] // biome-ignore format: a table
  const rows: Row[] = [
    ['20 T, 20 C', { T: 20 }, { C: 20 }, [], [65.0, 67.8], 'e3/e3', 'unambiguous', 62.7],
    ['12 T 8 C, 20 C', { T: 12, C: 8 }, { C: 20 }, [], [99, 67.8], 'e3/e4', 'unambiguous', 70.0],
    ['both het, no span', { T: 10, C: 10 }, { C: 10, T: 10 }, [], [99, 99], 'e2/e4', 'assumed', 21.6],
    ['+ 3 T-T, 3 C-C', { T: 10, C: 10 }, { C: 10, T: 10 }, ['TT', 'TT', 'TT', 'CC', 'CC', 'CC'], [99, 99], 'e2/e4', 'read-backed', 99], // biome-ignore format: a table
    ['+ 1 C-T, 1 T-C', { T: 10, C: 10 }, { C: 10, T: 10 }, ['CT', 'TC'], [99, 99], 'e1/e3', 'read-backed', 23.4],
    ['8 T, 8 C', { T: 8 }, { C: 8 }, [], [28.9, 31.7], 'e3/e3', 'unambiguous', 26.6],
    ['4 T, 4 C', { T: 4 }, { C: 4 }, [], [17.0, 19.7], 'low-depth', 'none', 14.7],
    ['11 T 1 C, 20 C', { T: 11, C: 1 }, { C: 20 }, [], [7.1, 67.8], 'low-quality', 'none', 6.8],
  ]
  it.each(rows)('%s', (_title, first, second, spanning, qualities, expected, phase, confidence) => {
    const made = answer(madeColumns(first, second, spanning))
    expect(made.genotype ?? made.noCall?.code).toBe(expected)
    expect(made.phase).toBe(phase)
    expect(Math.abs(made.confidence - confidence)).toBeLessThanOrEqual(0.1)
    expect(Math.abs(made.sites.rs429358.quality - qualities[0])).toBeLessThanOrEqual(0.1)
    expect(Math.abs(made.sites.rs7412.quality - qualities[1])).toBeLessThanOrEqual(0.1)
  })
})

describe('the table of diplotypes', () => {
  // The table as published: rows rs429358, columns rs7412.
  const table: Record<string, Record<string, Diplotype | undefined>> = {
    'T/T': { 'C/C': 'e3/e3', 'C/T': 'e2/e3', 'T/T': 'e2/e2' },
    'C/T': { 'C/C': 'e3/e4', 'C/T': undefined, 'T/T': 'e1/e2' },
    'C/C': { 'C/C': 'e4/e4', 'C/T': 'e1/e4', 'T/T': 'e1/e1' },
  }
  const half = (genotype: string): Partial<Record<Base, number>> => {
    const [a, b] = genotype.split('/') as [Base, Base]
    return a === b ? { [a]: 60 } : { [a]: 30, [b]: 30 }
  }
  for (const [first, row] of Object.entries(table))
    for (const [second, expected] of Object.entries(row))
      it(`${first} with ${second} is ${expected ?? 'e2/e4 by the prior, or e1/e3 by the reads'}`, () => {
        const made = answer(madeColumns(half(first), half(second)))
        expect(made.genotype).toBe(expected ?? 'e2/e4')
        expect(made.phase).toBe(expected ? 'unambiguous' : 'assumed')
        expect(made.sites.rs429358.genotype).toBe(first)
        expect(made.sites.rs7412.genotype).toBe(second)
      })

  it('knows ten diplotypes, the lower number first', () => {
    expect(DIPLOTYPES).toEqual([
      'e1/e1',
      'e1/e2',
      'e1/e3',
      'e1/e4',
      'e2/e2',
      'e2/e3',
      'e2/e4',
      'e3/e3',
      'e3/e4',
      'e4/e4',
    ])
  })

  it('finds each of the ten when every fragment spans', () => {
    for (const diplotype of DIPLOTYPES) {
      const [h, g] = diplotype.split('/') as [Haplotype, Haplotype]
      const spanning = Array.from({ length: 30 }, (_, i) => HAPLOTYPE_BASES[i % 2 ? h : g].join(''))
      const made = answer(madeColumns({}, {}, spanning))
      expect(made.genotype).toBe(diplotype)
      const double = diplotype === 'e1/e3' || diplotype === 'e2/e4'
      expect(made.phase).toBe(double ? 'read-backed' : 'unambiguous')
      expect(made.e4Dosage).toBeCloseTo(diplotype.split('e4').length - 1, 3)
      expect(made.posterior[diplotype]).toBeGreaterThan(0.999)
    }
  })
})

describe('evidence', () => {
  it('caps base quality at 40 and at the mapping quality, except the unknown 255', () => {
    const column = madeColumn('rs7412', [
      { name: 'a', base: 'C', quality: 37, resolved: 74 },
      { name: 'b', base: 'C', quality: 37, mappingQuality: 25 },
      { name: 'c', base: 'C', quality: 37, mappingQuality: 255 },
      { name: 'd', base: 'C', quality: 255, mappingQuality: 60 },
    ])
    const evidence = siteEvidence(column, APOE_THRESHOLDS)
    expect([...evidence.fragments.values()].map(s => s.quality)).toEqual([40, 25, 37, 40])
    expect(evidence.withoutQualities).toBe(1)
  })

  it('gives at most one base a fragment: the best, and none where different bases tie, in any order', () => {
    const reads = [
      { name: 'x', base: 'C', quality: 30 },
      { name: 'x', base: 'T', quality: 30 },
      { name: 'y', base: 'C', quality: 20 },
      { name: 'y', base: 'T', quality: 35 },
      { name: 'z', base: 'C', quality: 30 },
      { name: 'z', base: 'T', quality: 30 },
      { name: 'z', base: 'T', quality: 33 },
      { name: 'w', base: 'C', quality: 25 },
      { name: 'w', base: 'C', quality: 25 },
    ]
    for (const order of [reads, [...reads].reverse()]) {
      const { fragments, counts, depth } = siteEvidence(madeColumn('rs429358', order), APOE_THRESHOLDS)
      expect(Object.fromEntries(fragments)).toEqual({
        y: { base: 'T', quality: 35 },
        z: { base: 'T', quality: 33 },
        w: { base: 'C', quality: 25 },
      })
      expect(counts).toEqual({ A: 0, C: 5, G: 0, T: 4 }) // counts stay those of the pileup
      expect(depth).toBe(9)
    }
  })

  it('leaves gaps out of the depth, keeps other letters in it, and says why reads do not count', () => {
    const column = madeColumn('rs429358', [
      { name: 'a', base: 'T' },
      { name: 'b', base: 'N' },
      { name: 'c', base: '*' },
      { name: 'd', base: '>' },
      { name: 'e', base: 'C', fate: 'duplicate' },
      { name: 'f', base: 'C', fate: 'mapping-quality' },
      { name: 'g', base: 'C', quality: 5, counted: false },
      { name: 'a', base: 'T', quality: 30, resolved: 0, counted: false, flag: 16 },
      { name: 'h', base: 'C', flag: 16 },
    ])
    const made = siteEvidence(column, APOE_THRESHOLDS)
    expect(made.depth).toBe(3)
    expect(made.otherLetters).toBe(1)
    expect([made.deletions, made.refskips, made.segments]).toEqual([1, 1, 7])
    expect(made.removed).toEqual({ duplicate: 1, 'mapping-quality': 1, 'base-quality': 1, overlap: 1 })
    expect(made.strands.forward).toEqual({ A: 0, C: 0, G: 0, T: 1 })
    expect(made.strands.reverse).toEqual({ A: 0, C: 1, G: 0, T: 0 })
    expect(made.fragments.size).toBe(2)
  })
})

describe('likelihood', () => {
  it('takes the allele frequencies from the haplotypes', () => {
    expect(alleleFrequencies('rs429358')['C']).toBeCloseTo(0.14 * 0.9998, 12)
    expect(alleleFrequencies('rs7412')['T']).toBeCloseTo(0.0801 * 0.9998, 12)
    for (const site of APOE_SITES) {
      const sum = Object.values(alleleFrequencies(site)).reduce((a, b) => a + b, 0)
      expect(sum).toBeCloseTo(1, 12)
    }
  })

  it('takes a base of quality 0 as no evidence, never as evidence against itself', () => {
    const lax = { ...APOE_THRESHOLDS, minMappingQuality: 0, minBaseQuality: 0 }
    const nothing = madeColumns({}, {})
    const worthless = { ...nothing, rs429358: madeColumn('rs429358', [{ name: 'x', base: 'C', mappingQuality: 0 }]) }
    expect(answer(worthless, {}, lax).posterior).toEqual(answer(nothing, {}, lax).posterior)
    // Without any evidence the posterior is the prior in Hardy-Weinberg proportion.
    expect(answer(nothing).posterior['e3/e3']).toBeCloseTo(0.78 ** 2, 6)
    expect(answer(nothing).posterior['e3/e4']).toBeCloseTo(2 * 0.78 * 0.1399, 6)
  })

  it('ranks by log-sum-exp without losing tiny remainders', () => {
    const made = rank([
      ['a', -1000],
      ['b', -1000 + Math.log(1e-7)],
      ['c', -5000],
    ] as const)
    expect(made.best).toBe('a')
    expect(made.quality).toBeCloseTo(70, 5)
    expect(
      rank([
        ['a', 0],
        ['b', -Infinity],
      ] as const).quality,
    ).toBe(99)
  })

  it('does not depend on the order of reads, to the last bit', () => {
    const columns = madeColumns({ T: 13, C: 9 }, { C: 11, T: 7 }, ['TT', 'CC', 'TC', 'TT', 'CC'])
    const mixed = (column: ColumnDetail): ColumnDetail => {
      const order = column.names.map((_, i) => i).sort((a, b) => ((a * 7919) % 31) - ((b * 7919) % 31))
      const pick = (values: ArrayLike<number>) => order.map(i => values[i]!)
      return {
        ...column,
        names: order.map(i => column.names[i]!),
        bases: order.map(i => column.bases[i]!).join(''),
        qualities: Uint8Array.from(pick(column.qualities)),
        resolvedQualities: Uint8Array.from(pick(column.resolvedQualities)),
        mappingQualities: Uint8Array.from(pick(column.mappingQualities)),
        flags: Uint16Array.from(pick(column.flags)),
        fates: Uint8Array.from(pick(column.fates)),
        counted: Uint8Array.from(pick(column.counted)),
      }
    }
    const shuffled = { rs429358: mixed(columns.rs429358), rs7412: mixed(columns.rs7412) }
    expect(JSON.stringify(answer(shuffled))).toBe(JSON.stringify(answer(columns)))
  })
})

describe('no call, in its order', () => {
  it('not-covered names the site and what removed the reads', () => {
    const columns = madeColumns({ T: 20 }, {})
    const made = answer({
      ...columns,
      rs7412: madeColumn('rs7412', Array.from({ length: 5 }, (_, i) => ({ name: `m${i}`, base: 'C', mappingQuality: 0, fate: 'mapping-quality' as const }))), // biome-ignore format: one line
    })
    expect(made.noCall).toMatchObject({ code: 'not-covered' })
    expect(made.noCall!.message).toContain('0 reads count at rs7412 (not counted: 5 mapping-quality)')
    expect([made.genotype, made.phase, made.oddsRatios.length]).toEqual([null, 'none', 0])
    expect(made.sites.rs7412).toMatchObject({ depth: 0, genotype: null, quality: 0 })
    expect(made.sites.rs429358).toMatchObject({ depth: 20, genotype: 'T/T' })
  })

  it('conflict: a base that is no allele of the site', () => {
    const made = answer(madeColumns({ A: 20 }, { C: 3 }))
    expect(made.noCall!.code).toBe('conflict') // before low-depth
    expect(made.noCall!.message).toContain('A/A')
  })

  it('conflict: a third base with 4 reads and 20 %, not with less', () => {
    expect(answer(madeColumns({ T: 10, C: 10, G: 6 }, { C: 20 })).noCall!.code).toBe('conflict')
    expect(answer(madeColumns({ T: 20, C: 20, G: 4 }, { C: 20 })).genotype).toBe('e3/e4')
    expect(answer(madeColumns({ T: 5, C: 5, G: 3 }, { C: 20 })).noCall?.code).not.toBe('conflict')
  })

  it('conflict: three haplotypes among at least ten spanning fragments', () => {
    const many = (n: number, pair: string) => Array.from({ length: n }, () => pair)
    const made = answer(madeColumns({}, {}, [...many(6, 'TT'), ...many(6, 'CC'), ...many(6, 'TC')]))
    expect(made.noCall!.code).toBe('conflict')
    expect(made.noCall!.message).toContain('C-C 6, T-C 6, T-T 6')
    expect(made.spanning).toEqual({ TT: 6, TC: 6, CT: 0, CC: 6, other: 0 })
    const rarer = answer(madeColumns({}, {}, [...many(10, 'TT'), ...many(10, 'CC'), ...many(2, 'TC')]))
    expect(rarer.genotype).toBe('e2/e4')
    expect(rarer.phase).toBe('read-backed')
  })

  it('low-depth gives number, threshold and help; the evidence stays', () => {
    const made = answer(madeColumns({ T: 20 }, { C: 2 }))
    expect(made.noCall!.code).toBe('low-depth')
    expect(made.noCall!.message).toMatch(/^2 reads at rs7412; at least 8 are needed\./)
    expect(made.sites.rs7412.counts).toEqual({ A: 0, C: 2, G: 0, T: 0 })
    expect(made.e4Dosage).toBeGreaterThanOrEqual(0)
  })

  it('thresholds are options', () => {
    const columns = madeColumns({ T: 4 }, { C: 4 })
    const lax = { ...APOE_THRESHOLDS, minDepth: 4, minSiteQuality: 10, minConfidence: 10 }
    expect(answer(columns, {}, lax).genotype).toBe('e3/e3')
    expect(answer(madeColumns({ T: 20 }, { C: 20 }), {}, { ...APOE_THRESHOLDS, minDepth: 30 }).noCall!.code).toBe(
      'low-depth',
    )
  })

  it('contradicting spanning pairs leave the phase assumed or the sample uncalled, never read-backed', () => {
    const made = answer(madeColumns({ T: 10, C: 10 }, { C: 10, T: 10 }, ['TT', 'CC', 'TC', 'CT']))
    expect(made.phase).not.toBe('read-backed')
  })
})

describe('flags, RNA, odds ratios, limits', () => {
  it('flags a heterozygote with a rare second allele', () => {
    const made = answer(madeColumns({ T: 53, C: 7 }, { C: 60 }))
    expect(made.genotype).toBe('e3/e4')
    expect(made.flags).toHaveLength(1)
    expect(made.flags[0]).toContain('rs429358')
    expect(made.limits).toContain(made.flags[0])
    expect(answer(madeColumns({ T: 30, C: 30 }, { C: 60 })).flags).toEqual([])
  })

  it('caps what RNA can prove at 40, for homozygotes and the confidence, not for a clear heterozygote', () => {
    const spliced = { geneReads: { reads: 744, spliced: 190 } }
    const made = answer(madeColumns({ T: 71 }, { C: 57 }), spliced)
    expect(made).toMatchObject({ genotype: 'e3/e3', phase: 'unambiguous', confidence: 40 })
    expect(made.sites.rs7412.quality).toBe(40)
    expect(made.limits.join(' ')).toContain('expressed homozygosity')
    const het = answer(madeColumns({ T: 30, C: 30 }, { C: 57 }), { rna: true })
    expect(het.sites.rs429358.quality).toBe(99)
    expect(het.confidence).toBe(40)
    expect(answer(madeColumns({ T: 71 }, { C: 57 }), { geneReads: { reads: 744, spliced: 37 } }).rna.isRna).toBe(false)
    expect(answer(madeColumns({ T: 71 }, { C: 57 }), { geneReads: { reads: 740, spliced: 37 } }).rna.isRna).toBe(true)
  })

  it('lists odds ratios of the called genotype only, each with interval, source and size', () => {
    expect(oddsRatiosOf('e3/e4').map(o => [o.value, ...o.ci])).toEqual([[3.2, 2.8, 3.8], [5.6, 3.9, 8.0]]) // biome-ignore format: pairs
    expect(oddsRatiosOf('e4/e4').map(o => [o.value, ...o.ci])).toEqual([[14.9, 10.8, 20.6], [33.1, 13.6, 80.5]]) // biome-ignore format: pairs
    for (const diplotype of DIPLOTYPES) {
      const listed = oddsRatiosOf(diplotype)
      if (diplotype.includes('e1') || diplotype === 'e3/e3') expect(listed).toEqual([])
      else expect(listed.length).toBeGreaterThan(0)
      for (const o of listed) {
        expect(o.ci[0]).toBeLessThan(o.value)
        expect(o.ci[1]).toBeGreaterThan(o.value)
        expect(o.source).toContain('1997')
        expect(o.studySize).toContain('5,930')
      }
    }
    expect(oddsRatiosOf(null)).toEqual([])
  })

  it('says what it must', () => {
    const made = answer(madeColumns({ T: 10, C: 10 }, { C: 10, T: 10 }), {
      buildConfirmed: false,
      samples: ['A', 'B'],
      synthetic: true,
      contigNote: "'19' was used",
    })
    const all = made.limits.join('\n')
    for (const words of ['Research use only', 'Only two positions', 'odds ratios', 'Thresholds used', 'No validated model is loaded', 'stays on this machine', 'not confirmed', '2 samples (A, B)', 'synthetic', "'19' was used", 'rests on the prior']) // biome-ignore format: a list
      expect(all).toContain(words)
    expect(all).not.toMatch(/your risk is|absolute risk/i)
  })

  it('keeps the positions of the two builds apart, 138 bp between the sites', () => {
    for (const build of ['GRCh37', 'GRCh38'] as const)
      expect(SITE_POSITION[build].rs7412 - SITE_POSITION[build].rs429358).toBe(138)
    expect(SITE_POSITION.GRCh37.rs429358 + 1).toBe(45_411_941)
    expect(SITE_POSITION.GRCh38.rs7412 + 1).toBe(44_908_822)
  })
})
