import { describe, expect, it } from 'vitest'
import { DIPLOTYPE_CODES, HAPLOTYPE_TOKENS, TOKEN_COUNT } from '../../../src-shared/genome/diplotype.ts'
import { SeededRandom } from '../../../test-support/random.ts'
import { AS_REFERENCE, alleleTokens } from './alleles.ts'
import { BASE_SET, DIPLOID_CODE_OF_SET, HAPLOID_CODE_OF_SET } from './bases.ts'
import { fixedCalls, rowAt, topTwo } from './fixed.ts'
import { SiteCollector } from './sites.ts'

interface Rec {
  readonly at: number
  readonly ref: string
  readonly alts: readonly string[]
  readonly shares: readonly number[]
}

const tableOf = (reference: string, records: readonly Rec[]) => {
  const sites = new SiteCollector()
  for (const r of records)
    sites.add(r.at, r.ref, reference.slice(r.at, r.at + r.ref.length), r.alts, Float64Array.from(r.shares), false)
  return sites.finish(false)
}

/** The pairs along a reference, as `C/G`; single tokens where homozygous. */
function called(reference: string, records: readonly Rec[], ploidy: 'diploid' | 'haploid' = 'diploid'): string[] {
  const overlay = fixedCalls(tableOf(reference, records), ploidy)
  const codes = Uint8Array.from(reference, c => overlay.codeOfSet[BASE_SET[c.charCodeAt(0)]!]!)
  overlay.apply(codes, 0, 0)
  return [...codes].map(code => {
    const { allele1, allele2 } = DIPLOTYPE_CODES[code]!
    return allele1 === allele2 ? allele1 : `${allele1}/${allele2}`
  })
}

const record = (at: number, ref: string, alts: string, ...shares: number[]): Rec => ({ at, ref, alts: alts.split(','), shares }) // biome-ignore format: one line

describe('what an allele shows at each base of REF', () => {
  const shown = (reference: string, alternative: string) =>
    alleleTokens(reference, alternative) &&
    [...alleleTokens(reference, alternative)!].map(t => (t === AS_REFERENCE ? '=' : (HAPLOTYPE_TOKENS[t] ?? '?')))
  it.each([
    ['A', 'C', ['C']],
    ['ACG', 'ATG', ['=', 'T', '=']],
    ['ACG', 'ANG', ['=', '?', '=']],
    ['ACGT', 'AC', ['=', '=', 'DEL', 'DEL']],
    ['ACGT', 'AG', ['=', 'DEL', 'DEL', 'DEL']],
    ['TTT', 'TT', ['=', '=', 'DEL']],
    ['A', 'AGG', ['AI']],
    ['AC', 'ACT', ['=', 'CI']],
    ['GCG', 'GGGG', ['=', 'G', 'GI']],
    ['AN', 'ANT', ['=', 'NI']],
    ['A', '<DEL>', undefined],
    ['A', '*', undefined],
    ['A', 'A[1:5[', undefined],
    ['A', 'R', undefined],
  ])('%s -> %s', (reference, alternative, expected) => {
    expect(shown(reference, alternative)).toEqual(expected)
  })
})

