import { existsSync } from 'node:fs'
import type { Interval } from '../../src-shared/genome/interval.ts'
import { someNames } from '../../src-shared/genome/locus.ts'
import { throwIfCancelled, WorkbenchError } from '../../src-shared/ipc/errors.ts'
import type { WorkContext } from '../../src-shared/job.ts'
import type { RecordBatch } from '../domain/pileup/record.ts'
import type { AlignmentFile, AlignmentHeader } from './alignments.ts'
import { readBamHeader } from './bamHeader.ts'
import { BamIndex, badIndex, type Chunk } from './bamIndex.ts'
import { decodeRecords, inconsistent, MAX_RECORD, type RecordQuery } from './bamRecords.ts'
import { blockGroups } from './bgzfGroups.ts'
import { BLOCK_MAX, blockSize, endsProperly, inflateBlock } from './blockGzip.ts'
import { type CheckedFile, openChecked } from './checkedFile.ts'
import { ensureNotOlder } from './indexAge.ts'
import { bamIndexNames } from './indexNames.ts'

/**
 * Opens a BAM file with its BAI or CSI index. The end-of-file block must be there and the index must fit the file.
 * @throws WorkbenchError `not-found`, `permission`, `wrong-type`, `truncated`, `corrupt`, `no-index`, `bad-index`
 */
export async function openBam(path: string, indexPath?: string): Promise<AlignmentFile> {
  const file = await openChecked(path)
  try {
    const header = await readBamHeader(file)
    if (!(await endsProperly(file)))
      throw new WorkbenchError('truncated', `'${path}' lacks the block that ends a complete BAM file`, 'copy or download it again') // biome-ignore format: one line
    const indexFile = indexPath ?? findIndex(path)
    const index = await BamIndex.open(indexFile)
    await ensureNotOlder(path, indexFile)
    await ensureIndexFits(file, header, index)
    return new BamFile(file, header, index)
  } catch (error) {
    await file.close()
    throw error
  }
}

/** The index beside a BAM file, in htslib's order of preference. @throws WorkbenchError `no-index` */
export function findIndex(path: string): string {
  const found = bamIndexNames(path).find(p => existsSync(p))
  if (found) return found
  throw new WorkbenchError('no-index', `'${path}' has no index (${path}.bai)`, `make one with 'diploscope index ${path}' or "samtools index"`) // biome-ignore format: one line
}

/**
 * An index of another file, or of an older state of this one, would give a wrong answer in silence. Times of files do not tell all (copying
 * sets them), so the content is looked at too: the place where the index says that placed records end must be one where
 * a block begins, inside it, and followed by unplaced records or by nothing.
 */
async function ensureIndexFits(file: CheckedFile, header: AlignmentHeader, index: BamIndex): Promise<void> {
  if (index.contigs > header.contigs.length)
    throw badIndex(index.path, `is of another file: it has ${index.contigs} contigs, '${file.path}' has ${header.contigs.length}`) // biome-ignore format: one line
  if (!index.end) return
  const stale = (how: string) => badIndex(index.path, `does not fit '${file.path}': ${how}`)
  let { block, within } = index.end
  let held = new Uint8Array(0)
  // At most a few blocks: the fixed fields of one record are 8 bytes into it.
  while (held.length < 8) {
    if (block === file.size && within === 0) break
    if (block >= file.size) throw stale('it points past the end')
    const packed = await file.read(BLOCK_MAX, block)
    if (blockSize(packed) === undefined) throw stale('it points between blocks')
    const { bytes, packedSize } = inflateBlock(packed, 0, file.path, block)
    if (within > bytes.length) throw stale('it points past the end of a block')
    const joined = new Uint8Array(held.length + bytes.length - within)
    joined.set(held)
    joined.set(bytes.subarray(within), held.length)
    held = joined
    block += packedSize
    within = 0
  }
  if (held.length >= 8 && new DataView(held.buffer).getInt32(4, true) !== -1)
    throw stale('records follow where it has none')
}

