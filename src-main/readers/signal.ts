import { inflateSync } from 'node:zlib'
import { findContig } from '../../src-shared/genome/contigs.ts'
import type { Interval } from '../../src-shared/genome/interval.ts'
import { type Contig, someNames } from '../../src-shared/genome/locus.ts'
import { throwIfCancelled, WorkbenchError } from '../../src-shared/ipc/errors.ts'
import type { WorkContext } from '../../src-shared/job.ts'
import { type BbiHeader, corruptBbi, readBbiHeader, truncatedBbi } from './bbiHeader.ts'
import { type CheckedFile, openChecked } from './checkedFile.ts'
import { addValues, emptyBins, type SignalBins } from './signalBins.ts'

export interface BinOptions {
  /** Read every value, however wide the view: exact, and slow on whole chromosomes. */
  readonly exact?: boolean
}

/** A bigWig, open for reading by region. */
export interface SignalFile {
  readonly path: string
  readonly contigs: readonly Contig[]
  /** bp a summary of each zoom level, ascending. */
  readonly zoomLevels: readonly number[]
  /**
   * Mean, least and greatest value of each of `count` bins over an interval (any alias of the contig; parts outside the contig are empty).
   * The coarsest zoom level that has two summaries a bin is used, or every value where there is none.
   * @throws WorkbenchError `not-found` (contig), `region`, `corrupt`, `truncated`, `changed`, `cancelled`
   */
  bins(interval: Interval, count: number, context: WorkContext, options?: BinOptions): Promise<SignalBins>
  /** One value a base, NaN where there is none: the exact bins of width 1. At most 2^24 bp at a time. */
  values(interval: Interval, context: WorkContext): Promise<Float32Array>
  close(): Promise<void>
}

const R_TREE = 0x2468ace0
const MAX_BINS = 1_000_000
const MAX_VALUES = 2 ** 24
/** Blocks that lie closer than this are read together, in pieces of at most 4 MB. */
const GAP = 16 * 1024
const PIECE = 4 * 1024 * 1024
const MAX_BLOCK = 64 * 1024 * 1024

/** @throws WorkbenchError `not-found`, `permission`, `wrong-type`, `corrupt`, `truncated` */
export async function openSignal(path: string): Promise<SignalFile> {
  const file = await openChecked(path)
  try {
    const header = await readBbiHeader(file)
    if (header.kind !== 'bigwig') throw new WorkbenchError('wrong-type', `'${path}' is a bigBed, not a bigWig`, 'give a .bw file') // biome-ignore format: one line
    return new BigWig(file, header)
  } catch (error) {
    await file.close()
    throw error
  }
}

interface DataBlock {
  readonly offset: number
  readonly size: number
}

class BigWig implements SignalFile {
  constructor(
    private readonly file: CheckedFile,
    private readonly header: BbiHeader,
  ) {}

  get path() {
    return this.file.path
  }
  get contigs() {
    return this.header.contigs
  }
  get zoomLevels() {
    return this.header.zoomLevels.map(z => z.reductionBp)
  }

  async bins(interval: Interval, count: number, context: WorkContext, options: BinOptions = {}): Promise<SignalBins> {
    const { start, end } = interval
    if (!Number.isInteger(start) || !Number.isInteger(end) || end <= start || !(count >= 1 && count <= MAX_BINS))
      throw new WorkbenchError('region', `${start + 1}-${end} cannot be put into ${count} bins`, `give a region and 1 to ${MAX_BINS} bins`) // biome-ignore format: one line
    const contig = findContig(interval.contig, this.contigs)
    if (!contig)
      throw new WorkbenchError('not-found', `contig '${interval.contig}' is not in '${this.path}'; it has ${someNames(this.contigs)}`, 'give one of its contigs') // biome-ignore format: one line
    await this.file.ensureUnchanged()
    const id = this.header.contigIds[this.contigs.indexOf(contig)]!
    const binBp = (end - start) / count
    // UCSC's rule: a level is fine enough when two of its summaries fit a bin.
    const zoom = options.exact ? undefined : this.header.zoomLevels.findLast(z => z.reductionBp <= binBp / 2)
    const bins = emptyBins({ ...interval, contig: contig.name }, Math.floor(count), zoom?.reductionBp ?? 1)
    const blocks = await this.blocksOf(zoom?.indexAt ?? this.header.indexAt, id, start, end, context.signal)
    await this.read(blocks, context, bytes =>
      zoom ? this.addSummaries(bytes, id, bins) : this.addItems(bytes, id, bins),
    )
    return bins.finish()
  }

  async values(interval: Interval, context: WorkContext): Promise<Float32Array> {
    const length = interval.end - interval.start
    if (!(length <= MAX_VALUES)) throw new WorkbenchError('region', `${length.toLocaleString('en-US')} bp are too many to be read base by base`, `ask for at most ${MAX_VALUES.toLocaleString('en-US')} bp`) // biome-ignore format: one line
    const out = new Float32Array(Math.max(0, length)).fill(Number.NaN)
    for (let at = 0; at < length; at += MAX_BINS) {
      const part = Math.min(MAX_BINS, length - at)
      const start = interval.start + at
      const bins = await this.bins({ contig: interval.contig, start, end: start + part }, part, context, { exact: true }) // biome-ignore format: one line
      out.set(bins.mean, at)
    }
    return out
  }

  close(): Promise<void> {
    return this.file.close()
  }

  private u64(view: DataView, at: number): number {
    const little = this.header.littleEndian
    const [first, second] = [view.getUint32(at, little), view.getUint32(at + 4, little)]
    return little ? first + second * 2 ** 32 : second + first * 2 ** 32
  }

