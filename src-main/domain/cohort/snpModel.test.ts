import { describe, expect, it } from 'vitest'
import { diplotypeChar } from '../../../src-shared/genome/diplotype.ts'
import { snpEncoder } from './snpModel.ts'
import { snpOffsets } from './twoSnp.ts'

const FLANK = 2
const [first, second] = snpOffsets(FLANK)
const reference = [...'A'.repeat(3611 + 2 * FLANK)].map((c, i) => (i === first ? 'T' : i === second ? 'C' : c)).join('')
const text = (a: string, b: string) => reference.slice(0, first) + a + reference.slice(first + 1, second) + b + reference.slice(second + 1) // biome-ignore format: one line

// Truth: the alleles of the two sites, T or C each; whatever else stands there is of no genotype.
describe.each(['allele-counts', 'genotypes'] as const)('a logistic model of %s', features => {
  const ids = (a: string, b: string) => [...snpEncoder(reference, FLANK, features).ids(text(a, b))]

  it.each([
    ['a third allele', 'G', 'C'],
    ['one third allele', diplotypeChar('G', 'T'), 'C'],
    ['a deletion', 'T', diplotypeChar('DEL', 'DEL')],
    ['one deletion', diplotypeChar('DEL', 'T'), 'C'],
    ['an insertion', diplotypeChar('TI', 'TI'), 'C'],
    ['no cover', 'T', 'N'],
  ])('reads nothing of %s at a site', (_, a, b) => {
    expect(ids(a, b)).toEqual([])
  })

  it('reads a genotype', () => {
    const e3e4 = ids(diplotypeChar('C', 'T'), 'C')
    expect(e3e4.reduce((a, b) => a + b)).toBe(1)
    expect(e3e4).toHaveLength(features === 'genotypes' ? 10 : 2)
    if (features === 'allele-counts') expect(ids('C', 'T')).toEqual([2, 2])
  })
})
