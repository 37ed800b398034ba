import type { Contig } from '../../src-shared/genome/locus.ts'
import { formatPosition } from '../../src-shared/genome/locus.ts'
import { WorkbenchError } from '../../src-shared/ipc/errors.ts'
import type { WorkContext } from '../../src-shared/job.ts'
import { corruptBam, readBamHeader, scanRecords } from './bamStream.ts'
import type { BinIndex, ContigIndex } from './binIndex.ts'
import { BAI_BINNING, type Binning, binCount, binOf, csiBinning, firstBin, parentBin, reach } from './binning.ts'
import { endsProperly } from './blockGzip.ts'
import type { CheckedFile } from './checkedFile.ts'

/** Operations of a CIGAR that consume the reference: M D N = X, as a bit set over `MIDNSHP=X`. */
const ON_REFERENCE = 0b1_1000_1101
const UNMAPPED = 4

/**
 * Indexes a coordinate-sorted BAM in one pass; memory is that of the index. `auto` makes a .bai, and a .csi where a contig is
 * longer than a .bai can hold (2^29 bp). Bins, linear index and counts are those of htslib 1.16 (hts.c: hts_idx_push, compress_binning).
 * @throws WorkbenchError `unsorted` (with the record), `truncated`, `corrupt`, `wrong-type`, `unsupported`, `cancelled`
 */
export async function buildBamIndex(
  file: CheckedFile,
  context: WorkContext,
  format: 'auto' | 'bai' | 'csi' = 'auto',
): Promise<BinIndex> {
  const header = await readBamHeader(file, context.signal)
  if (!(await endsProperly(file)))
    throw new WorkbenchError('truncated', `'${file.path}' lacks BAM's end-of-file block`, 'copy or download it again')
  const longest = header.contigs.reduce((max, c) => Math.max(max, c.length), 0)
  const chosen = format === 'auto' ? (longest > reach(BAI_BINNING) ? 'csi' : 'bai') : format
  const binning = chosen === 'csi' ? csiBinning(longest) : BAI_BINNING
  const building = new Building(file.path, header.contigs, binning, header.firstRecord)
  await scanRecords(
    file,
    header.firstRecord,
    (bytes, at, length, begin, end) => building.add(bytes, at, length, begin, end),
    packedEnd => context.report({ phase: 'indexing', done: packedEnd, total: file.size }),
    context.signal,
  )
  return { format: chosen, binning, ...building.finish() }
}

class Building {
  private readonly indexes: ContigIndex[]
  private readonly limit: number
  private contig = -2
  private lastStart = -1
  private bin = -1
  /** Where the run of records of the current bin begins. */
  private runBegin: number
  private contigBegin: number
  private position: number
  private mapped = 0
  private unmapped = 0
  private unplaced = 0

  constructor(
    private readonly path: string,
    private readonly contigs: readonly Contig[],
    private readonly binning: Binning,
    firstRecord: number,
  ) {
    this.indexes = contigs.map(() => ({ bins: new Map(), linear: [] }))
    this.limit = reach(binning)
    this.runBegin = this.contigBegin = this.position = firstRecord
  }

  add(bytes: Uint8Array, at: number, length: number, begin: number, endOffset: number): void {
    const view = new DataView(bytes.buffer, bytes.byteOffset + at, length)
    const contig = view.getInt32(0, true)
    const start = view.getInt32(4, true)
    const nameLength = bytes[at + 8]!
    const cigarCount = view.getUint16(12, true)
    const flags = view.getUint16(14, true)
    if (contig < -1 || contig >= this.contigs.length || start < -1) throw this.corrupt(begin, `contig ${contig}, position ${start + 1}`) // biome-ignore format: one line
    if (32 + nameLength + 4 * cigarCount > length) throw this.corrupt(begin, 'a CIGAR beyond its end')
    let span = 0
    if (!(flags & UNMAPPED))
      for (let k = 0; k < cigarCount; k++) {
        const unit = view.getUint32(32 + nameLength + 4 * k, true)
        if ((ON_REFERENCE >> (unit & 15)) & 1) span += unit >>> 4
      }
    const name = () => Buffer.from(bytes.subarray(at + 32, at + 31 + nameLength)).toString('latin1')
    if (contig !== this.contig) {
      if (this.contig !== -2 && (this.contig === -1 || (contig !== -1 && contig < this.contig)))
        throw this.unsorted(name(), contig, start)
      this.endContig(begin)
      this.contig = contig
      this.bin = -1
    } else if (contig >= 0 && start < this.lastStart) throw this.unsorted(name(), contig, start)
    this.lastStart = start
    this.position = endOffset
    if (contig === -1) {
      this.unplaced++
      return
    }
    const from = Math.max(0, start)
    const end = Math.max(1, start + Math.max(1, span))
    if (end > this.limit)
      throw new WorkbenchError('unsupported', `record '${name().slice(0, 60)}' of '${this.path}' reaches ${formatPosition(this.contigs[contig]!.name, end - 1)}, past what this index can hold`, 'build a .csi with --csi; its header must tell the true contig lengths') // biome-ignore format: one line
    const { linear } = this.indexes[contig]!
    for (let leaf = Math.floor((end - 1) / 2 ** this.binning.minShift); leaf >= linear.length; ) linear.push(-1)
    for (let leaf = from >> this.binning.minShift; leaf <= (end - 1) >> this.binning.minShift; leaf++)
      if (linear[leaf] === -1) linear[leaf] = begin
    const bin = binOf(from, end, this.binning)
    if (bin !== this.bin) {
      this.endRun(begin)
      this.bin = bin
      this.runBegin = begin
    }
    if (flags & UNMAPPED) this.unmapped++
    else this.mapped++
  }

  finish(): { contigs: ContigIndex[]; unplaced: number } {
    this.endContig(this.position)
    for (const index of this.indexes) {
      for (let i = index.linear.length - 2; i >= 0; i--)
        if (index.linear[i] === -1) index.linear[i] = index.linear[i + 1]!
      compress(index.bins, this.binning)
    }
    return { contigs: this.indexes, unplaced: this.unplaced }
  }

  private endRun(end: number): void {
    if (this.bin < 0 || this.contig < 0) return
    const { bins } = this.indexes[this.contig]!
    const chunks = bins.get(this.bin)
    if (chunks) chunks.push(this.runBegin, end)
    else bins.set(this.bin, [this.runBegin, end])
  }

  private endContig(end: number): void {
    if (this.contig >= 0) {
      this.endRun(end)
      this.indexes[this.contig]!.counts = { begin: this.contigBegin, end, mapped: this.mapped, unmapped: this.unmapped }
      this.mapped = this.unmapped = 0
    }
    this.contigBegin = end
  }

  private unsorted(name: string, contig: number, start: number): WorkbenchError {
    const where = contig < 0 ? 'without position' : `at ${formatPosition(this.contigs[contig]!.name, start)}`
    const before = this.contig < 0 ? 'records without position' : formatPosition(this.contigs[this.contig]!.name, this.lastStart) // biome-ignore format: one choice
    return new WorkbenchError('unsorted', `record '${name.slice(0, 60)}' ${where} of '${this.path}' comes after ${before}`, `sort it first: samtools sort -o sorted.bam ${this.path}`) // biome-ignore format: one line
  }

  private corrupt(begin: number, what: string): WorkbenchError {
    return corruptBam(this.path, `a record with ${what}, in the block at byte ${Math.floor(begin / 65_536)}`)
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
