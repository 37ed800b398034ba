import {
  codeIndexOf,
  type DiplotypeCalls,
  HAPLOTYPE_TOKENS,
  type HaplotypeToken,
  TOKEN_COUNT,
  type TokenCounts,
} from '../../../src-shared/genome/diplotype.ts'
import { pairQuality } from './quality.ts'

export type DiplotypeCaller = 'robust' | 'top2'

export interface DiplotypeOptions {
  readonly caller: DiplotypeCaller
  /** `robust`: reads a second allele needs. */
  readonly minAltReads: number
  /** `robust`: share of the counted reads a second allele needs. */
  readonly minAltFraction: number
}

export const DIPLOTYPE_DEFAULTS: DiplotypeOptions = { caller: 'robust', minAltReads: 2, minAltFraction: 0.2 }

/** Above this share of heterozygous positions a sample is suspicious: people have about one in a thousand. */
export const HETEROZYGOUS_WARNING = 0.01

/** On equal counts the first of these wins: the order of the indices in the public snp2vec code. */
const TIE_ORDER: readonly HaplotypeToken[] = ['A', 'G', 'T', 'C', 'N', 'DEL', 'AI', 'GI', 'TI', 'CI', 'NI']
const TIE_TOKENS = Uint8Array.from(TIE_ORDER, token => HAPLOTYPE_TOKENS.indexOf(token))
const N = HAPLOTYPE_TOKENS.indexOf('N')

/**
 * The pair called at one position, as two indices into HAPLOTYPE_TOKENS (equal when homozygous), from its 11 counts.
 * `top2`: the two largest counts, whatever they are. `robust`: a second allele needs enough reads and share, and N never pairs with
 * another allele. No read: N-N. `offset` is where the position's counts begin.
 */
export function callPair(counts: Uint32Array, offset: number, options: DiplotypeOptions): readonly [number, number] {
  let first = -1
  let second = -1
  let total = 0
  for (const token of TIE_TOKENS) {
    const n = counts[offset + token]!
    total += n
    if (n === 0) continue
    if (first < 0 || n > counts[offset + first]!) {
      second = first
      first = token
    } else if (second < 0 || n > counts[offset + second]!) second = token
  }
  if (first < 0) return [N, N]
  if (second < 0) return [first, first]
  if (options.caller === 'top2') return [first, second]
  return robustPair(counts, offset, total, options)
}

/** The largest and second largest without N; N alone only where nothing else was read. */
function robustPair(
  counts: Uint32Array,
  offset: number,
  total: number,
  options: DiplotypeOptions,
): readonly [number, number] {
  let first = -1
  let second = -1
  for (const token of TIE_TOKENS) {
    const n = counts[offset + token]!
    if (n === 0 || token === N) continue
    if (first < 0 || n > counts[offset + first]!) {
      second = first
      first = token
    } else if (second < 0 || n > counts[offset + second]!) second = token
  }
  const enough =
    second >= 0 &&
    counts[offset + second]! >= options.minAltReads &&
    counts[offset + second]! >= options.minAltFraction * total
  return enough ? [first, second] : [first, first]
}

/**
 * Calls every position of a region: one code a reference base. Positions without a counted read are N-N, or the reference base
 * where `reference` (the region's letters, any case) is given.
 * @throws RangeError when the counts or the reference do not have the region's length.
 */
export function callDiplotypes(
  input: TokenCounts,
  options: DiplotypeOptions = DIPLOTYPE_DEFAULTS,
  reference?: string,
): DiplotypeCalls {
  const { contig, start, end, counts } = input
  const length = end - start
  if (counts.length !== length * TOKEN_COUNT)
    throw new RangeError(`${counts.length} counts for ${length} positions; expected ${length * TOKEN_COUNT}`)
  if (reference !== undefined && reference.length !== length)
    throw new RangeError(`${reference.length} reference letters for ${length} positions`)
  const codes = new Uint8Array(length)
  const depth = new Uint32Array(length)
  const quality = new Float32Array(length)
  let covered = 0
  let heterozygous = 0
  let filled = 0
  for (let i = 0; i < length; i++) {
    const offset = i * TOKEN_COUNT
    for (let token = 0; token < TOKEN_COUNT; token++) depth[i]! += counts[offset + token]!
    if (depth[i] === 0) {
      const token = reference === undefined ? N : referenceToken(reference[i]!)
      if (token !== N) filled++
      codes[i] = codeIndexOf(token, token)
      continue
    }
    const pair = callPair(counts, offset, options)
    covered++
    if (pair[0] !== pair[1]) heterozygous++
    codes[i] = codeIndexOf(pair[0], pair[1])
    quality[i] = pairQuality(counts, offset, pair)
  }
  return { contig, start, end, codes, depth, quality, covered, heterozygous, filled }
}

/** Upper case; any letter but A C G T is N. IUPAC letters such as B and D are codes of the alphabet, so they must not pass through. */
function referenceToken(letter: string): number {
  const token = 'ACGT'.indexOf(letter.toUpperCase())
  return token < 0 ? N : token
}