  /** Walks an R-tree of data blocks; a node that comes twice is a damaged file, not an endless loop. */
  private async blocksOf(
    indexAt: number,
    contig: number,
    start: number,
    end: number,
    signal: AbortSignal,
  ): Promise<DataBlock[]> {
    const { file } = this
    const little = this.header.littleEndian
    const head = await file.read(48, indexAt)
    if (head.length < 48) throw truncatedBbi(file.path)
    if (new DataView(head.buffer).getUint32(0, little) !== R_TREE)
      throw corruptBbi(file.path, 'no index where it should be')
    const found: DataBlock[] = []
    const waiting = [indexAt + 48]
    const seen = new Set<number>()
    for (let at = waiting.pop(); at !== undefined; at = waiting.pop()) {
      throwIfCancelled(signal)
      if (seen.has(at)) throw corruptBbi(file.path, 'an index that runs in a circle')
      seen.add(at)
      // One read for most nodes: the usual 256 children of 24 or 32 bytes.
      let node = await file.read(4 + 256 * 32, at)
      if (node.length < 4) throw truncatedBbi(file.path)
      const leaf = node[0] === 1
      const items = new DataView(node.buffer).getUint16(2, little)
      const itemSize = leaf ? 32 : 24
      if (node.length < 4 + items * itemSize) node = await file.read(4 + items * itemSize, at)
      if (node.length < 4 + items * itemSize) throw truncatedBbi(file.path)
      const view = new DataView(node.buffer)
      for (let i = 0; i < items; i++) {
        const p = 4 + i * itemSize
        const [fromContig, from, toContig, to] = [0, 4, 8, 12].map(k => view.getUint32(p + k, little)) as [number, number, number, number] // biome-ignore format: one line
        const before = toContig < contig || (toContig === contig && to <= start)
        const after = fromContig > contig || (fromContig === contig && from >= end)
        if (before || after) continue
        const offset = this.u64(view, p + 16)
        if (!leaf) waiting.push(offset)
        else {
          const size = this.u64(view, p + 24)
          if (offset + size > file.size) throw truncatedBbi(file.path)
          if (size > MAX_BLOCK) throw corruptBbi(file.path, `a block of ${size} bytes`)
          found.push({ offset, size })
        }
      }
    }
    return found.sort((a, b) => a.offset - b.offset)
  }

  private async read(
    blocks: readonly DataBlock[],
    context: WorkContext,
    take: (bytes: Uint8Array) => void,
  ): Promise<void> {
    for (let i = 0; i < blocks.length; ) {
      throwIfCancelled(context.signal)
      const from = blocks[i]!.offset
      let to = from + blocks[i]!.size
      let next = i + 1
      for (; next < blocks.length; next++) {
        const { offset, size } = blocks[next]!
        if (offset > to + GAP || offset + size > from + PIECE) break
        to = Math.max(to, offset + size)
      }
      const bytes = await this.file.read(to - from, from)
      for (; i < next; i++)
        take(this.unpacked(bytes.subarray(blocks[i]!.offset - from, blocks[i]!.offset - from + blocks[i]!.size)))
      context.report({ phase: 'reading', done: i, total: blocks.length })
    }
  }

  private unpacked(bytes: Uint8Array): Uint8Array {
    const limit = this.header.unpackedBlockMax
    if (limit === 0) return bytes
    try {
      return inflateSync(bytes, { maxOutputLength: limit })
    } catch (error) {
      throw corruptBbi(this.path, 'a block that cannot be unpacked', error)
    }
  }

  /** A section of values: bedGraph (1), variable step (2) or fixed step (3). */
  private addItems(bytes: Uint8Array, contig: number, bins: SignalBins): void {
    const little = this.header.littleEndian
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    if (bytes.length < 24) throw corruptBbi(this.path, `a block of ${bytes.length} bytes`)
    if (view.getUint32(0, little) !== contig) return
    const first = view.getUint32(4, little)
    const step = view.getUint32(12, little)
    const span = view.getUint32(16, little)
    const type = bytes[20]!
    const count = view.getUint16(22, little)
    const itemSize = type === 1 ? 12 : type === 2 ? 8 : type === 3 ? 4 : 0
    if (itemSize === 0 || 24 + count * itemSize > bytes.length) throw corruptBbi(this.path, `a block of kind ${type} with ${count} values`) // biome-ignore format: one line
    for (let i = 0, at = 24; i < count; i++, at += itemSize) {
      const start = type === 3 ? first + i * step : view.getUint32(at, little)
      const end = type === 1 ? view.getUint32(at + 4, little) : start + span
      const value = view.getFloat32(at + itemSize - 4, little)
      addValues(bins, start, end, value * (end - start), end - start, value, value)
    }
  }

  /** Summaries of 32 bytes: contig, start, end, bases with a value, least, greatest, sum, sum of squares. */
  private addSummaries(bytes: Uint8Array, contig: number, bins: SignalBins): void {
    const little = this.header.littleEndian
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    for (let at = 0; at + 32 <= bytes.length; at += 32) {
      if (view.getUint32(at, little) !== contig) continue
      const [start, end, covered] = [4, 8, 12].map(k => view.getUint32(at + k, little)) as [number, number, number]
      const [least, greatest, sum] = [16, 20, 24].map(k => view.getFloat32(at + k, little)) as [number, number, number]
      addValues(bins, start, end, sum, covered, least, greatest)
    }
  }
}
