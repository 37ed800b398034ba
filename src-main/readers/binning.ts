/** A binning scheme (SAM spec 5.3, CSI spec): `depth` levels above the leaves of 2^minShift bp. BAI is { minShift: 14, depth: 5 }. */
export interface Binning {
  readonly minShift: number
  readonly depth: number
}

export const BAI_BINNING: Binning = { minShift: 14, depth: 5 }

/** First bin of a level; level 0 is the whole contig. */
export const firstBin = (level: number): number => (8 ** level - 1) / 7
export const parentBin = (bin: number): number => Math.floor((bin - 1) / 8)
/** One past the last real bin. The pseudo-bin that holds counts is the next one but one (htslib: 37450 for BAI). */
export const binCount = ({ depth }: Binning): number => firstBin(depth + 1)
export const metaBin = (b: Binning): number => binCount(b) + 1
/** One past the last position that the scheme can hold, bp. */
export const reach = (b: Binning): number => 2 ** (b.minShift + 3 * b.depth)

/** The smallest bin that holds [begin, end), 0-based half-open; coordinates below 2^31 or as far as `reach` goes. */
export function binOf(begin: number, end: number, { minShift, depth }: Binning): number {
  let size = 2 ** minShift
  for (let level = depth; level > 0; level--, size *= 8) {
    const bin = Math.floor(begin / size)
    if (bin === Math.floor((end - 1) / size)) return firstBin(level) + bin
  }
  return 0
}

/** The leaf with which a bin begins, counted from the first leaf. */
export function firstLeaf(bin: number, { depth }: Binning): number {
  let level = 0
  while (firstBin(level + 1) <= bin) level++
  return (bin - firstBin(level)) * 8 ** (depth - level)
}

/** The fewest levels above leaves of 2^14 bp that hold the longest contig, with htslib's margin of 256 bp. */
export function csiBinning(longestContig: number): Binning {
  let depth = 0
  while (2 ** (14 + 3 * depth) < longestContig + 256) depth++
  return { minShift: 14, depth }
}
