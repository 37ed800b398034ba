import { findContig } from '../../src-shared/genome/contigs.ts'
import type { Interval } from '../../src-shared/genome/interval.ts'
import type { Contig } from '../../src-shared/genome/locus.ts'
import { throwIfCancelled, WorkbenchError } from '../../src-shared/ipc/errors.ts'
import type { WorkContext } from '../../src-shared/job.ts'
import { type BinIndex, parseBinIndex } from './binIndex.ts'
import { BAI_BINNING, firstBin } from './binning.ts'
import { blockSize, blocksOf, isGzip } from './blockGzip.ts'
import { type CheckedFile, openChecked } from './checkedFile.ts'
import { isOlder, olderIndex } from './indexAge.ts'
import { firstPresent } from './indexState.ts'
import { linesOf } from './textLines.ts'
import { type VariantColumns, VariantRows } from './variantRows.ts'

/** A VCF, open for reading by region. */
export interface VariantFile {
  readonly path: string
  /** Of the header's ##contig lines; lengths 0 where not given. Of the index where the header has none. */
  readonly contigs: readonly Contig[]
  readonly samples: readonly string[]
  /**
   * Variants that overlap an interval (any alias of the contig), in the file's order, with the genotypes of one sample where it is named.
   * A contig that the file does not have gives none.
   * @throws WorkbenchError `not-found` (sample), `corrupt`, `truncated`, `bad-index`, `changed`, `cancelled`
   */
  region(interval: Interval, context: WorkContext, options?: RegionOptions): Promise<VariantColumns>
  close(): Promise<void>
}

export interface RegionOptions {
  readonly sample?: string
  /** Variants past this many are counted, not kept. */
  readonly limit?: number
}

const LIMIT = 100_000

interface Header {
  readonly contigs: readonly Contig[]
  readonly samples: readonly string[]
}

/**
 * Opens a VCF: bgzip with its .tbi or .csi, or plain or gzip, which is gone through for every query.
 * @throws WorkbenchError `not-found`, `permission`, `wrong-type`, `no-index`, `bad-index`, `truncated`, `corrupt`
 */
export async function openVariants(path: string, context: WorkContext): Promise<VariantFile> {
  const file = await openChecked(path)
  try {
    const head = await file.read(4096)
    const bgzip = isGzip(head) && blockSize(head) !== undefined
    const header = await readHeader(file, context)
    if (!bgzip) return new ScannedVcf(file, header)
    const indexPath = await firstPresent([`${path}.tbi`, `${path}.csi`])
    if (indexPath === undefined) throw new WorkbenchError('no-index', `'${path}' has no index (${path}.tbi)`, `build it with 'diploscope index ${path}'`) // biome-ignore format: one line
    const index = await openChecked(indexPath)
    try {
      if (isOlder(index.modifiedMs, file.modifiedMs)) throw olderIndex(path, indexPath)
      const parsed = parseBinIndex(await index.readFile(), indexPath)
      if (parsed.names.length !== parsed.contigs.length) throw new WorkbenchError('bad-index', `'${indexPath}' names ${parsed.names.length} of its ${parsed.contigs.length} contigs`, `rebuild it with 'diploscope index ${path}'`) // biome-ignore format: one line
      return new IndexedVcf(file, header, parsed, indexPath)
    } finally {
      await index.close()
    }
  } catch (error) {
    await file.close()
    throw error
  }
}

async function readHeader(file: CheckedFile, context: WorkContext): Promise<Header> {
  const contigs: Contig[] = []
  for await (const { lines } of linesOf(file, { signal: context.signal, report() {} }))
    for (const line of lines) {
      const contig = /^##contig=<(.*)>/.exec(line)?.[1]
      if (contig !== undefined) {
        const name = /(?:^|,)ID=([^,]+)/.exec(contig)?.[1]
        if (name !== undefined) contigs.push({ name, length: Number(/(?:^|,)length=(\d+)/.exec(contig)?.[1] ?? 0) })
      }
      if (line.startsWith('#CHROM')) return { contigs, samples: line.split('\t').slice(9) }
      if (!line.startsWith('#') && line !== '')
        throw new WorkbenchError('wrong-type', `'${file.path}' has no VCF header`, 'give a VCF that begins with ##fileformat or #CHROM') // biome-ignore format: one line
    }
  throw new WorkbenchError('truncated', `'${file.path}' has no line of columns (#CHROM)`, 'copy or download it again')
}

function rowsFor(
  file: CheckedFile,
  header: Header,
  contig: string,
  interval: Interval,
  options: RegionOptions,
): VariantRows {
  const column = options.sample === undefined ? -1 : header.samples.indexOf(options.sample)
  if (options.sample !== undefined && column < 0)
    throw new WorkbenchError('not-found', `sample '${options.sample.slice(0, 60)}' is not in '${file.path}'`, `it has ${header.samples.slice(0, 4).join(', ') || 'none'}${header.samples.length > 4 ? '…' : ''}`) // biome-ignore format: one line
  return new VariantRows({ ...interval, contig }, column < 0 ? undefined : 9 + column, options.limit ?? LIMIT)
}

class ScannedVcf implements VariantFile {
  /** Contigs as the lines spell them: found on the way, since a header need not name them. */
  private readonly seen = new Map<string, Contig>()
  constructor(
    private readonly file: CheckedFile,
    private readonly header: Header,
  ) {}
  get path() {
    return this.file.path
  }
  get contigs() {
    return this.header.contigs
  }
  get samples() {
    return this.header.samples
  }

