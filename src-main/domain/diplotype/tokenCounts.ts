import { HAPLOTYPE_TOKENS, TOKEN_COUNT, type TokenCounts } from '../../../src-shared/genome/diplotype.ts'
import type { Interval } from '../../../src-shared/genome/interval.ts'
import type { PileupColumns } from '../../../src-shared/genome/pileup.ts'

/** Reads with an insertion after their base, by that base; one entry a column of the pileup beside it. */
export interface InsertionsByLetter {
  readonly a: Int32Array
  readonly c: Int32Array
  readonly g: Int32Array
  readonly t: Int32Array
  readonly n: Int32Array
}

const LETTERS = [
  ['a', 'A', 'AI'],
  ['c', 'C', 'CI'],
  ['g', 'G', 'GI'],
  ['t', 'T', 'TI'],
  ['n', 'N', 'NI'],
] as const
const ROWS = LETTERS.map(([column, base, inserted]) => ({
  column,
  base: HAPLOTYPE_TOKENS.indexOf(base),
  inserted: HAPLOTYPE_TOKENS.indexOf(inserted),
}))
const DELETED = HAPLOTYPE_TOKENS.indexOf('DEL')

/** Counts that grow by chunks of a pileup. */
export interface TokenCounter {
  readonly counts: TokenCounts
  add(columns: PileupColumns, inserted: InsertionsByLetter): void
}

/**
 * The 11 token counts of every position of a region from its pileup. A base with an insertion after it is its own token and no
 * longer counts as the base; a deletion is DEL also when an insertion follows; reference skips count nothing.
 * Columns outside the region are passed over, so that chunks of a stream may reach over its ends.
 */
export function tokenCounter(region: Interval): TokenCounter {
  const { contig, start, end } = region
  const counts = new Uint32Array((end - start) * TOKEN_COUNT)
  const plus = (cell: number, n: number) => {
    counts[cell] = counts[cell]! + n
  }
  return {
    counts: { contig, start, end, counts },
    add(columns, inserted) {
      for (let i = 0; i < columns.positions.length; i++) {
        const position = columns.positions[i]!
        if (position < start || position >= end) continue
        const offset = (position - start) * TOKEN_COUNT
        for (const row of ROWS) {
          const withInsertion = inserted[row.column][i]!
          plus(offset + row.base, columns[row.column][i]! - withInsertion)
          plus(offset + row.inserted, withInsertion)
        }
        plus(offset + DELETED, columns.del[i]!)
      }
    },
  }
}
