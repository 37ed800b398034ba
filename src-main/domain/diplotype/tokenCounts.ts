import { HAPLOTYPE_TOKENS, TOKEN_COUNT, type TokenCounts } from '../../../src-shared/genome/diplotype.ts'
import type { PileupColumns } from '../../../src-shared/genome/pileup.ts'

/** Reads with an insertion after their base, by that base; one entry a column of the pileup beside it. */
export interface InsertionsByLetter {
  readonly a: Int32Array
  readonly c: Int32Array
  readonly g: Int32Array
  readonly t: Int32Array
  readonly n: Int32Array
}

/**
 * The 11 token counts of every position of a region from its pileup. A base with an insertion after it is its own token and no
 * longer counts as the base; a deletion is DEL also when an insertion follows; reference skips count nothing.
 * Columns outside the region are passed over, so that parts of a stream may overlap it.
 */
export function tokenCounts(
  region: { readonly contig: string; readonly start: number; readonly end: number },
  columns: PileupColumns,
  inserted: InsertionsByLetter,
): TokenCounts {
  const { contig, start, end } = region
  const counts = new Uint32Array((end - start) * TOKEN_COUNT)
  const letters = [
    { all: columns.a, withInsertion: inserted.a, base: 'A', token: 'AI' },
    { all: columns.c, withInsertion: inserted.c, base: 'C', token: 'CI' },
    { all: columns.g, withInsertion: inserted.g, base: 'G', token: 'GI' },
    { all: columns.t, withInsertion: inserted.t, base: 'T', token: 'TI' },
    { all: columns.n, withInsertion: inserted.n, base: 'N', token: 'NI' },
  ] as const
  const rows = letters.map(l => ({
    ...l,
    base: HAPLOTYPE_TOKENS.indexOf(l.base),
    token: HAPLOTYPE_TOKENS.indexOf(l.token),
  }))
  const deleted = HAPLOTYPE_TOKENS.indexOf('DEL')
  for (let i = 0; i < columns.positions.length; i++) {
    const position = columns.positions[i]!
    if (position < start || position >= end) continue
    const offset = (position - start) * TOKEN_COUNT
    for (const row of rows) {
      const withInsertion = row.withInsertion[i]!
      counts[offset + row.base]! += row.all[i]! - withInsertion
      counts[offset + row.token]! += withInsertion
    }
    counts[offset + deleted]! += columns.del[i]!
  }
  return { contig, start, end, counts }
}
