import { describe, expect, it } from 'vitest'
import { DIPLOTYPE_CODES } from '../../../src-shared/genome/diplotype.ts'
import { BASE_SET } from './bases.ts'
import { conditionalScales, hardyWeinberg } from './hardyWeinberg.ts'
import { SiteCollector } from './sites.ts'

/** Shares within this many standard errors pass: at a fixed seed the draw is the same each time, so a pass stays a pass. */
const SIGMAS = 4
const PASSES = 20_000

type Rec = readonly [at: number, ref: string, alts: string, ...shares: number[]]
const tableOf = (reference: string, records: readonly Rec[]) => {
  const sites = new SiteCollector()
  for (const [at, ref, alts, ...shares] of records)
    sites.add(at, ref, reference.slice(at, at + ref.length), alts.split(','), Float64Array.from(shares), false)
  return sites.finish(false)
}

/** Counts of each pair at each position over many passes. */
function drawn(reference: string, records: readonly Rec[], ploidy: 'diploid' | 'haploid' = 'diploid', passes = PASSES) {
  const positions = [...reference.matchAll(/R/g)].map(m => m.index)
  const ambiguous = { positions: Int32Array.from(positions), sets: new Uint8Array(positions.length).fill(5) }
  const overlay = hardyWeinberg(tableOf(reference, records), ambiguous, ploidy, 11, reference.length)
  const counts: Record<string, number>[] = [...reference].map(() => ({}))
  const whole: string[][] = []
  for (let pass = 0; pass < passes; pass++) {
    const codes = Uint8Array.from(reference, c => overlay.codeOfSet[BASE_SET[c.charCodeAt(0)]!]!)
    overlay.apply(codes, 0, pass)
    const pairs = [...codes].map(c => `${DIPLOTYPE_CODES[c]!.allele1}/${DIPLOTYPE_CODES[c]!.allele2}`)
    whole.push(pairs)
    for (const [i, pair] of pairs.entries()) counts[i]![pair] = (counts[i]![pair] ?? 0) + 1
  }
  return { counts, whole, overlay }
}

function expectShares(counts: Record<string, number>, expected: Record<string, number>, n = PASSES): void {
  expect(Object.keys(counts).sort()).toEqual(Object.keys(expected).sort())
  for (const [pair, p] of Object.entries(expected))
    expect(Math.abs(counts[pair]! / n - p), `${pair} ${counts[pair]! / n}, expected ${p}`).toBeLessThan(SIGMAS * Math.sqrt((p * (1 - p)) / n)) // biome-ignore format: one line
}

