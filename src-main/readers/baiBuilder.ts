import type { Contig } from '../../src-shared/genome/locus.ts'
import { formatPosition } from '../../src-shared/genome/locus.ts'
import { WorkbenchError } from '../../src-shared/ipc/errors.ts'
import type { WorkContext } from '../../src-shared/job.ts'
import { corruptBam, readBamHeader } from './bamHeader.ts'
import { scanRecords } from './bamStream.ts'
import { BinAccumulator } from './binAccumulator.ts'
import type { BinIndex, ContigIndex } from './binIndex.ts'
import { BAI_BINNING, type Binning, csiBinning, reach } from './binning.ts'
import { endsProperly } from './blockGzip.ts'
import type { CheckedFile } from './checkedFile.ts'

/** Operations of a CIGAR that consume the reference: M D N = X, as a bit set over `MIDNSHP=X`. */
const ON_REFERENCE = 0b1_1000_1101
const UNMAPPED = 4
/** Virtual offsets are kept as numbers here, which are exact below 2^53: files below 128 GiB. */
const MAX_FILE = 2 ** 37

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
  if (file.size > MAX_FILE)
    throw new WorkbenchError('unsupported', `'${file.path}' is larger than 128 GiB`, `index it with "samtools index"`)
  const header = await readBamHeader(file, context.signal)
  const firstRecord = header.firstRecord.block * 65_536 + header.firstRecord.within
  if (!(await endsProperly(file)))
    throw new WorkbenchError('truncated', `'${file.path}' lacks BAM's end-of-file block`, 'copy or download it again')
  const longest = header.contigs.reduce((max, c) => Math.max(max, c.length), 0)
  const chosen = format === 'auto' ? (longest > reach(BAI_BINNING) ? 'csi' : 'bai') : format
  const binning = chosen === 'csi' ? csiBinning(longest) : BAI_BINNING
  const building = new Building(file.path, header.contigs, binning, firstRecord)
  await scanRecords(
    file,
    firstRecord,
    (bytes, at, length, begin, end) => building.add(bytes, at, length, begin, end),
    packedEnd => context.report({ phase: 'indexing', done: packedEnd, total: file.size }),
    context.signal,
  )
  return { format: chosen, binning, ...building.finish() }
}

class Building {
  private readonly bins: BinAccumulator
  private readonly limit: number
  private contig = -2
  private lastStart = -1
  private position: number
  private unplaced = 0

  constructor(
    private readonly path: string,
    private readonly contigs: readonly Contig[],
    binning: Binning,
    firstRecord: number,
  ) {
    this.bins = new BinAccumulator(binning, firstRecord)
    this.limit = reach(binning)
    this.position = firstRecord
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
      this.bins.enter(contig, begin)
      this.contig = contig
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
    this.bins.add(from, end, begin, !(flags & UNMAPPED))
  }

  finish(): { contigs: ContigIndex[]; unplaced: number } {
    const found = this.bins.finish(this.position)
    const contigs = this.contigs.map((_, i) => found[i] ?? { bins: new Map(), linear: [] })
    return { contigs, unplaced: this.unplaced }
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
