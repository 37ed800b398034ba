/** What one chromosome may show at one reference position; `AI` is an A followed by an insertion (the inserted bases are lost). */
export const HAPLOTYPE_TOKENS = ['A', 'C', 'G', 'T', 'N', 'DEL', 'AI', 'CI', 'GI', 'TI', 'NI'] as const
export type HaplotypeToken = (typeof HAPLOTYPE_TOKENS)[number]
export const TOKEN_COUNT = HAPLOTYPE_TOKENS.length

/**
 * One character for each of the 66 unordered pairs, in the order of HAPLOTYPE_TOKENS: row by row, the second token never before the
 * first. From Greenformers (Table 5.1) with its misprints put right; 蝦 (GI-N) and 虾 (GI-T) are different, so no conversion between
 * simplified and traditional characters may touch a diplotype text. None is changed by NFKC.
 */
const ROWS = [
  'A嗄阿锕呵腌吖俺安按案',
  'C嚓礤拆吃爸车床出穿',
  'G个给想八懂高该股',
  'T哪徐把瘩虾拓喔',
  'N学巴达蝦娜讷',
  'X拔搭香需虚',
  'B比霸笔逼',
  'D答沓第',
  'H盒合',
  'U侬',
  'O',
] as const

export interface DiplotypeCode {
  readonly allele1: HaplotypeToken
  readonly allele2: HaplotypeToken
  readonly char: string
}

/** The 66 rows of the alphabet. */
export const DIPLOTYPE_CODES: readonly DiplotypeCode[] = ROWS.flatMap((row, i) =>
  [...row].map((char, j) => ({ allele1: HAPLOTYPE_TOKENS[i]!, allele2: HAPLOTYPE_TOKENS[i + j]!, char })),
)

/** [first * 11 + second] -> row of DIPLOTYPE_CODES, either order of the two. */
const CODE_OF_PAIR = (() => {
  const table = new Uint8Array(TOKEN_COUNT * TOKEN_COUNT)
  DIPLOTYPE_CODES.forEach((code, row) => {
    const a = HAPLOTYPE_TOKENS.indexOf(code.allele1)
    const b = HAPLOTYPE_TOKENS.indexOf(code.allele2)
    table[a * TOKEN_COUNT + b] = row
    table[b * TOKEN_COUNT + a] = row
  })
  return table
})()

const CODE_OF_CHAR = new Map(DIPLOTYPE_CODES.map(code => [code.char, code]))

/** Row of DIPLOTYPE_CODES for two indices into HAPLOTYPE_TOKENS, in either order. */
export const codeIndexOf = (a: number, b: number): number => CODE_OF_PAIR[a * TOKEN_COUNT + b]!

/** The character of an unordered pair. */
export const diplotypeChar = (a: HaplotypeToken, b: HaplotypeToken): string =>
  DIPLOTYPE_CODES[codeIndexOf(HAPLOTYPE_TOKENS.indexOf(a), HAPLOTYPE_TOKENS.indexOf(b))]!.char

/** The pair that a character stands for; undefined for a character outside the alphabet. */
export const diplotypeOfChar = (char: string): DiplotypeCode | undefined => CODE_OF_CHAR.get(char)

export const isHeterozygous = (char: string): boolean => {
  const code = CODE_OF_CHAR.get(char)
  return code !== undefined && code.allele1 !== code.allele2
}

/** Counts of the 11 tokens by position: `counts[(position - start) * 11 + token]`, 0-based positions. */
export interface TokenCounts {
  readonly contig: string
  readonly start: number
  readonly end: number
  readonly counts: Uint32Array
}

/** Diplotypes of a region: one entry a reference base. */
export interface DiplotypeCalls {
  readonly contig: string
  readonly start: number
  readonly end: number
  /** Row of DIPLOTYPE_CODES. */
  readonly codes: Uint8Array
  /** Counted reads (gaps of splicing count nothing). */
  readonly depth: Uint32Array
  /** Phred difference between the called pair and the best other one, 0..99. */
  readonly quality: Float32Array
  /** Positions with at least one counted read. */
  readonly covered: number
  readonly heterozygous: number
  /** Uncovered positions that hold the reference base instead of N. */
  readonly filled: number
}
