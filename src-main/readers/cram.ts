import { createHash } from 'node:crypto'
import { basename } from 'node:path'
import { CramFile, type CramRecord } from '@gmod/cram'
import { findContig } from '../../src-shared/genome/contigs.ts'
import type { Interval } from '../../src-shared/genome/interval.ts'
import { someNames } from '../../src-shared/genome/locus.ts'
import { throwIfCancelled, WorkbenchError } from '../../src-shared/ipc/errors.ts'
import type { WorkContext } from '../../src-shared/job.ts'
import type { RecordBatch } from '../domain/pileup/record.ts'
import type { AlignmentFile, OpenAlignmentsOptions } from './alignments.ts'
import { type CheckedFile, openChecked } from './checkedFile.ts'
import {
  type CramHeader,
  checkBlock,
  corruptCram,
  readBlockPlace,
  readContainer,
  readCramHeader,
} from './cramHeader.ts'
import { batchOf } from './cramRecords.ts'
import { boundDecoding, type Slice, type SliceHeader, sliceHeader } from './cramSlice.ts'
import { ensureNotOlder } from './indexAge.ts'
import { cramIndexNames } from './indexNames.ts'
import { type CraiEntry, craiForeign, firstPresent, parseCrai } from './indexState.ts'
import { openReference, type Reference } from './reference.ts'

/** A container's blocks unpacked: htslib's slices of 10,000 reads take some megabytes, of long reads some hundred. */
const MAX_CONTAINER_BYTES = 512 * 1024 * 1024
/** Reads that lie further apart than this have their reference fetched apart, bp. */
const REFERENCE_GAP = 100_000
/** A stretch of reference is not lengthened beyond this, bp: slices of thin coverage reach over a whole chromosome. */
const MAX_WINDOW = 2 ** 25
const MD5_PIECE = 4 * 1024 * 1024

/**
 * Opens a CRAM 2.1, 3.0 or 3.1 with its .crai and a reference. A reference is needed as soon as a slice does not bring its own; its bases
 * are verified against the slice's checksum, or where the slice has none against the contig's M5.
 * @throws WorkbenchError `wrong-type`, `truncated`, `corrupt`, `no-index`, `bad-index`, `unsupported`, and what openReference throws
 */
export async function openCram(path: string, options: OpenAlignmentsOptions = {}): Promise<AlignmentFile> {
  const file = await openChecked(path)
  let reference: Reference | undefined
  try {
    const header = await readCramHeader(file)
    const entries = await readCrai(file, header, options.index)
    if (options.reference !== undefined) reference = await openReference(options.reference)
    return new CramAlignments(file, header, entries, reference)
  } catch (error) {
    await reference?.close()
    await file.close()
    throw error
  }
}

async function readCrai(file: CheckedFile, header: CramHeader, given: string | undefined): Promise<CraiEntry[]> {
  const { path } = file
  const indexPath = given ?? (await firstPresent(cramIndexNames(path)))
  if (indexPath === undefined) throw new WorkbenchError('no-index', `'${path}' has no index (${path}.crai)`, `build it with 'samtools index ${path}'`) // biome-ignore format: one line
  await ensureNotOlder(path, indexPath)
  const index = await openChecked(indexPath)
  try {
    const entries = parseCrai(await index.readFile(), indexPath)
    const foreign = craiForeign(entries, file.size, header.contigs.length)
    if (foreign) throw new WorkbenchError('bad-index', `'${indexPath}' is of another file: it ${foreign}`, `rebuild it with 'samtools index ${path}'`) // biome-ignore format: one line
    return entries
  } finally {
    await index.close()
  }
}

class CramAlignments implements AlignmentFile {
  readonly format = 'cram'
  private readonly cram: CramFile
  private readonly verified = new Map<number, Promise<void>>()

  constructor(
    private readonly file: CheckedFile,
    readonly header: CramHeader,
    private readonly entries: readonly CraiEntry[],
    private readonly reference: Reference | undefined,
  ) {
    this.cram = new CramFile({ filehandle: file })
  }

  get path() {
    return this.file.path
  }

  async *reads(interval: Interval, ctx: WorkContext): AsyncGenerator<RecordBatch, void> {
    const { contigs } = this.header
    const contig = contigs.findIndex(c => c.name === interval.contig)
    if (contig < 0)
      throw new WorkbenchError('not-found', `contig '${interval.contig}' is not in '${this.path}'; it has ${someNames(contigs)}`, 'give one of its contigs') // biome-ignore format: one line
    await this.file.ensureUnchanged()
    for (const entry of this.slicesFor(contig, interval)) {
      throwIfCancelled(ctx.signal)
      const batch = await this.readSlice(entry, contig, interval, ctx)
      if (batch.count > 0) yield batch
    }
    await this.file.ensureUnchanged()
  }

  async close(): Promise<void> {
    await this.reference?.close()
    await this.file.close()
  }

