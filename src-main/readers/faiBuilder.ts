import { throwIfCancelled, WorkbenchError } from '../../src-shared/ipc/errors.ts'
import type { WorkContext } from '../../src-shared/job.ts'
import { BLOCK_MAX, blockSize, blocksOf, endsProperly, isGzip } from './blockGzip.ts'
import type { CheckedFile } from './checkedFile.ts'
import type { FaiEntry, GziIndex } from './faiIndex.ts'

export interface BuiltFai {
  readonly entries: readonly FaiEntry[]
  /** Present when the FASTA is bgzip. */
  readonly gzi?: GziIndex
  /** Contigs left out, as samtools leaves them out: a name that comes twice, an entry without sequence. */
  readonly warnings: readonly string[]
}

/** Longest header line that is kept; a longer one is no FASTA. */
const MAX_HEADER = 1024 * 1024

/**
 * Indexes a FASTA, plain or bgzip, in one pass and bounded memory, by the rules of `samtools faidx` (htslib 1.16 faidx.c):
 * all lines of a sequence are equally long but the last; blank lines only after a sequence.
 * @throws WorkbenchError `bad-input` (ragged lines, not FASTA; with the line), `unsupported` (gzip), `truncated`, `corrupt`, `cancelled`
 */
export async function buildFai(file: CheckedFile, context: WorkContext): Promise<BuiltFai> {
  const scan = new FastaScan(file.path)
  const start = await file.read(BLOCK_MAX, 0)
  if (!isGzip(start)) {
    for await (const bytes of piecesOf(file, context)) scan.add(bytes)
    return scan.finish()
  }
  if (blockSize(start) === undefined)
    throw new WorkbenchError('unsupported', `'${file.path}' is compressed with gzip, which cannot be read at random`, 'unpack it with gunzip, or pack it with bgzip') // biome-ignore format: one line
  if (!(await endsProperly(file)))
    throw new WorkbenchError('truncated', `'${file.path}' lacks the end-of-file block of bgzip`, 'copy or download it again') // biome-ignore format: one line
  const packed: number[] = []
  const unpacked: number[] = []
  let done = 0
  for await (const block of blocksOf(file, context.signal)) {
    packed.push(block.offset)
    unpacked.push(done)
    scan.add(block.bytes)
    done += block.bytes.length
    context.report({ phase: 'indexing', done: block.offset + block.packedSize, total: file.size })
  }
  // The end-of-file block is no block of data: bgzip's own index leaves it out.
  packed.pop()
  unpacked.pop()
  return { ...scan.finish(), gzi: { packed: Float64Array.from(packed), unpacked: Float64Array.from(unpacked) } }
}

async function* piecesOf(file: CheckedFile, context: WorkContext): AsyncGenerator<Uint8Array, void> {
  for (let at = 0; at < file.size; ) {
    throwIfCancelled(context.signal)
    const bytes = await file.read(4 * 1024 * 1024, at)
    at += bytes.length
    yield bytes
    context.report({ phase: 'indexing', done: at, total: file.size })
  }
}

/** htslib's state machine, a line at a time: between sequences, or within one (after its header, before a short or blank line). */
class FastaScan {
  private readonly entries: FaiEntry[] = []
  private readonly names = new Set<string>()
  private readonly warnings: string[] = []
  private position = 0
  private line = 1
  /** What the current line is; undefined at its first byte. */
  private lineIs: 'header' | 'bases' | 'blank' | undefined
  private lineBytes = 0
  private lineGraph = 0
  private header: number[] = []
  private within = false
  private name = ''
  private offset = 0
  private length = 0
  private entryLineBytes = 0
  private entryLineBases = 0
  private hasLines = false
  private seenHeader = false

  constructor(private readonly path: string) {}

