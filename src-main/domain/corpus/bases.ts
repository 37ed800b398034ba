import { codeIndexOf, HAPLOTYPE_TOKENS } from '../../../src-shared/genome/diplotype.ts'

/** Index into HAPLOTYPE_TOKENS. */
export type Token = number
export const [A, C, G, T, N, DEL] = [0, 1, 2, 3, 4, 5] as const
/** A base token and the same base followed by an insertion are this far apart. */
export const INSERTION = 6

/** On equal shares the first of these wins: the order of the indices in the public snp2vec code. */
export const TIE_ORDER = Uint8Array.from(
  ['A', 'G', 'T', 'C', 'N', 'DEL', 'AI', 'GI', 'TI', 'CI', 'NI'] as const,
  token => HAPLOTYPE_TOKENS.indexOf(token),
)

/** Which of A C G T (bits 1 2 4 8) a letter of a sequence may be; N: none known. */
const SETS: Readonly<Record<string, number>> = {
  A: 1, C: 2, G: 4, T: 8, U: 8, M: 3, R: 5, W: 9, S: 6, Y: 10, K: 12, V: 7, H: 11, D: 13, B: 14, N: 0,
} // biome-ignore format: a table
export const NOT_A_BASE = 255

/** [byte of a letter, either case] -> set of bases, 0 for N, NOT_A_BASE for what is no nucleotide (IUPAC-IUB codes, NC-IUB 1984). */
export const BASE_SET = (() => {
  const table = new Uint8Array(256).fill(NOT_A_BASE)
  for (const [letter, set] of Object.entries(SETS)) {
    table[letter.charCodeAt(0)] = set
    table[letter.toLowerCase().charCodeAt(0)] = set
  }
  return table
})()

/** Bases of a set, in the tie order. */
export const BASES_OF_SET: readonly (readonly Token[])[] = Array.from({ length: 16 }, (_, set) =>
  set === 0 ? [N] : [A, G, T, C].filter(base => set & (1 << base)),
)

export const isAmbiguous = (set: number): boolean => (set & (set - 1)) !== 0

/** [set] -> code of the first two of the equally likely bases: R is the heterozygote A-G. */
export const DIPLOID_CODE_OF_SET = Uint8Array.from(BASES_OF_SET, bases => codeIndexOf(bases[0]!, bases[1] ?? bases[0]!))

/** [set] -> code of one letter: what may be several bases is N. */
export const HAPLOID_CODE_OF_SET = Uint8Array.from(BASES_OF_SET, bases => {
  const token = bases.length === 1 ? bases[0]! : N
  return codeIndexOf(token, token)
})
