import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  codeIndexOf,
  DIPLOTYPE_CODES,
  diplotypeChar,
  diplotypeOfChar,
  HAPLOTYPE_TOKENS,
  type HaplotypeToken,
  isHeterozygous,
  TOKEN_COUNT,
} from '../../../src-shared/genome/diplotype.ts'
import type { PileupColumns } from '../../../src-shared/genome/pileup.ts'
import { sharedData } from '../../../test-support/shared-data.ts'
import { callDiplotypes, callPair, DIPLOTYPE_DEFAULTS, type DiplotypeOptions } from './call.ts'
import { pairQuality } from './quality.ts'
import { diplotypeText, diplotypeTsv } from './text.ts'
import { tokenCounter } from './tokenCounts.ts'

const top2: DiplotypeOptions = { ...DIPLOTYPE_DEFAULTS, caller: 'top2' }
const robust = DIPLOTYPE_DEFAULTS

const column = (counts: Partial<Record<HaplotypeToken, number>>) =>
  Uint32Array.from(HAPLOTYPE_TOKENS, token => counts[token] ?? 0)
const charOf = (counts: Partial<Record<HaplotypeToken, number>>, options: DiplotypeOptions) =>
  DIPLOTYPE_CODES[codeIndexOf(...(callPair(column(counts), 0, options) as [number, number]))]!.char

describe('the alphabet', () => {
  it('has 66 distinct single characters that NFKC leaves alone', () => {
    const chars = DIPLOTYPE_CODES.map(c => c.char)
    expect(chars.length).toBe((11 * 12) / 2)
    expect(new Set(chars).size).toBe(66)
    for (const char of chars) {
      expect(char.normalize('NFKC')).toBe(char)
      expect(char.length).toBe(1)
    }
  })

  it('has the codes of the homozygotes, and the three that were printed wrongly or look alike', () => {
    const homozygous = DIPLOTYPE_CODES.filter(c => c.allele1 === c.allele2).map(c => [c.allele1, c.char])
    expect(Object.fromEntries(homozygous)).toEqual({
      A: 'A',
      C: 'C',
      G: 'G',
      T: 'T',
      N: 'N',
      DEL: 'X',
      AI: 'B',
      CI: 'D',
      GI: 'H',
      TI: 'U',
      NI: 'O', // biome-ignore format: a table
    })
    for (const [, char] of homozygous) expect(char!.charCodeAt(0)).toBeLessThan(128)
    expect(diplotypeChar('A', 'G')).toBe('\u963f')
    expect(diplotypeChar('GI', 'N')).toBe('\u8766')
    expect(diplotypeChar('GI', 'T')).toBe('\u867e')
  })

  it('is symmetric and can be read back', () => {
    for (const a of HAPLOTYPE_TOKENS)
      for (const b of HAPLOTYPE_TOKENS) {
        const char = diplotypeChar(a, b)
        expect(diplotypeChar(b, a)).toBe(char)
        const back = diplotypeOfChar(char)!
        expect(new Set([back.allele1, back.allele2])).toEqual(new Set([a, b]))
        expect(isHeterozygous(char)).toBe(a !== b)
      }
    expect(diplotypeOfChar('矴')).toBeUndefined()
  })

  const table = sharedData('../spec/diplotype_tokens.tsv')
  it.skipIf(!table)('equals the published table, row by row', () => {
    const rows = readFileSync(table!, 'utf8').trim().split('\n').slice(1)
    expect(rows.map(r => r.split('\t').slice(0, 3))).toEqual(DIPLOTYPE_CODES.map(c => [c.allele1, c.allele2, c.char]))
  })
})

describe('callers', () => {
  it('reach every row of the table from a synthetic column, either order', () => {
    for (const { allele1, allele2, char } of DIPLOTYPE_CODES)
      for (const [x, y] of [
        [9, 8],
        [8, 9],
      ] as const) {
        const counts = allele1 === allele2 ? { [allele1]: x } : { [allele1]: x, [allele2]: y }
        expect(charOf(counts, top2)).toBe(char)
        const pairsWithN = allele1 !== allele2 && (allele1 === 'N' || allele2 === 'N')
        // robust: N never stands beside an allele that was read
        const alone = allele1 === 'N' ? allele2 : allele1
        expect(charOf(counts, robust)).toBe(pairsWithN ? diplotypeChar(alone, alone) : char)
      }
  })

  it('breaks ties in the order A G T C N DEL AI GI TI CI NI', () => {
    const order: HaplotypeToken[] = ['A', 'G', 'T', 'C', 'N', 'DEL', 'AI', 'GI', 'TI', 'CI', 'NI']
    for (let i = 0; i + 1 < order.length; i++) {
      const tied = Object.fromEntries(order.slice(i).map(token => [token, 5]))
      expect(charOf(tied, top2)).toBe(diplotypeChar(order[i]!, order[i + 1]!))
    }
    expect(charOf({ T: 3, C: 3, G: 7 }, top2)).toBe(diplotypeChar('G', 'T'))
    expect(charOf({ C: 2, NI: 2, CI: 9 }, top2)).toBe(diplotypeChar('CI', 'C'))
  })

  it('depth 0 is N, depth 1 is homozygous, for both', () => {
    for (const options of [top2, robust]) {
      expect(charOf({}, options)).toBe('N')
      expect(charOf({ G: 1 }, options)).toBe('G')
      expect(charOf({ N: 1 }, options)).toBe('N')
      expect(charOf({ DEL: 1 }, options)).toBe('X')
    }
  })

  it('robust asks 2 reads and 20 % of a second allele; top2 takes one error for a heterozygote', () => {
    expect(charOf({ A: 4, C: 1 }, top2)).toBe('嗄')
    expect(charOf({ A: 4, C: 1 }, robust)).toBe('A')
    expect(charOf({ A: 8, C: 2 }, robust)).toBe('嗄')
    expect(charOf({ A: 9, C: 2 }, robust)).toBe('A') // 18.2 %
    expect(charOf({ A: 8, C: 2, N: 1 }, robust)).toBe('A') // 2 of 11 counted reads
    expect(charOf({ A: 9, C: 2 }, { ...robust, minAltFraction: 0.1 })).toBe('嗄')
    expect(charOf({ A: 8, C: 2 }, { ...robust, minAltReads: 3 })).toBe('A')
  })

  it('agree with a slow twin that sorts the counts', () => {
    const order = ['A', 'G', 'T', 'C', 'N', 'DEL', 'AI', 'GI', 'TI', 'CI', 'NI'] as const
    const twin = (counts: Uint32Array) => {
      const ranked = order
        .map((token, rank) => ({ token, rank, n: counts[HAPLOTYPE_TOKENS.indexOf(token)]! }))
        .filter(x => x.n > 0)
        .sort((x, y) => y.n - x.n || x.rank - y.rank)
      if (!ranked[0]) return 'N'
      return diplotypeChar(ranked[0].token, (ranked[1] ?? ranked[0]).token)
    }
    fc.assert(
      fc.property(fc.array(fc.nat(4), { minLength: 11, maxLength: 11 }), values => {
        const counts = Uint32Array.from(values)
        const pair = callPair(counts, 0, top2)
        expect(DIPLOTYPE_CODES[codeIndexOf(pair[0], pair[1])]!.char).toBe(twin(counts))
      }),
    )
  })
})

