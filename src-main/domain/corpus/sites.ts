import { growingFloat64, growingInt32, growingUint8 } from '../tokenizer/train/growing.ts'
import { AS_REFERENCE, alleleTokens } from './alleles.ts'
import { BASE_SET } from './bases.ts'

/**
 * Sites of one contig as columns, ordered by where their first change lies. Site i has the alternatives `firstAlternative[i]` up to
 * `firstAlternative[i + 1]`; their shares and the reference's sum to 1. Positions are 0-based, `[starts, ends)` half-open: what every
 * alternative shares with the reference at both ends is cut off.
 */
export interface SiteTable {
  readonly count: number
  readonly starts: Int32Array
  readonly ends: Int32Array
  /** count + 1 entries. */
  readonly firstAlternative: Int32Array
  /** Share of each alternative. */
  readonly shares: Float64Array
  /** Where in `tokens` each alternative's begin: one a position of its site. */
  readonly tokensAt: Int32Array
  readonly tokens: Uint8Array
  /** Where in `referenceSets` each site's begin. */
  readonly setsAt: Int32Array
  readonly referenceSets: Uint8Array
  /** First site of the run of overlapping sites that each is in. */
  readonly heads: Int32Array
}

/** Collects sites; memory is about 40 bytes a single-base site. */
export class SiteCollector {
  private readonly starts = growingInt32()
  private readonly ends = growingInt32()
  private readonly flags = growingUint8()
  private readonly firstAlternative = growingInt32()
  private readonly shares = growingFloat64()
  private readonly tokensAt = growingInt32()
  private readonly tokens = growingUint8()
  private readonly setsAt = growingInt32()
  private readonly sets = growingUint8()

  /**
   * Adds a record. `reference` is REF and `letters` what the reference sequence has there (IUPAC codes kept), both upper case; `shares` are of REF
   * and each alternative.
   * @returns false when no alternative with a share above 0 is a sequence that differs from REF
   */
  add(
    start: number,
    reference: string,
    letters: string,
    alternatives: readonly string[],
    shares: Float64Array,
    flag: boolean,
  ): boolean {
    const used: { tokens: Uint8Array; share: number }[] = []
    let first = reference.length
    let last = -1
    alternatives.forEach((alternative, k) => {
      const share = shares[k + 1]!
      const tokens = share > 0 ? alleleTokens(reference, alternative) : undefined
      if (!tokens) return
      const begin = tokens.findIndex(t => t !== AS_REFERENCE)
      if (begin < 0) return
      used.push({ tokens, share })
      first = Math.min(first, begin)
      last = Math.max(
        last,
        tokens.findLastIndex(t => t !== AS_REFERENCE),
      )
    })
    if (used.length === 0) return false
    this.starts.push(start + first)
    this.ends.push(start + last + 1)
    this.flags.push(flag ? 1 : 0)
    this.firstAlternative.push(this.shares.length)
    this.setsAt.push(this.sets.length)
    for (let i = first; i <= last; i++) this.sets.push(BASE_SET[letters.charCodeAt(i)]!)
    for (const { tokens, share } of used) {
      this.shares.push(share)
      this.tokensAt.push(this.tokens.length)
      for (let i = first; i <= last; i++) this.tokens.push(tokens[i]!)
    }
    return true
  }

  get count(): number {
    return this.starts.length
  }

  /** The table of the sites that were flagged, or of all. */
  finish(flaggedOnly: boolean): SiteTable {
    const flags = this.flags.data
    const starts = this.starts.data
    const kept = new Uint32Array(this.count)
    let count = 0
    let sorted = true
    for (let i = 0; i < this.count; i++) {
      if (flaggedOnly && flags[i] === 0) continue
      if (count > 0 && starts[i]! < starts[kept[count - 1]!]!) sorted = false
      kept[count++] = i
    }
    const order = kept.subarray(0, count)
    if (!sorted) order.sort((a, b) => starts[a]! - starts[b]! || a - b)
    const firstAlternative = new Int32Array(count + 1)
    const shares = growingFloat64(this.shares.length)
    const tokensAt = growingInt32(this.shares.length)
    const heads = new Int32Array(count)
    let reached = -1
    order.forEach((site, i) => {
      const stop = site + 1 < this.count ? this.firstAlternative.data[site + 1]! : this.shares.length
      for (let a = this.firstAlternative.data[site]!; a < stop; a++) {
        shares.push(this.shares.data[a]!)
        tokensAt.push(this.tokensAt.data[a]!)
      }
      firstAlternative[i + 1] = shares.length
      heads[i] = starts[site]! < reached ? heads[i - 1]! : i
      reached = Math.max(reached, this.ends.data[site]!)
    })
    return {
      count,
      starts: Int32Array.from(order, site => starts[site]!),
      ends: Int32Array.from(order, site => this.ends.data[site]!),
      firstAlternative,
      shares: shares.data.slice(0, shares.length),
      tokensAt: tokensAt.data.slice(0, tokensAt.length),
      tokens: this.tokens.data,
      setsAt: Int32Array.from(order, site => this.setsAt.data[site]!),
      referenceSets: this.sets.data,
      heads,
    }
  }
}

/** Index of the first site of the table that begins at or after a position. */
export function firstFrom(ascending: Int32Array, position: number): number {
  let low = 0
  let high = ascending.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (ascending[middle]! < position) low = middle + 1
    else high = middle
  }
  return low
}