  /**
   * Slices that may hold records of the interval, in file order, each once (a slice of several contigs has a line for each).
   * Asked one base wider on each side: @gmod/cram 8.0.4's own range query misses reads whose last base is the first of the range.
   */
  private slicesFor(contig: number, { start, end }: Interval): CraiEntry[] {
    const found = new Map<string, CraiEntry>()
    for (const e of this.entries) {
      if (e.contig !== -2 && e.contig !== contig) continue
      // CRAM counts from 1: the interval's bases are start + 1 to end. A span of 0 does not tell how far a slice reaches.
      const reaches = e.contig === -2 || e.span <= 0 || e.start + e.span > start
      if (reaches && (e.contig === -2 || e.start <= end + 1)) found.set(`${e.container} ${e.slice}`, e)
    }
    return [...found.values()].sort((a, b) => a.container - b.container || a.slice - b.slice)
  }

  private async readSlice(
    entry: CraiEntry,
    contig: number,
    interval: Interval,
    ctx: WorkContext,
  ): Promise<RecordBatch> {
    try {
      const unpackedBytes = await this.checkContainer(entry)
      const slice = this.cram.getContainerAtPosition(entry.container).getSlice(entry.slice, entry.bytes)
      const header = sliceHeader(await slice.getHeader())
      // Every record takes at least a byte somewhere: more are a damaged count, over which the decoder would loop.
      if (header.numRecords < 0 || header.numRecords > unpackedBytes + 1024)
        throw corruptCram(
          this.path,
          `${header.numRecords} records in the slice at byte ${entry.container + entry.slice}`,
        )
      const scheme = await slice.container.getCompressionScheme()
      if (!scheme) throw corruptCram(this.path, `no compression header in the container at byte ${entry.container}`)
      const core = (await slice.getBlocks())[0]
      if (!core) throw corruptCram(this.path, `a slice without blocks at byte ${entry.container + entry.slice}`)
      boundDecoding(scheme, core, unpackedBytes)
      const records = await slice._fetchRecords({ decodeTags: true })
      const wanted = (r: CramRecord) => overlaps(r, contig, interval)
      // Required unless the file says otherwise (CRAM spec 8.4, RR); the decoder's own `referenceRequired` takes absent for no.
      const required = (await slice.container.getCompressionHeaderBlock())?.parsedContent.preservation.RR !== false
      const bases = await this.basesFor(slice, header, records.filter(wanted), required, ctx)
      return batchOf(records, wanted, {
        bases,
        substitutions: scheme.substitutionMatrix,
        recordCounter: header.recordCounter,
        fileName: basename(this.path),
      })
    } catch (error) {
      throw this.coded(error, entry)
    }
  }

  /**
   * Checks a container's blocks before the decoder may see them: it unpacks a block before it looks at its checksum, and on damaged data
   * its unpacking may never end. @returns the bytes that the blocks unpack to
   */
  private async checkContainer(entry: CraiEntry): Promise<number> {
    const { majorVersion } = this.header
    const container = await readContainer(this.file, entry.container, majorVersion)
    let total = 0
    let at = container.blocksAt
    for (let i = 0; i < container.blocks && at < container.end; i++) {
      const block = await readBlockPlace(this.file, at, majorVersion)
      total += block.unpackedSize
      if (block.end > container.end) throw corruptCram(this.path, `a block that leaves its container at byte ${at}`)
      if (total > MAX_CONTAINER_BYTES) throw corruptCram(this.path, `a container that unpacks to over ${total} bytes at byte ${entry.container}`) // biome-ignore format: one line
      await checkBlock(this.file, at, block, majorVersion)
      at = block.end
    }
    return total
  }

  /** The reference under the wanted records, verified, as a look-up of 0-based ranges. */
  private async basesFor(
    slice: Slice,
    header: SliceHeader,
    records: readonly CramRecord[],
    required: boolean,
    ctx: WorkContext,
  ) {
    if (header.refBaseBlockId >= 0) {
      const embedded = (await slice.getBlockByContentId(header.refBaseBlockId))?.content
      if (!embedded) throw corruptCram(this.path, 'a slice without the reference that it should bring')
      const text = Buffer.from(embedded).toString('latin1').toUpperCase()
      return (_contig: number, start: number, end: number) => {
        const from = start - (header.refSeqStart - 1)
        return text.slice(Math.max(0, from), from + end - start).padEnd(end - start, 'N')
      }
    }
    const needed = records.filter(r => !(r.flags & 4) && (r.lengthOnRef ?? 0) > 0)
    if (needed.length === 0 || !required) return (_: number, start: number, end: number) => 'N'.repeat(end - start) // biome-ignore format: one line
    await this.verify(header, [...new Set(needed.map(r => r.sequenceId))], ctx)
    const windows = await this.windowsOf(needed, ctx)
    return (contig: number, start: number, end: number) => {
      const window = windows.find(w => w.contig === contig && w.start <= start && end <= w.end)
      if (!window) throw new RangeError('a read feature outside its read')
      return window.bases.slice(start - window.start, end - window.start)
    }
  }