  async region(interval: Interval, context: WorkContext, options: RegionOptions = {}): Promise<VariantColumns> {
    await this.file.ensureUnchanged()
    const rows = rowsFor(this.file, this.header, interval.contig, interval, options)
    for await (const { lines, first } of linesOf(this.file, context))
      for (const [i, line] of lines.entries()) {
        if (line === '' || line.startsWith('#')) continue
        const name = line.slice(0, Math.max(0, line.indexOf('\t')))
        let contig = this.seen.get(name)
        if (!contig) {
          contig = { name, length: 0 }
          this.seen.set(name, contig)
        }
        if (name !== interval.contig && !findContig(interval.contig, [contig])) continue
        rows.add(line, first + i)
      }
    return rows.finish()
  }

  close(): Promise<void> {
    return this.file.close()
  }
}

class IndexedVcf implements VariantFile {
  readonly contigs: readonly Contig[]
  private readonly indexed: readonly Contig[]
  constructor(
    private readonly file: CheckedFile,
    private readonly header: Header,
    private readonly index: BinIndex & { readonly names: readonly string[] },
    private readonly indexPath: string,
  ) {
    this.indexed = index.names.map(name => ({ name, length: 0 }))
    this.contigs = header.contigs.length > 0 ? header.contigs : this.indexed
  }
  get path() {
    return this.file.path
  }
  get samples() {
    return this.header.samples
  }

  async region(interval: Interval, context: WorkContext, options: RegionOptions = {}): Promise<VariantColumns> {
    await this.file.ensureUnchanged()
    const contig = findContig(interval.contig, this.indexed)
    const rows = rowsFor(this.file, this.header, contig?.name ?? interval.contig, interval, options)
    if (contig)
      for (const [from, to] of this.chunks(this.indexed.indexOf(contig), interval))
        if (await this.readChunk(from, to, contig.name, interval.end, rows, context)) break
    return rows.finish()
  }

  close(): Promise<void> {
    return this.file.close()
  }

  /** Stretches of the file, as virtual offsets, that hold all lines of the interval; merged, in order. */
  private chunks(contig: number, { start, end }: Interval): [number, number][] {
    const { bins, linear } = this.index.contigs[contig]!
    const { minShift, depth } = this.index.binning
    const least = this.index.binning === BAI_BINNING ? (linear[Math.min(linear.length - 1, Math.floor(Math.max(0, start) / 2 ** minShift))] ?? 0) : 0 // biome-ignore format: one choice
    const found: [number, number][] = []
    for (let level = 0, size = 2 ** (minShift + 3 * depth); level <= depth; level++, size /= 8) {
      const first = firstBin(level) + Math.floor(Math.max(0, start) / size)
      const last = Math.min(firstBin(level + 1) - 1, firstBin(level) + Math.floor(Math.max(0, end - 1) / size))
      // A level of many bins is walked by those that are there, which are never more than the file has blocks for.
      const there =
        last - first < bins.size ? range(first, last) : [...bins.keys()].filter(b => b >= first && b <= last)
      for (const bin of there) {
        const chunks = bins.get(bin)
        for (let i = 0; chunks && i < chunks.length; i += 2)
          if (chunks[i + 1]! > least) found.push([Math.max(least, chunks[i]!), chunks[i + 1]!])
      }
    }
    found.sort((a, b) => a[0] - b[0])
    const merged: [number, number][] = []
    for (const chunk of found) {
      const before = merged.at(-1)
      if (before && chunk[0] <= before[1]) before[1] = Math.max(before[1], chunk[1])
      else merged.push(chunk)
    }
    return merged
  }

  /** @returns true when a line past the interval was met: the file is sorted, nothing follows */
  private async readChunk(
    from: number,
    to: number,
    contig: string,
    end: number,
    rows: VariantRows,
    context: WorkContext,
  ): Promise<boolean> {
    const bad = (what: string) => new WorkbenchError('bad-index', `'${this.indexPath}' ${what}`, `rebuild it with 'diploscope index --force ${this.path}'`) // biome-ignore format: one line
    const decoder = new TextDecoder()
    let rest = ''
    let skip = from % 65_536
    const firstBlock = Math.floor(from / 65_536)
    if (firstBlock >= this.file.size || blockSize(await this.file.read(4096, firstBlock)) === undefined)
      throw bad(`points to byte ${firstBlock} of '${this.path}', where no block begins`)
    for await (const block of blocksOf(this.file, context.signal, firstBlock, 256 * 1024)) {
      throwIfCancelled(context.signal)
      const last = block.offset === Math.floor(to / 65_536)
      if (block.offset > Math.floor(to / 65_536)) break
      if (skip > block.bytes.length) throw bad('points past the end of a block')
      const lines = (rest + decoder.decode(block.bytes.subarray(skip, last ? to % 65_536 : undefined), { stream: true })).split('\n') // biome-ignore format: one line
      skip = 0
      rest = lines.pop() ?? ''
      for (const line of lines) {
        if (line === '' || line.startsWith('#')) continue
        const name = line.slice(0, Math.max(0, line.indexOf('\t')))
        if (name !== contig) {
          if (rows.began) return true
          continue
        }
        if (rows.add(line.endsWith('\r') ? line.slice(0, -1) : line, 0) >= end) return true
      }
      if (last) break
    }
    if (rest !== '' && rest.startsWith(`${contig}\t`)) rows.add(rest, 0)
    return false
  }
}

const range = (first: number, last: number): number[] =>
  Array.from({ length: Math.max(0, last - first + 1) }, (_, i) => first + i)
