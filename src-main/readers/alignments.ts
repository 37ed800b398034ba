import type { Interval } from '../../src-shared/genome/interval.ts'
import type { Contig } from '../../src-shared/genome/locus.ts'
import { WorkbenchError } from '../../src-shared/ipc/errors.ts'
import type { WorkContext } from '../../src-shared/job.ts'
import type { RecordBatch } from '../domain/pileup/record.ts'
import { openChecked } from './checkedFile.ts'

export interface AlignmentHeader {
  /** SAM header text as in the file. */
  readonly text: string
  readonly contigs: readonly Contig[]
  /** `SO` of the `@HD` line; `unknown` when absent. */
  readonly sortOrder: string
  /** Distinct `SM` values of the `@RG` lines, in their order. */
  readonly samples: readonly string[]
}

/** An indexed file of alignments, open for reading by region. */
export interface AlignmentFile {
  readonly path: string
  readonly format: 'bam' | 'cram'
  readonly header: AlignmentHeader
  /**
   * Every record that overlaps the interval (unfiltered by flags), in file order, in batches of bounded size. A record
   * that consumes no reference base counts as one base long. `interval.contig` is a name of the header, exactly.
   * @throws WorkbenchError `not-found`, `corrupt`, `truncated`, `bad-index`, `unsorted`, `changed`, `cancelled`
   */
  reads(interval: Interval, ctx: WorkContext): AsyncIterable<RecordBatch>
  close(): Promise<void>
}

export interface OpenAlignmentsOptions {
  /** FASTA or 2bit; needed for CRAM. */
  readonly reference?: string
  /** The index, when it does not lie beside the file. */
  readonly index?: string
}

/**
 * Opens a BAM or CRAM file, told apart by content, with its index.
 * @throws WorkbenchError `not-found`, `permission`, `wrong-type`, `truncated`, `corrupt`, `no-index`, `bad-index`, `no-reference`
 */
export async function openAlignments(path: string, options: OpenAlignmentsOptions = {}): Promise<AlignmentFile> {
  const file = await openChecked(path)
  let head: Uint8Array
  try {
    head = await file.read(4, 0)
  } finally {
    await file.close()
  }
  if (head.length === 0) throw new WorkbenchError('truncated', `'${path}' is empty`, 'copy or download it again')
  if (head[0] === 0x43 && head[1] === 0x52 && head[2] === 0x41 && head[3] === 0x4d) {
    // Loaded only when needed: its decoders would cost every BAM run their start-up time.
    const { openCram } = await import('./cram.ts')
    return openCram(path, options)
  }
  const { openBam } = await import('./bam.ts')
  return openBam(path, options.index)
}

/**
 * Whether a header says that the whole file is made up: a comment or a read group's description that begins with `synthetic:`. The word
 * elsewhere says nothing: real reads are aligned beside synthetic spike-ins.
 */
export const isSynthetic = (text: string): boolean => /^@CO\tsynthetic:|^@RG\t(?:.*\t)?DS:synthetic:/m.test(text)

/** Sort order and samples of a SAM header text. */
export function describeHeader(text: string): { sortOrder: string; samples: string[] } {
  let sortOrder = 'unknown'
  const samples = new Set<string>()
  for (const line of text.split('\n')) {
    const fields = line.split('\t')
    const value = (tag: string) => fields.find(f => f.startsWith(`${tag}:`))?.slice(3)
    if (fields[0] === '@HD') sortOrder = value('SO') ?? sortOrder
    if (fields[0] === '@RG') {
      const sample = value('SM')
      if (sample) samples.add(sample)
    }
  }
  return { sortOrder, samples: [...samples] }
}
