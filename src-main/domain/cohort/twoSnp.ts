import {
  APOE_SITES,
  DIPLOTYPES,
  type Diplotype,
  HAPLOTYPE_BASES,
  SITE_ALLELES,
  SITE_POSITION,
} from '../../../src-shared/genome/apoe.ts'
import { diplotypeOfChar } from '../../../src-shared/genome/diplotype.ts'
import { RISK_GENE } from './locus.ts'

/** Offsets of rs429358 and rs7412 in a region with so many bases of flank. */
export const snpOffsets = (flankBp: number): readonly [number, number] => {
  const start = RISK_GENE.GRCh38.start - flankBp
  return [SITE_POSITION.GRCh38.rs429358 - start, SITE_POSITION.GRCh38.rs7412 - start]
}

/** A diplotype text whose letters are the reference's but for the two SNPs. */
export function onlySnps(text: string, reference: string, flankBp: number): string {
  const letters = [...reference]
  for (const offset of snpOffsets(flankBp)) letters[offset] = text[offset]!
  return letters.join('')
}

/**
 * Copies of C at rs429358 and of T at rs7412 as a diplotype shows them: what the two-SNP model (FDA K192073) is given. A letter that is no
 * allele of its site counts nothing; undefined where a site is not covered.
 */
export function twoSnpCounts(text: string, flankBp: number): readonly [number, number] | undefined {
  const alleles = snpOffsets(flankBp).map(offset => diplotypeOfChar(text[offset]!))
  if (alleles.some(a => a === undefined || a.allele1 === 'N' || a.allele2 === 'N')) return undefined
  const copies = (i: 0 | 1, base: string) => [alleles[i]!.allele1, alleles[i]!.allele2].filter(a => a[0] === base && a !== 'DEL').length // biome-ignore format: one line
  return [copies(0, SITE_ALLELES.rs429358[1]), copies(1, SITE_ALLELES.rs7412[1])]
}

/**
 * The APOE genotype that a diplotype text shows at the two SNPs; the double heterozygote is e2/e4, which is far commoner than e1/e3. null where
 * a site is not covered or holds another letter.
 */
export function genotypeOfText(text: string, flankBp: number): Diplotype | null {
  const pairs = snpOffsets(flankBp).map((offset, i) => {
    const code = diplotypeOfChar(text[offset]!)
    const allowed: readonly string[] = SITE_ALLELES[APOE_SITES[i]!]
    return code && allowed.includes(code.allele1) && allowed.includes(code.allele2) ? [code.allele1, code.allele2].sort().join('') : undefined // biome-ignore format: one line
  })
  if (pairs.some(p => p === undefined)) return null
  const fits = DIPLOTYPES.filter(d => {
    const [a, b] = d.split('/').map(h => HAPLOTYPE_BASES[h as keyof typeof HAPLOTYPE_BASES])
    return pairs.every((pair, i) => [a![i]!, b![i]!].sort().join('') === pair)
  })
  return fits.length > 1 ? (fits.find(d => d === 'e2/e4') ?? null) : (fits[0] ?? null)
}
