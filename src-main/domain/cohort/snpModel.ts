import { DIPLOTYPES } from '../../../src-shared/genome/apoe.ts'
import type { Encoder } from './encoding.ts'
import { genotypeOfText, onlySnps, snpOffsets, twoSnpCounts } from './twoSnp.ts'

/**
 * Reads the two SNPs of a diplotype and nothing else, as a logistic model of them does. A row has the copies of the alternative alleles, or a one
 * for the genotype; it is empty where a site is not covered, or holds letters of no genotype: a deletion or a third allele counted as no copy
 * would be e3/e3.
 */
export function snpEncoder(reference: string, flankBp: number, features: 'allele-counts' | 'genotypes'): Encoder {
  return {
    clean: text => ({ text: onlySnps(text, reference, flankBp), unseen: 0 }),
    ids(text) {
      const genotype = genotypeOfText(text, flankBp)
      if (genotype === null) return new Int32Array(0)
      return Int32Array.from(features === 'genotypes' ? DIPLOTYPES.map(d => Number(d === genotype)) : (twoSnpCounts(text, flankBp) ?? [])) // biome-ignore format: one line
    },
  }
}

/** One base each, in the order of the region: what a logistic model has in place of tokens. */
export const snpSpans = (flankBp: number) => snpOffsets(flankBp).map(offset => ({ from: offset, to: offset + 1 }))