describe('quality', () => {
  it('has its closed form', () => {
    // 10 A against the best other pair A/x: 10 reads at 0.99 against 10 at 0.4955
    expect(pairQuality(column({ A: 10 }), 0, [0, 0])).toBeCloseTo(100 * Math.log10(0.99 / 0.4955), 6)
    // 5 A + 5 C: the pair explains all; A/A explains half
    const het = 100 * Math.log10(0.4955) - (50 * Math.log10(0.99) + 50 * Math.log10(0.001))
    expect(pairQuality(column({ A: 5, C: 5 }), 0, [0, 1])).toBeCloseTo(Math.min(99, het), 6)
    expect(pairQuality(column({ A: 2, C: 1 }), 0, [1, 0])).toBeCloseTo(
      30 * Math.log10(0.4955) - (20 * Math.log10(0.99) + 10 * Math.log10(0.001)),
      6,
    )
  })
  it('stays within 0..99; 0 where another pair is as good, or nothing was read', () => {
    expect(pairQuality(column({ A: 1000 }), 0, [0, 0])).toBe(99)
    expect(pairQuality(column({}), 0, [4, 4])).toBe(0)
    expect(pairQuality(column({ A: 4, C: 4, G: 4 }), 0, [0, 2])).toBe(0)
    expect(pairQuality(column({ A: 9, C: 2 }), 0, [0, 0])).toBe(0) // robust keeps A/A although A/C explains more
  })
})

describe('a region', () => {
  const int = (...values: number[]) => Int32Array.from(values)
  const zero = int(0, 0, 0)
  const columns: PileupColumns = {
    contig: 'c',
    positions: int(10, 12, 13),
    segments: int(9, 5, 7),
    depth: int(9, 5, 7),
    a: int(9, 0, 0),
    c: zero,
    g: int(0, 3, 0),
    t: zero,
    n: zero,
    del: int(0, 2, 0),
    refskip: int(0, 0, 7),
    ins: int(4, 1, 0), // biome-ignore format: a table
  }
  const inserted = { a: int(4, 0, 0), c: zero, g: zero, t: zero, n: zero }

  const counted = () => {
    const counter = tokenCounter({ contig: 'c', start: 9, end: 15 })
    counter.add(columns, inserted)
    return counter.counts
  }

  it('takes insertions from their base, keeps deletions, forgets skips; one character a base', () => {
    const counts = counted()
    expect(counts.counts.length).toBe(6 * TOKEN_COUNT)
    const calls = callDiplotypes(counts, robust)
    // 9: none; 10: 5 A + 4 A with insertion; 11: none; 12: 3 G + 2 deleted; 13: skips only; 14: none
    expect(diplotypeText(calls)).toBe('N吖N想NN')
    expect([...calls.depth]).toEqual([0, 9, 0, 5, 0, 0])
    expect([calls.covered, calls.heterozygous, calls.filled]).toEqual([2, 2, 0])
    expect(diplotypeTsv(calls).split('\n')[1]).toMatch(/^c\t11\tA\/AI\t吖\t9\t\d+\.\d$/)
  })

  it('fills what is not covered from the reference, never with an IUPAC letter', () => {
    const counts = counted()
    const calls = callDiplotypes(counts, robust, 'tAcGBn')
    expect(diplotypeText(calls)).toBe('T吖C想NN')
    expect(calls.filled).toBe(2)
  })

  it('refuses lengths that do not fit', () => {
    expect(() => callDiplotypes({ contig: 'c', start: 0, end: 2, counts: new Uint32Array(11) })).toThrow(RangeError)
    expect(() => callDiplotypes({ contig: 'c', start: 0, end: 1, counts: new Uint32Array(11) }, robust, 'AC')).toThrow(RangeError) // biome-ignore format: one line
  })
})