class BamFile implements AlignmentFile {
  readonly format = 'bam'

  constructor(
    private readonly file: CheckedFile,
    readonly header: AlignmentHeader,
    private readonly index: BamIndex,
  ) {}

  get path() {
    return this.file.path
  }

  async *reads(interval: Interval, ctx: WorkContext): AsyncGenerator<RecordBatch, void> {
    const { contigs } = this.header
    const contig = contigs.findIndex(c => c.name === interval.contig)
    if (contig < 0)
      throw new WorkbenchError('not-found', `contig '${interval.contig}' is not in '${this.path}'; it has ${someNames(contigs)}`, 'give one of its contigs') // biome-ignore format: one line
    throwIfCancelled(ctx.signal)
    await this.file.ensureUnchanged()
    const query: RecordQuery = {
      path: this.path,
      contigCount: contigs.length,
      contig,
      start: interval.start,
      end: interval.end,
      lastStart: -1,
      atChunkStart: true,
      finished: false,
    }
    for (const chunk of this.index.chunks(contig, interval.start, interval.end)) {
      query.atChunkStart = true
      yield* this.readChunk(chunk, query, ctx)
      if (query.finished) break
    }
    await this.file.ensureUnchanged()
  }

  private async *readChunk(chunk: Chunk, query: RecordQuery, ctx: WorkContext): AsyncGenerator<RecordBatch, void> {
    const { from, to } = chunk
    if (from.block >= this.file.size || to.block > this.file.size)
      throw badIndex(this.index.path, `points past the end of '${this.path}'`)
    // A chunk that ends at the very begin of a block does not need that block.
    const last = to.within > 0 ? to.block : to.block - 1
    let held: Uint8Array | undefined
    let begun = false
    for await (const group of blockGroups(this.file, from.block, last, ctx.signal)) {
      const { bytes } = group
      let at = 0
      if (!begun) {
        at = from.within
        if (at > group.starts[1]!) throw badIndex(this.index.path, `points past the end of a block of '${this.path}'`)
        begun = true
      }
      let stop = bytes.length
      for (let k = group.blocks - 1; k >= 0; k--)
        if (group.offsets[k] === to.block) stop = Math.min(stop, group.starts[k]! + to.within)
      if (held) {
        // A record that began in the group before: put together in a buffer of its own.
        const [joined, used] = joinRecord(held, bytes, this.path)
        held = joined
        if (used < 0) continue
        const { batch } = decodeRecords(joined, 0, joined.length, query)
        held = undefined
        at = used
        if (batch.count) yield batch
        if (query.finished) return
      }
      const { batch, next } = decodeRecords(bytes, at, stop, query)
      if (batch.count) yield batch
      if (query.finished) return
      if (next < stop) held = bytes.slice(next)
    }
    if (held) throw badIndex(this.index.path, `ends a stretch of '${this.path}' within a record`)
  }

  async close(): Promise<void> {
    await this.file.close()
  }
}

/**
 * The record whose first bytes are `head`, completed from `more`: its bytes and how many of `more` it used; -1 where more is still needed, the
 * bytes then being all so far. Grows with what arrives, not with what the record claims.
 */
function joinRecord(head: Uint8Array, more: Uint8Array, path: string): [Uint8Array, number] {
  const sizeBytes = new Uint8Array(4)
  for (let k = 0; k < 4; k++) sizeBytes[k] = (k < head.length ? head[k] : more[k - head.length]) ?? 0
  let take = more.length
  let used = -1
  if (head.length + more.length >= 4) {
    const size = new DataView(sizeBytes.buffer).getInt32(0, true)
    if (size < 32 || size > MAX_RECORD) throw inconsistent(path, `a record of ${size} bytes`)
    const needed = 4 + size - head.length
    if (needed <= more.length) {
      take = needed
      used = needed
    }
  }
  const joined = new Uint8Array(head.length + take)
  joined.set(head)
  joined.set(more.subarray(0, take), head.length)
  return [joined, used]
}