describe('Hardy-Weinberg draws', () => {
  it('p², 2pq, q² at a site, and nothing elsewhere', () => {
    const { counts } = drawn('GAT', [[1, 'A', 'C', 0.7, 0.3]])
    expectShares(counts[1]!, { 'A/A': 0.49, 'A/C': 0.42, 'C/C': 0.09 })
    expect(counts[0]).toEqual({ 'G/G': PASSES })
    expect(counts[2]).toEqual({ 'T/T': PASSES })
  })

  it('the six genotypes of three alleles', () => {
    const { counts } = drawn('GAT', [[1, 'A', 'C,T', 0.5, 0.3, 0.2]])
    expectShares(counts[1]!, { 'A/A': 0.25, 'C/C': 0.09, 'T/T': 0.04, 'A/C': 0.3, 'A/T': 0.2, 'C/T': 0.12 })
  })

  it('a deletion is drawn as one: its bases agree in every pass', () => {
    const { counts, whole } = drawn('GATTC', [[1, 'ATT', 'A', 0.6, 0.4]])
    expectShares(counts[2]!, { 'T/T': 0.36, 'T/DEL': 0.48, 'DEL/DEL': 0.16 })
    expect(whole.every(w => w[2] === w[3] && w[1] === 'A/A')).toBe(true)
  })

  it('records that overlap keep their frequencies, and never stand on one chromosome', () => {
    // Deletion 0.2 over two bases; a base at each of them, 0.4 and 0.5.
    const { counts } = drawn('GATCG', [
      [1, 'ATC', 'A', 0.8, 0.2],
      [2, 'T', 'G', 0.6, 0.4],
      [3, 'C', 'A', 0.5, 0.5],
    ])
    expectShares(counts[2]!, { 'T/T': 0.16, 'G/T': 0.32, 'T/DEL': 0.16, 'G/G': 0.16, 'G/DEL': 0.16, 'DEL/DEL': 0.04 })
    expectShares(counts[3]!, { 'C/C': 0.09, 'A/C': 0.3, 'C/DEL': 0.12, 'A/A': 0.25, 'A/DEL': 0.2, 'DEL/DEL': 0.04 })
  })

  it('records that add up to over 1 are scaled to fit, nothing left for the reference', () => {
    const { counts } = drawn('GAT', [
      [1, 'A', 'C', 0.1, 0.9],
      [1, 'A', 'G', 0.4, 0.6],
    ])
    expectShares(counts[1]!, { 'C/C': 0.36, 'C/G': 0.48, 'G/G': 0.16 })
  })

  it('an IUPAC base is each of its bases equally often', () => {
    expectShares(drawn('GRT', []).counts[1]!, { 'A/A': 0.25, 'A/G': 0.5, 'G/G': 0.25 })
  })

  it('haploid: one chromosome in letters', () => {
    const { counts } = drawn('GATTAR', [[1, 'A', 'C', 0.7, 0.3], [2, 'TT', 'T', 0.5, 0.5], [4, 'A', 'AG', 0, 1]], 'haploid') // biome-ignore format: one line
    expectShares(counts[1]!, { 'A/A': 0.7, 'C/C': 0.3 })
    expect([counts[3], counts[4], counts[5]]).toEqual([{ 'T/T': PASSES }, { 'A/A': PASSES }, { 'N/N': PASSES }])
  })

  it('two sites are drawn independently: shares of pairs multiply', () => {
    const { whole } = drawn('GATC', [
      [1, 'A', 'C', 0.5, 0.5],
      [2, 'T', 'G', 0.5, 0.5],
    ])
    const both = whole.filter(w => w[1] === 'A/C' && w[2] === 'G/T').length / PASSES
    expect(Math.abs(both - 0.25)).toBeLessThan(SIGMAS * Math.sqrt((0.25 * 0.75) / PASSES))
  })

  it('a sentence is the same wherever it is cut: pieces equal the whole, through overlapping sites', () => {
    const reference = 'GATCGATTACARGATC'
    const records: Rec[] = [[1, 'ATCG', 'A', 0.5, 0.5], [2, 'T', 'G', 0.5, 0.5], [3, 'CGAT', 'C', 0.5, 0.5], [6, 'T', 'TA', 0.5, 0.5], [11, 'A', 'C', 0.5, 0.5]] // biome-ignore format: one line
    const { overlay } = drawn(reference, records, 'diploid', 0)
    const codesOf = (from: number, to: number, pass: number) => {
      const codes = Uint8Array.from(reference.slice(from, to), c => overlay.codeOfSet[BASE_SET[c.charCodeAt(0)]!]!)
      overlay.apply(codes, from, pass)
      return [...codes]
    }
    for (let pass = 0; pass < 50; pass++)
      for (let cut = 1; cut < reference.length; cut++)
        expect([...codesOf(0, cut, pass), ...codesOf(cut, reference.length, pass)]).toEqual(codesOf(0, reference.length, pass)) // biome-ignore format: one line
  })

  it('scales: 1 alone; 1 / (1 - what is taken) behind an overlap', () => {
    const table = tableOf('GATCGG', [[1, 'ATC', 'A', 0.75, 0.25], [3, 'C', 'G', 0.5, 0.5], [5, 'G', 'T', 0.5, 0.5]]) // biome-ignore format: one line
    expect([...conditionalScales(table)]).toEqual([1, 1 / 0.75, 1])
  })
})
