import { codeIndexOf } from '../../../src-shared/genome/diplotype.ts'
import { hashOf } from '../../../src-shared/random.ts'
import { BASES_OF_SET, DEL, DIPLOID_CODE_OF_SET, HAPLOID_CODE_OF_SET, N } from './bases.ts'
import type { Overlay, Ploidy } from './fixed.ts'
import { firstFrom, type SiteTable } from './sites.ts'

/** Positions where the reference may be one of several bases, ascending, with the set of each. */
export interface AmbiguousBases {
  readonly positions: Int32Array
  readonly sets: Uint8Array
}

const NOTHING = 1e-12
const NOT_DRAWN = 255
/** Kinds of draws, so that a site and a position of the same number draw independently. */
const SITE = 1
const POSITION = 2

/**
 * For each site, by what the shares of its alternatives are multiplied when no earlier site's alternative covers its start on the same
 * chromosome. A chromosome has at most one alternative at a position, so overlapping sites exclude each other; the factors keep each
 * alternative as frequent as its record says. Where the records of a place add up to over 1, all are scaled to fit.
 */
export function conditionalScales(table: SiteTable): Float64Array {
  const { count, starts, ends } = table
  const totals = Float64Array.from({ length: count }, (_, i) =>
    table.shares.subarray(table.firstAlternative[i], table.firstAlternative[i + 1]).reduce((a, b) => a + b, 0),
  )
  const scales = new Float64Array(count)
  for (let head = 0; head < count; ) {
    let last = head + 1
    while (last < count && table.heads[last] === head) last++
    // Coverage changes upwards at starts only, so the largest sum within a site stands at one of the starts within it.
    const sums = Float64Array.from({ length: last - head }, (_, j) => {
      let sum = 0
      for (let k = head; k < last && starts[k]! <= starts[head + j]!; k++)
        if (ends[k]! > starts[head + j]!) sum += totals[k]!
      return sum
    })
    const marginals = new Float64Array(last - head)
    for (let i = head; i < last; i++) {
      let most = 1
      for (let j = head; j < last; j++)
        if (starts[j]! >= starts[i]! && starts[j]! < ends[i]!) most = Math.max(most, sums[j - head]!)
      marginals[i - head] = totals[i]! / most
      let blocked = 0
      for (let k = head; k < i; k++) if (ends[k]! > starts[i]!) blocked += marginals[k - head]!
      scales[i] = 1 - blocked > NOTHING ? 1 / most / (1 - blocked) : 0
    }
    head = last
  }
  return scales
}

/**
 * Draws the alleles of every site anew for each pass: two chromosomes independently (Hardy-Weinberg proportions), or one when haploid.
 * Every number is a hash of seed, pass, site and chromosome, so a sentence can be made without those before it. The five letters of the
 * haploid alphabet know no DEL and no insertion: the reference base stands there.
 */
export function hardyWeinberg(
  table: SiteTable,
  ambiguous: AmbiguousBases,
  ploidy: Ploidy,
  seed: number,
  longest: number,
): Overlay {
  const scales = conditionalScales(table)
  const chromosomes = ploidy === 'diploid' ? [0, 1] : [0]
  const drawn = chromosomes.map(() => new Uint8Array(longest).fill(NOT_DRAWN))
  const sets = new Uint8Array(longest)
  let touched = new Int32Array(1024)
  let count = 0
  const uniform = (kind: number, pass: number, number: number, chromosome: number) =>
    hashOf(seed, kind, pass, number, chromosome) / 2 ** 32

  return { codeOfSet: ploidy === 'diploid' ? DIPLOID_CODE_OF_SET : HAPLOID_CODE_OF_SET, apply }

  function apply(codes: Uint8Array, start: number, pass: number): void {
    count = 0
    const end = start + codes.length
    for (let i = firstFrom(ambiguous.positions, start); i < ambiguous.positions.length; i++) {
      const position = ambiguous.positions[i]!
      if (position >= end) break
      touch(position - start, ambiguous.sets[i]!)
    }
    // The site before the first that begins here may reach into the sentence, and depends on the run it is in.
    const from = firstFrom(table.starts, start + 1) - 1
    for (const chromosome of chromosomes) {
      const tokens = drawn[chromosome]!
      let taken = -1
      for (let i = from < 0 ? 0 : table.heads[from]!; i < table.count && table.starts[i]! < end; i++) {
        if (table.starts[i]! < taken) continue
        const chosen = alternativeOf(i, uniform(SITE, pass, i, chromosome))
        if (chosen < 0) continue
        taken = table.ends[i]!
        const shift = table.starts[i]! - start
        for (let p = 0, n = taken - table.starts[i]!; p < n; p++) {
          const token = table.tokens[table.tokensAt[chosen]! + p]!
          if (token > 10 || p + shift < 0 || p + shift >= codes.length) continue
          touch(p + shift, table.referenceSets[table.setsAt[i]! + p]!)
          tokens[p + shift] = token
        }
      }
    }
    for (let i = 0; i < count; i++) {
      const at = touched[i]!
      const first = tokenAt(at, start, pass, 0)
      codes[at] = codeIndexOf(first, ploidy === 'diploid' ? tokenAt(at, start, pass, 1) : first)
    }
    for (let i = 0; i < count; i++) for (const tokens of drawn) tokens[touched[i]!] = NOT_DRAWN
  }

  /** Positions may come twice: writing them twice changes nothing. */
  function touch(at: number, set: number): void {
    if (count === touched.length) {
      const grown = new Int32Array(2 * count)
      grown.set(touched)
      touched = grown
    }
    touched[count++] = at
    sets[at] = set
  }

  function alternativeOf(site: number, u: number): number {
    let below = 0
    for (let a = table.firstAlternative[site]!; a < table.firstAlternative[site + 1]!; a++) {
      below += table.shares[a]! * scales[site]!
      if (u < below) return a
    }
    return -1
  }

  function tokenAt(at: number, start: number, pass: number, chromosome: number): number {
    const token = drawn[chromosome]![at]!
    if (token !== NOT_DRAWN && (ploidy === 'diploid' || token < DEL)) return token
    const bases = BASES_OF_SET[sets[at]!]!
    if (bases.length === 1) return bases[0]!
    if (ploidy === 'haploid') return N
    return bases[Math.floor(uniform(POSITION, pass, start + at, chromosome) * bases.length)]!
  }
}
