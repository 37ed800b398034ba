import { diplotypeOfChar, type HaplotypeToken } from '../../../src-shared/genome/diplotype.ts'
import type { Allele } from './alleles.ts'

/** What one haplotype of a sample has that is not the reference, and what could not be told. */
export interface HaplotypeAlleles {
  readonly alleles: readonly Allele[]
  /** Heterozygous places whose phase is not known: put on a haplotype by rule. */
  readonly unphased: number
  /** Places without a genotype, taken as reference. */
  readonly missing: number
  /** Alleles not written in bases (`<DEL>`, breakends; insertions of a diplotype, whose bases are not known): not applied. */
  readonly notBases: number
  /** The file does not name the contig: that it has no alleles there says nothing. */
  readonly absent?: boolean
}

/** Of a VCF: the columns that the rule needs. */
export interface PhasedVariants {
  readonly count: number
  readonly starts: Int32Array
  readonly ids: readonly string[]
  readonly references: readonly string[]
  readonly alternatives: readonly (readonly string[])[]
  readonly genotypes?: {
    readonly first: Int16Array
    readonly second: Int16Array
    readonly ploidy: Uint8Array
    readonly phased: Uint8Array
  }
}

/**
 * One haplotype of a VCF's sample. Phased (`0|1`): the allele before the bar is haplotype 0, the one after it haplotype 1, and the phase is
 * taken to hold over the whole contig. Unphased and heterozygous (`0/1`): the allele written first goes to haplotype 0, the second to 1, and
 * is counted. One allele (haploid): on both. `*` (deleted by another line) is no allele of its own. Unknown alleles are the reference.
 */
export function allelesOfVariants(variants: PhasedVariants, haplotype: 0 | 1): HaplotypeAlleles {
  const { genotypes } = variants
  const alleles: Allele[] = []
  let [unphased, missing, notBases] = [0, 0, 0]
  for (let i = 0; i < variants.count; i++) {
    const ploidy = genotypes?.ploidy[i] ?? 0
    const first = genotypes?.first[i] ?? -1
    const second = ploidy > 1 ? genotypes!.second[i]! : first
    const own = haplotype === 0 ? first : second
    if (ploidy === 0 || own < 0) {
      missing++
      continue
    }
    if (first !== second && genotypes!.phased[i] === 0) unphased++
    if (own === 0) continue
    const alternative = variants.alternatives[i]![own - 1]!
    if (alternative === '*') continue
    if (!/^[ACGT]+$/i.test(alternative)) {
      notBases++
      continue
    }
    alleles.push({ start: variants.starts[i]!, reference: variants.references[i]!, alternative, id: variants.ids[i]! })
  }
  return { alleles, unphased, missing, notBases }
}

/**
 * One haplotype of a sample's diplotype over reference bases (both from `start` on). Nothing is phased: where one of the two alleles is the
 * reference's it goes to haplotype 0 and the other to 1; else the one that comes first in the alphabet goes to 0. An insertion's bases are
 * not known: the base before it is taken and the insertion counted.
 */
export function allelesOfDiplotype(
  characters: string,
  bases: string,
  start: number,
  haplotype: 0 | 1,
): HaplotypeAlleles {
  const alleles: Allele[] = []
  let [unphased, missing, notBases] = [0, 0, 0]
  let i = 0
  for (const char of characters) {
    const reference = bases[i]!.toUpperCase()
    const position = start + i++
    if (char === reference) continue
    const code = diplotypeOfChar(char)
    if (!code || code.allele1 === 'N' || code.allele2 === 'N') {
      missing++
      continue
    }
    const pair = [code.allele1, code.allele2].sort((a, b) => Number(bare(b) === reference) - Number(bare(a) === reference)) // biome-ignore format: one thought
    if (pair[0] !== pair[1]) unphased++
    const own = pair[haplotype]!
    if (own !== 'DEL' && own.endsWith('I')) notBases++
    const base = bare(own)
    if (base === reference || base === 'N') continue
    // Deletions are joined to the base before by the window: an edit may be empty.
    alleles.push({ start: position, reference, alternative: base, id: '' })
  }
  return { alleles, unphased, missing, notBases }
}

const bare = (token: HaplotypeToken): string => (token === 'DEL' ? '' : token.slice(0, 1))
