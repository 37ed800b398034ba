import type { ContigIndex } from './binIndex.ts'
import { type Binning, binCount, binOf, firstBin, parentBin } from './binning.ts'

/**
 * Collects bins, linear index and counts of records that come in coordinate order, as htslib 1.16 does (hts.c: hts_idx_push,
 * compress_binning). Contigs are numbered from 0; -1 is no contig. Offsets are virtual.
 */
export class BinAccumulator {
  readonly indexes: ContigIndex[] = []
  private contig = -2
  private bin = -1
  /** Where the run of records of the current bin begins. */
  private runBegin: number
  private contigBegin: number
  private mapped = 0
  private unmapped = 0

  constructor(
    private readonly binning: Binning,
    firstRecord: number,
  ) {
    this.runBegin = this.contigBegin = firstRecord
  }

  /** Records of `contig` follow; the last of another ended at `offset`. */
  enter(contig: number, offset: number): void {
    this.leave(offset)
    this.contig = contig
    this.bin = -1
    while (this.indexes.length <= contig) this.indexes.push({ bins: new Map(), linear: [] })
  }

  /** A record of the entered contig over [from, end), 0-based half-open, that begins at virtual offset `begin`. */
  add(from: number, end: number, begin: number, mapped: boolean): void {
    const { linear } = this.indexes[this.contig]!
    const leaf = 2 ** this.binning.minShift
    const last = Math.floor((end - 1) / leaf)
    while (linear.length <= last) linear.push(-1)
    for (let i = Math.floor(from / leaf); i <= last; i++) if (linear[i] === -1) linear[i] = begin
    const bin = binOf(from, end, this.binning)
    if (bin !== this.bin) {
      this.endRun(begin)
      this.bin = bin
      this.runBegin = begin
    }
    if (mapped) this.mapped++
    else this.unmapped++
  }

  /** Nothing follows; the last record ended at `offset`. */
  finish(offset: number): ContigIndex[] {
    this.leave(offset)
    this.contig = -2
    for (const index of this.indexes) {
      for (let i = index.linear.length - 2; i >= 0; i--)
        if (index.linear[i] === -1) index.linear[i] = index.linear[i + 1]!
      compress(index.bins, this.binning)
    }
    return this.indexes
  }

  private endRun(end: number): void {
    if (this.bin < 0 || this.contig < 0) return
    const { bins } = this.indexes[this.contig]!
    const chunks = bins.get(this.bin)
    if (chunks) chunks.push(this.runBegin, end)
    else bins.set(this.bin, [this.runBegin, end])
  }

  private leave(end: number): void {
    if (this.contig >= 0) {
      this.endRun(end)
      this.indexes[this.contig]!.counts = { begin: this.contigBegin, end, mapped: this.mapped, unmapped: this.unmapped }
      this.mapped = this.unmapped = 0
    }
    this.contigBegin = end
  }
}

/**
 * Moves the chunks of a bin that spans less than 64 KB of the file to its parent where there is one, from the leaves up, then
 * joins chunks that begin in the block in which the last one ends: what htslib does to keep indexes small.
 */
function compress(bins: Map<number, number[]>, binning: Binning): void {
  const block = (offset: number) => Math.floor(offset / 65_536)
  for (let level = binning.depth; level > 0; level--) {
    const lowest = firstBin(level)
    for (const [bin, chunks] of [...bins]) {
      if (bin < lowest || bin >= binCount(binning)) continue
      if (level < binning.depth) sortChunks(chunks)
      if (block(chunks.at(-1)!) - block(chunks[0]!) >= 65_536) continue
      const parent = bins.get(parentBin(bin))
      if (!parent) continue
      for (const offset of chunks) parent.push(offset)
      bins.delete(bin)
    }
  }
  const root = bins.get(0)
  if (root) sortChunks(root)
  for (const chunks of bins.values()) {
    let last = 0
    for (let i = 2; i < chunks.length; i += 2) {
      if (block(chunks[last + 1]!) >= block(chunks[i]!)) chunks[last + 1] = Math.max(chunks[last + 1]!, chunks[i + 1]!)
      else {
        last += 2
        chunks[last] = chunks[i]!
        chunks[last + 1] = chunks[i + 1]!
      }
    }
    chunks.length = last + 2
  }
}

/** By beginning; a chunk is two entries. */
function sortChunks(chunks: number[]): void {
  const pairs: [number, number][] = []
  for (let i = 0; i < chunks.length; i += 2) pairs.push([chunks[i]!, chunks[i + 1]!])
  pairs.sort((a, b) => a[0] - b[0])
  for (const [i, [begin, end]] of pairs.entries()) {
    chunks[2 * i] = begin
    chunks[2 * i + 1] = end
  }
}
