import { codeIndexOf, TOKEN_COUNT } from '../../../src-shared/genome/diplotype.ts'
import { growingInt32, growingUint8 } from '../tokenizer/train/growing.ts'
import { AS_REFERENCE, UNKNOWN } from './alleles.ts'
import { BASES_OF_SET, DIPLOID_CODE_OF_SET, HAPLOID_CODE_OF_SET, isAmbiguous, N, TIE_ORDER } from './bases.ts'
import { firstFrom, type SiteTable } from './sites.ts'

export type Ploidy = 'diploid' | 'haploid'

/** Writes what stands at sites into the codes of `[start, start + codes.length)`; bases without a site are there already. */
export interface Overlay {
  /** [set of bases that a reference letter may be] -> code */
  readonly codeOfSet: Uint8Array
  apply(codes: Uint8Array, start: number, pass: number): void
}

/** Below this a share is what rounding left of 0. */
const NOTHING = 1e-9

/**
 * Shares of the 11 tokens at a position, into `row`. Records that overlap add up: the shares of their alternatives are summed and, where
 * they exceed 1, scaled to it; the reference has the rest, equally split over what an IUPAC letter may be.
 * `sites` are those that cover the position.
 */
export function rowAt(table: SiteTable, sites: readonly number[], position: number, row: Float64Array): void {
  row.fill(0)
  let total = 0
  for (const i of sites) {
    const offset = position - table.starts[i]!
    let unknown = 0
    for (let a = table.firstAlternative[i]!; a < table.firstAlternative[i + 1]!; a++)
      if (table.tokens[table.tokensAt[a]! + offset] === UNKNOWN) unknown += table.shares[a]!
    // An allele that is N there says nothing: the others' shares are of what is left.
    if (1 - unknown < NOTHING) continue
    for (let a = table.firstAlternative[i]!; a < table.firstAlternative[i + 1]!; a++) {
      const token = table.tokens[table.tokensAt[a]! + offset]!
      if (token === AS_REFERENCE || token === UNKNOWN) continue
      const share = table.shares[a]! / (1 - unknown)
      row[token] = row[token]! + share
      total += share
    }
  }
  if (total > 1) for (let t = 0; t < TOKEN_COUNT; t++) row[t] = row[t]! / total
  const rest = 1 - total
  if (rest < NOTHING) return
  const bases = BASES_OF_SET[setAt(table, sites, position)]!
  for (const base of bases) row[base] = row[base]! + rest / bases.length
}

/** The two largest shares above 0, ties in the order of the public snp2vec code; the same twice where there is one. */
export function topTwo(row: Float64Array): readonly [number, number] {
  let first = -1
  let second = -1
  for (const token of TIE_ORDER) {
    const share = row[token]!
    if (share < NOTHING) continue
    if (first < 0 || share > row[first]! + NOTHING) {
      second = first
      first = token
    } else if (second < 0 || share > row[second]! + NOTHING) second = token
  }
  if (first < 0) return [N, N]
  return [first, second < 0 ? first : second]
}

/** The most frequent of A C G T; the reference where no base has a share (five letters know no DEL and no insertion). */
function topBase(row: Float64Array, set: number): number {
  const reference = isAmbiguous(set) ? N : BASES_OF_SET[set]![0]!
  if (isAmbiguous(set) && !row.subarray(0, 4).some(share => share > 0.5)) return N
  let best = reference
  for (const token of TIE_ORDER.subarray(0, 4))
    if (row[token]! > NOTHING && (best === N || row[token]! > row[best]! + NOTHING)) best = token
  return best
}

/** One genotype a position, the same in every pass: each site shows its two most frequent alleles. */
export interface FixedCalls extends Overlay {
  readonly positions: Int32Array
  /** Rows of DIPLOTYPE_CODES. */
  readonly codes: Uint8Array
}

export function fixedCalls(table: SiteTable, ploidy: Ploidy): FixedCalls {
  const positions = growingInt32()
  const calls = growingUint8()
  const row = new Float64Array(TOKEN_COUNT)
  let covering: number[] = []
  for (let next = 0, position = 0; next < table.count || covering.length > 0; position++) {
    if (covering.length === 0) position = table.starts[next]!
    while (next < table.count && table.starts[next] === position) covering.push(next++)
    rowAt(table, covering, position, row)
    const [first, second] = ploidy === 'diploid' ? topTwo(row) : twice(topBase(row, setAt(table, covering, position)))
    positions.push(position)
    calls.push(codeIndexOf(first, second))
    covering = covering.filter(i => table.ends[i]! > position + 1)
  }
  const at = positions.data.slice(0, positions.length)
  const codes = calls.data.slice(0, calls.length)
  return {
    positions: at,
    codes,
    codeOfSet: ploidy === 'diploid' ? DIPLOID_CODE_OF_SET : HAPLOID_CODE_OF_SET,
    apply(into, start) {
      const end = start + into.length
      for (let i = firstFrom(at, start); i < at.length && at[i]! < end; i++) into[at[i]! - start] = codes[i]!
    },
  }
}

const twice = (token: number) => [token, token] as const

function setAt(table: SiteTable, covering: readonly number[], position: number): number {
  const site = covering[0]!
  return table.referenceSets[table.setsAt[site]! + position - table.starts[site]!]!
}