  add(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length; ) {
      if (this.lineIs === undefined) this.beginLine(bytes[at]!)
      const newline = bytes.indexOf(10, at)
      const end = newline < 0 ? bytes.length : newline
      this.take(bytes, at, end)
      at = newline < 0 ? end : newline + 1
      this.position += newline < 0 ? 0 : 1
      if (newline >= 0) this.endLine()
    }
  }

  finish(): { entries: FaiEntry[]; warnings: string[] } {
    if (this.lineIs === 'header' && this.lineBytes > 1) throw this.noSequence(this.headerName())
    // A lone '>' at the very end is no entry to htslib.
    const loneMark = this.lineIs === 'header'
    if (this.lineIs === 'blank' && this.lineBytes > 0) throw this.format('a carriage return without a new line')
    if (this.lineIs === 'bases') this.endLine()
    if (!this.seenHeader) throw this.format('no sequence', 'is it a FASTA?')
    if (this.hasLines) this.insert()
    else if (!loneMark) throw this.noSequence(this.name)
    return { entries: this.entries, warnings: this.warnings }
  }

  private beginLine(first: number): void {
    this.lineBytes = 0
    this.lineGraph = 0
    if (first === 62) {
      this.lineIs = 'header'
      this.header = []
    } else if (this.within) this.lineIs = first === 10 ? 'blank' : 'bases'
    else if (first === 10 || first === 13) this.lineIs = 'blank'
    else if (first === 64 && !this.seenHeader)
      throw new WorkbenchError('wrong-type', `'${this.path}' is a FASTQ`, 'give a FASTA with the reference sequence')
    else if (!this.seenHeader)
      throw this.format(`'${shown(first)}' where '>' should begin a sequence`, 'is it a FASTA?')
    else throw this.format(`a line that follows a shorter or blank one in sequence '${this.name.slice(0, 60)}'`)
  }

  private take(bytes: Uint8Array, from: number, to: number): void {
    this.lineBytes += to - from
    this.position += to - from
    if (this.lineIs === 'bases') {
      let graph = 0
      for (let i = from; i < to; i++) if (bytes[i]! > 32 && bytes[i]! < 127) graph++
      this.lineGraph += graph
    } else if (this.lineIs === 'header') {
      if (this.lineBytes > MAX_HEADER) throw this.format('a header of over 1 MB', 'is it a FASTA?')
      for (let i = from; i < to; i++) this.header.push(bytes[i]!)
    } else if (this.lineBytes > 1 || (to > from && bytes[from] !== 13))
      throw this.format('a carriage return without a new line')
  }

  private endLine(): void {
    if (this.lineIs === 'header') {
      if (this.hasLines) this.insert()
      else if (this.seenHeader) this.warnings.push(`'${this.name}' has no sequence and is left out`)
      this.seenHeader = true
      this.hasLines = false
      this.within = true
      this.name = this.headerName()
      this.offset = this.position
      this.length = this.entryLineBytes = this.entryLineBases = 0
    } else if (this.lineIs === 'blank') this.within = false
    else {
      const bytes = this.lineBytes + 1
      this.hasLines = true
      this.length += this.lineGraph
      if (this.entryLineBytes === 0) {
        this.entryLineBytes = bytes
        this.entryLineBases = this.lineGraph
      } else if (bytes < this.entryLineBytes) this.within = false
      else if (bytes > this.entryLineBytes)
        throw this.format(`a line longer than the lines before it in sequence '${this.name.slice(0, 60)}'`)
    }
    this.line++
    this.lineIs = undefined
  }

  private headerName(): string {
    const text = new TextDecoder().decode(Uint8Array.from(this.header.slice(1)))
    return /^[ \t\v\f\r]*([^ \t\v\f\r\n]*)/.exec(text)?.[1] ?? ''
  }

  private insert(): void {
    if (this.names.has(this.name)) {
      this.warnings.push(`'${this.name}' comes a second time; the first one is kept`)
      return
    }
    this.names.add(this.name)
    this.entries.push({
      name: this.name,
      length: this.length,
      offset: this.offset,
      lineBases: this.entryLineBases,
      lineBytes: this.entryLineBytes,
    })
  }

  private format(what: string, remedy = 'wrap all lines of a sequence to one width, e.g. with seqkit or fold') {
    return new WorkbenchError('bad-input', `line ${this.line} of '${this.path}' has ${what}`, remedy)
  }

  private noSequence(name: string) {
    return new WorkbenchError('truncated', `the last entry '${name.slice(0, 60)}' of '${this.path}' has no sequence`, 'copy or download it again') // biome-ignore format: one line
  }
}

const shown = (byte: number) =>
  byte > 32 && byte < 127 ? String.fromCharCode(byte) : `byte 0x${byte.toString(16).padStart(2, '0')}`