describe('the fixed diplotype', () => {
  it.each<[string, string, Rec[], string[]]>([
    ['SNV', 'GAT', [record(1, 'A', 'C', 0.9, 0.1)], ['G', 'A/C', 'T']],
    ['the alternative alone', 'GAT', [record(1, 'A', 'C', 0, 1)], ['G', 'C', 'T']],
    ['multi-allelic: the two largest', 'GAT', [record(1, 'A', 'C,G', 0.2, 0.3, 0.5)], ['G', 'C/G', 'T']],
    ['multi-allelic tie: A G T C', 'GAT', [record(1, 'A', 'C,T', 0.5, 0.25, 0.25)], ['G', 'A/T', 'T']],
    ['two bases at once', 'GATC', [record(1, 'AT', 'CG', 0.5, 0.5)], ['G', 'A/C', 'G/T', 'C']],
    ['deletion with a shared prefix', 'GATTC', [record(1, 'ATT', 'A', 0.6, 0.4)], ['G', 'A', 'T/DEL', 'T/DEL', 'C']],
    ['insertion', 'GATC', [record(1, 'AT', 'ATGG', 0.6, 0.4)], ['G', 'A', 'T/TI', 'C']],
    ['N of an allele is skipped', 'GATC', [record(1, 'AT', 'NC', 0.6, 0.4)], ['G', 'A', 'C/T', 'C']],
    ['IUPAC reference', 'GRT', [], ['G', 'A/G', 'T']],
    ['IUPAC of three: ties A G T C', 'GBT', [], ['G', 'G/T', 'T']],
    ['IUPAC under a record: R has 0.4 + 0.4, C 0.2', 'GRT', [record(1, 'A', 'C', 0.8, 0.2)], ['G', 'A/G', 'T']],
    ['IUPAC under a record: R has 0.2 + 0.2, C 0.6', 'GRT', [record(1, 'A', 'C', 0.4, 0.6)], ['G', 'A/C', 'T']],
    ['overlap: 0.4 of C and 0.3 of G leave A 0.3; a tie goes to A', 'GAT', [record(1, 'A', 'C', 0.6, 0.4), record(1, 'A', 'G', 0.7, 0.3)], ['G', 'A/C', 'T']],
    ['overlap over 1: nothing is left for the reference', 'GAT', [record(1, 'A', 'C', 0.1, 0.9), record(1, 'A', 'G', 0.4, 0.6)], ['G', 'C/G', 'T']],
    ['a base inside a deletion', 'GATCG', [record(1, 'ATC', 'A', 0.8, 0.2), record(2, 'T', 'G', 0.9, 0.1)], ['G', 'A', 'T/DEL', 'C/DEL', 'G']],
    ['a deletion’s first base is free', 'GATC', [record(1, 'AT', 'A', 0.5, 0.5), record(1, 'A', 'G', 0.5, 0.5)], ['G', 'A/G', 'T/DEL', 'C']],
    ['an insertion and another base', 'GAT', [record(1, 'A', 'AC', 0.5, 0.5), record(1, 'A', 'G', 0.8, 0.2)], ['G', 'A/AI', 'T']],
  ])('%s', (_name, reference, records, expected) => {
    expect(called(reference, records)).toEqual(expected)
  }) // biome-ignore format: a table

  it('haploid: the most frequent base; DEL and insertions are not letters; IUPAC is N', () => {
    const records = [record(0, 'A', 'C', 0.4, 0.6), record(2, 'A', 'C', 0.6, 0.4), record(4, 'AT', 'A', 0.1, 0.9), record(7, 'G', 'GA', 0, 1)] // biome-ignore format: one line
    expect(called('ATATATAGR', records, 'haploid').join('')).toBe('CTATATAGN')
  })

  it('equals a plain sum over records for 300 random sets of overlapping records', () => {
    const random = new SeededRandom(5)
    let compared = 0
    for (let round = 0; round < 300; round++) {
      const reference = Array.from({ length: 30 }, () => random.pick('ACGTR')).join('')
      const records = Array.from({ length: random.integer(1, 12) }, () => {
        const at = random.integer(0, 26)
        const ref = reference.slice(at, at + random.integer(1, 5)).replaceAll('R', 'A')
        const alts = Array.from({ length: random.integer(1, 3) }, () => ref[0]! + Array.from({ length: random.integer(0, 5) }, () => random.pick('ACGTN')).join('')) // biome-ignore format: one line
        const raw = [0, ...alts].map(() => random.integer(0, 4))
        if (raw.slice(1).every(n => n === 0)) raw[1] = 1
        const sum = raw.reduce((a, b) => a + b, 0)
        return { at, ref, alts, shares: raw.map(n => n / sum) }
      })
      const expected = naive(reference, records)
      const got = called(reference, records)
      expect(got, JSON.stringify({ reference, records })).toEqual(expected)
      compared += got.length
    }
    expect(compared).toBe(9000)
  })

  it('codes of sets: 15 IUPAC letters and N', () => {
    expect(DIPLOTYPE_CODES[DIPLOID_CODE_OF_SET[BASE_SET[121]!]!]).toMatchObject({ allele1: 'C', allele2: 'T' })
    expect(DIPLOTYPE_CODES[HAPLOID_CODE_OF_SET[BASE_SET[121]!]!]!.char).toBe('N')
    expect([...'ACGTUMRWSYKVHDBN'].every(c => BASE_SET[c.charCodeAt(0)] === BASE_SET[c.toLowerCase().charCodeAt(0)])).toBe(true) // biome-ignore format: one line
    expect([...'EFIJLOPQXZ*-.1 \r'].every(c => BASE_SET[c.charCodeAt(0)] === 255)).toBe(true)
  })

  it('rows sum to 1', () => {
    const table = tableOf('GATC', [record(1, 'ATC', 'A', 0.8, 0.2), record(2, 'T', 'G', 0.9, 0.1)])
    const row = new Float64Array(TOKEN_COUNT)
    rowAt(table, [0, 1], 2, row)
    expect([...row].map(v => Number(v.toFixed(9)))).toEqual([0, 0, 0.1, 0.7, 0, 0.2, 0, 0, 0, 0, 0])
    expect(topTwo(new Float64Array(TOKEN_COUNT))).toEqual([4, 4])
  })
})

