/** Reads a stretch of the reference: 0-based half-open, inside the contig. */
export type ReadSequence = (contig: string, start: number, end: number) => Promise<string>

const BLOCK_BP = 8192
/** 64 x 8 kb: what a few views need. */
const MAX_BLOCKS = 64

/**
 * Reads the reference in blocks that are kept: igv.js and each track ask for the same stretch again and again, often one base of it.
 * A block that could not be read is asked for again the next time.
 */
export function cachedSequence(read: ReadSequence, lengthOf: (contig: string) => number): ReadSequence {
  const blocks = new Map<string, Promise<string>>()
  const block = (contig: string, index: number): Promise<string> => {
    const key = `${contig}:${index}`
    const held = blocks.get(key)
    if (held) {
      blocks.delete(key)
      blocks.set(key, held)
      return held
    }
    const start = index * BLOCK_BP
    const asked = read(contig, start, Math.min(lengthOf(contig), start + BLOCK_BP))
    blocks.set(key, asked)
    asked.catch(() => blocks.delete(key))
    for (const oldest of blocks.keys()) {
      if (blocks.size <= MAX_BLOCKS) break
      blocks.delete(oldest)
    }
    return asked
  }
  return async (contig, start, end) => {
    const to = Math.min(end, lengthOf(contig))
    if (to <= start) return ''
    const first = Math.floor(start / BLOCK_BP)
    const last = Math.floor((to - 1) / BLOCK_BP)
    // A long stretch is read at once: in blocks it would push out everything else.
    if (last - first >= MAX_BLOCKS / 2) return read(contig, start, to)
    const parts = await Promise.all(Array.from({ length: last - first + 1 }, (_, i) => block(contig, first + i)))
    return parts.join('').slice(start - first * BLOCK_BP, to - first * BLOCK_BP)
  }
}