  private async windowsOf(records: readonly CramRecord[], ctx: WorkContext) {
    const windows: { contig: number; start: number; end: number; bases: string }[] = []
    for (const r of [...records].sort((a, b) => a.sequenceId - b.sequenceId || a.alignmentStart - b.alignmentStart)) {
      const [start, end] = [r.alignmentStart - 1, r.alignmentStart - 1 + (r.lengthOnRef ?? 0)]
      const last = windows.at(-1)
      if (last?.contig === r.sequenceId && start <= last.end + REFERENCE_GAP && last.end - last.start < MAX_WINDOW)
        last.end = Math.max(last.end, end)
      else windows.push({ contig: r.sequenceId, start, end, bases: '' })
    }
    for (const w of windows) {
      const { name, length } = this.contigOf(w.contig)
      const end = Math.min(w.end, length)
      const known = w.start < end ? await this.needReference(name).sequence(name, w.start, end, { upperCase: true, signal: ctx.signal }) : '' // biome-ignore format: one line
      w.bases = known.padEnd(w.end - w.start, 'N')
    }
    return windows
  }

  /** @throws WorkbenchError `no-reference` when the reference is not the one that the slice was packed with */
  private async verify(header: SliceHeader, contigs: readonly number[], ctx: WorkContext): Promise<void> {
    const wrong = (name: string) =>
      new WorkbenchError('no-reference', `contig '${name}' of '${this.needReference(name).path}' is not the sequence with which '${this.path}' was packed`, 'give the reference that its header names (M5, UR)', { contig: name }) // biome-ignore format: one line
    for (const contig of contigs) {
      const { name, length } = this.contigOf(contig)
      const found = findContig(name, this.needReference(name).contigs)
      if (!found)
        throw this.noReference(name, `the reference '${this.needReference(name).path}' has no contig '${name}'`)
      if (found.length !== length) throw this.noReference(name, `contig '${name}' has ${found.length} bp in '${this.needReference(name).path}', ${length} bp in '${this.path}'`) // biome-ignore format: one line
    }
    const stored = header.md5?.some(byte => byte !== 0) ? Buffer.from(header.md5).toString('hex') : undefined
    if (header.refSeqId >= 0 && stored !== undefined) {
      const { name, length } = this.contigOf(header.refSeqId)
      const start = Math.max(0, header.refSeqStart - 1)
      const end = Math.min(length, start + header.refSeqSpan)
      if ((await this.md5(name, start, end, ctx)) !== stored) throw wrong(name)
      return
    }
    for (const contig of contigs) {
      const { name, length } = this.contigOf(contig)
      const m5 = this.header.md5s.get(name)
      if (m5 === undefined) continue
      let checking = this.verified.get(contig)
      if (!checking) {
        checking = this.md5(name, 0, length, ctx).then(md5 => {
          if (md5 !== m5) throw wrong(name)
        })
        this.verified.set(contig, checking)
        checking.catch(() => this.verified.delete(contig))
      }
      await checking
    }
  }

  private async md5(name: string, start: number, end: number, ctx: WorkContext): Promise<string> {
    const hash = createHash('md5')
    for (let at = start; at < end; at += MD5_PIECE)
      hash.update(await this.needReference(name).sequence(name, at, Math.min(end, at + MD5_PIECE), { upperCase: true, signal: ctx.signal })) // biome-ignore format: one line
    return hash.digest('hex')
  }

  private contigOf(contig: number) {
    const found = this.header.contigs[contig]
    if (!found) throw corruptCram(this.path, `a record on contig ${contig + 1} of ${this.header.contigs.length}`)
    return found
  }

  private needReference(contig: string): Reference {
    if (!this.reference) throw this.noReference(contig, `'${this.path}' needs its reference for contig '${contig}'`)
    return this.reference
  }

  private noReference(contig: string, message: string): WorkbenchError {
    return new WorkbenchError('no-reference', message, 'give it with --reference FILE (FASTA or 2bit)', { contig })
  }

  /** What the decoder throws is plain errors: of damaged data, of what it does not know, and of its own bounds. */
  private coded(error: unknown, entry: CraiEntry): WorkbenchError {
    if (error instanceof WorkbenchError) return error
    const name = error instanceof Error ? error.constructor.name : ''
    if (name === 'CramUnimplementedError')
      return new WorkbenchError('unsupported', `'${this.path}' uses a part of CRAM that is not read here`, `convert it: samtools view -C --output-fmt-option version=3.0`, undefined, { cause: error }) // biome-ignore format: one line
    return corruptCram(this.path, `a damaged slice at byte ${entry.container + entry.slice}`, error)
  }
}

/** The overlap test of a BAM query: a record without reference bases counts as one base long. */
function overlaps(r: CramRecord, contig: number, { start, end }: Interval): boolean {
  if (r.sequenceId !== contig) return false
  const first = r.alignmentStart - 1
  const length = r.flags & 4 ? 1 : Math.max(1, r.lengthOnRef ?? 1)
  return first < end && first + length > start
}
