import { formatPosition } from '../../src-shared/genome/locus.ts'
import { WorkbenchError } from '../../src-shared/ipc/errors.ts'
import type { WorkContext } from '../../src-shared/job.ts'
import { virtualOffset } from './bamStream.ts'
import { BinAccumulator } from './binAccumulator.ts'
import { formatBinIndex } from './binIndex.ts'
import { BAI_BINNING, reach } from './binning.ts'
import { bgzip, blocksOf, endsProperly } from './blockGzip.ts'
import type { CheckedFile } from './checkedFile.ts'

const MAX_LINE = 64 * 1024 * 1024

/**
 * The .tbi of a bgzip VCF sorted by position (tabix specification), with the bins, linear index and counts of htslib 1.16.
 * @throws WorkbenchError `unsorted` (with the line), `bad-input` (a line without position), `unsupported` (beyond 2^29 bp), `truncated`,
 * `corrupt`, `cancelled`
 */
export async function buildVcfTabix(file: CheckedFile, context: WorkContext): Promise<Uint8Array> {
  if (!(await endsProperly(file)))
    throw new WorkbenchError(
      'truncated',
      `'${file.path}' lacks the end-of-file block of bgzip`,
      'copy or download it again',
    )
  let lines: TabixLines | undefined
  let rest = ''
  let begin = 0
  let number = 0
  let headerEnd = 0
  for await (const block of blocksOf(file, context.signal)) {
    const { bytes } = block
    for (let at = 0; at < bytes.length; ) {
      const newline = bytes.indexOf(10, at)
      rest += Buffer.from(bytes.subarray(at, newline < 0 ? bytes.length : newline)).toString('latin1')
      if (rest.length > MAX_LINE) throw new WorkbenchError('corrupt', `line ${number + 1} of '${file.path}' is over 64 MB long`, 'is it a VCF?') // biome-ignore format: one line
      if (newline < 0) break
      at = newline + 1
      const end = virtualOffset(block, at)
      number++
      if (rest.startsWith('#') && !lines) headerEnd = end
      else if (rest !== '' && !rest.startsWith('#')) {
        lines ??= new TabixLines(file.path, headerEnd)
        lines.add(rest, number, begin, end)
      }
      begin = end
      rest = ''
    }
    context.report({ phase: 'indexing', done: block.offset + block.packedSize, total: file.size })
  }
  if (rest !== '' && !rest.startsWith('#')) throw new WorkbenchError('truncated', `'${file.path}' ends within line ${number + 1}`, 'copy or download it again') // biome-ignore format: one line
  return (lines ?? new TabixLines(file.path, headerEnd)).format()
}

class TabixLines {
  private readonly bins: BinAccumulator
  private readonly names: string[] = []
  private lastStart = -1
  private end: number

  constructor(
    private readonly path: string,
    firstLine: number,
  ) {
    this.bins = new BinAccumulator(BAI_BINNING, firstLine)
    this.end = firstLine
  }

  add(line: string, number: number, begin: number, end: number): void {
    const [contig = '', position = '', , reference = '', , , , info = ''] = line.split('\t', 8)
    if (contig === '' || !/^\d{1,10}$/.test(position) || reference === '')
      throw new WorkbenchError(
        'bad-input',
        `line ${number} of '${this.path}' has no position`,
        'check that it is a VCF',
      )
    const start = Number(position) - 1
    const last = this.names.at(-1)
    if (contig !== last) {
      if (this.names.includes(contig)) throw this.unsorted(number, contig, start, `lines of '${last}'`)
      this.names.push(contig)
      this.bins.enter(this.names.length - 1, begin)
    } else if (start < this.lastStart)
      throw this.unsorted(number, contig, start, formatPosition(contig, this.lastStart))
    this.lastStart = start
    this.end = end
    const told = Number(/(?:^|;)END=(\d{1,10})/.exec(info)?.[1] ?? 0)
    const to = told > start ? told : start + reference.length
    if (to > reach(BAI_BINNING))
      throw new WorkbenchError('unsupported', `line ${number} of '${this.path}' reaches ${formatPosition(contig, to - 1)}, past what a .tbi can hold`, `tabix -C ${this.path}`) // biome-ignore format: one line
    this.bins.add(Math.max(0, start), Math.max(1, to), begin, true)
  }

  format(): Uint8Array {
    const contigs = this.bins.finish(this.end)
    const index = formatBinIndex({ format: 'bai', binning: BAI_BINNING, contigs, unplaced: 0 })
    const names = Buffer.from(this.names.map(name => `${name}\0`).join(''), 'latin1')
    // Preset 2 is VCF; contig and position are columns 1 and 2; comments begin with '#' (35).
    const columns = Int32Array.of(2, 1, 2, 0, 35, 0, names.length)
    return bgzip(Buffer.concat([Buffer.from('TBI\x01'), index.subarray(4, 8), new Uint8Array(columns.buffer), names, index.subarray(8)])) // biome-ignore format: one line
  }

  private unsorted(number: number, contig: string, start: number, before: string): WorkbenchError {
    return new WorkbenchError('unsorted', `line ${number} of '${this.path}' (${formatPosition(contig, start)}) comes after ${before}`, `sort it first: bcftools sort -Oz -o sorted.vcf.gz ${this.path}`) // biome-ignore format: one line
  }
}
