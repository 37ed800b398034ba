import { DIPLOTYPES } from '../../../src-shared/genome/apoe.ts'
import type { Encoder } from './encoding.ts'
import { genotypeOfText, onlySnps, snpOffsets, twoSnpCounts } from './twoSnp.ts'

/**
 * Reads the two SNPs of a diplotype and nothing else, as a logistic model of them does. A row has the copies of the alternative alleles, or a one
 * for the genotype; it is empty where a site is not covered, or holds letters of no genotype.
 */
export function snpEncoder(reference: string, flankBp: number, features: 'allele-counts' | 'genotypes'): Encoder {
  return {
    clean: text => ({ text: onlySnps(text, reference, flankBp), unseen: 0 }),
    ids(text) {
      if (features === 'allele-counts') return Int32Array.from(twoSnpCounts(text, flankBp) ?? [])
      const genotype = genotypeOfText(text, flankBp)
      return genotype === null ? new Int32Array(0) : Int32Array.from(DIPLOTYPES, d => Number(d === genotype))
    },
  }
}

/** One base each, in the order of the region: what a logistic model has in place of tokens. */
export const snpSpans = (flankBp: number) => snpOffsets(flankBp).map(offset => ({ from: offset, to: offset + 1 }))