/** The rule written out again, position by position over whole records, with text tokens and objects. */
function naive(reference: string, records: readonly Rec[]): string[] {
  const order = ['A', 'G', 'T', 'C', 'N', 'DEL', 'AI', 'GI', 'TI', 'CI', 'NI']
  const bases: Record<string, string[]> = { R: ['A', 'G'] }
  return [...reference].map((letter, position) => {
    const sums: Record<string, number> = {}
    let taken = 0
    for (const { at, ref, alts, shares } of records) {
      const i = position - at
      if (i < 0 || i >= ref.length) continue
      const here: Record<string, number> = { ref: shares[0]! }
      alts.forEach((alt, k) => {
        let shared = 0
        while (shared < alt.length && alt[shared] === ref[shared]) shared++
        const short = alt.length < ref.length
        const inserted = alt.length > ref.length && i === ref.length - 1
        const token = short
          ? i < shared
            ? 'ref'
            : 'DEL'
          : inserted
            ? `${ref[i]}I`
            : alt[i] === ref[i]
              ? 'ref'
              : alt[i]!
        here[token] = (here[token] ?? 0) + shares[k + 1]!
      })
      delete here['N']
      const total = Object.values(here).reduce((a, b) => a + b, 0)
      for (const [token, share] of Object.entries(here))
        if (token !== 'ref' && total > 1e-9) {
          sums[token] = (sums[token] ?? 0) + share / total
          taken += share / total
        }
    }
    for (const token of Object.keys(sums)) sums[token] = sums[token]! / Math.max(1, taken)
    const rest = Math.max(0, 1 - taken)
    const own = bases[letter] ?? [letter]
    for (const base of own) sums[base] = (sums[base] ?? 0) + rest / own.length
    const found = order.filter(t => (sums[t] ?? 0) > 1e-9)
    // Equal shares but for rounding are equal.
    const top = found.sort((a, b) => (Math.abs(sums[b]! - sums[a]!) < 1e-9 ? order.indexOf(a) - order.indexOf(b) : sums[b]! - sums[a]!)) // biome-ignore format: one line
    const pair = top.slice(0, 2).sort((a, b) => HAPLOTYPE_TOKENS.indexOf(a as 'A') - HAPLOTYPE_TOKENS.indexOf(b as 'A'))
    return pair.length === 1 ? pair[0]! : pair.join('/')
  })
}
