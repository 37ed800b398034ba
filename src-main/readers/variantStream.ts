import { WorkbenchError } from '../../src-shared/ipc/errors.ts'
import type { WorkContext } from '../../src-shared/job.ts'
import { type CheckedFile, openChecked } from './checkedFile.ts'
import { linesOf } from './textLines.ts'
import { VariantRows } from './variantRows.ts'

/** A line of a VCF. */
export interface VariantRecord {
  readonly line: string
  /** 1-based. */
  readonly number: number
  readonly contig: string
  /** 0-based; -1 for POS 0, or where there is none. */
  readonly position: number
  readonly id: string
  readonly ref: string
  /** As in the file; empty for `.`. */
  readonly alts: readonly string[]
  /** Why it is no variant. */
  readonly problem?: string
}

/** A VCF that is read from its first line to its last, in whatever order it is. */
export interface VariantStream {
  readonly path: string
  /** Lines from ## to #CHROM, that one included. */
  readonly header: readonly string[]
  /** Records in the order of the file. To be gone through once at a time. */
  records(context: WorkContext): AsyncGenerator<VariantRecord, void>
  close(): Promise<void>
}

/**
 * Opens a VCF (plain, gzip or bgzip; no index is needed).
 * @throws WorkbenchError `not-found`, `permission`, `wrong-type`, `truncated`, `corrupt`
 */
export async function openVariantStream(path: string, context: WorkContext): Promise<VariantStream> {
  const file = await openChecked(path)
  try {
    const header = await headerOf(file, { signal: context.signal, report() {} })
    return { path, header, records: work => records(file, work), close: () => file.close() }
  } catch (error) {
    await file.close()
    throw error
  }
}

async function headerOf(file: CheckedFile, context: WorkContext): Promise<readonly string[]> {
  const header: string[] = []
  for await (const { lines } of linesOf(file, context))
    for (const line of lines) {
      if (line !== '' && !line.startsWith('#')) throw new WorkbenchError('wrong-type', `'${file.path}' has no VCF header`, 'give a VCF that begins with ##fileformat or #CHROM') // biome-ignore format: one line
      if (line !== '') header.push(line)
      if (line.startsWith('#CHROM')) return header
    }
  throw new WorkbenchError('truncated', `'${file.path}' has no line of columns (#CHROM)`, 'copy or download it again')
}

/** Takes everything: a record is judged by the rules of the format only. */
const EVERYWHERE = { contig: '', start: -1, end: Number.POSITIVE_INFINITY }

async function* records(file: CheckedFile, context: WorkContext): AsyncGenerator<VariantRecord, void> {
  await file.ensureUnchanged()
  for await (const { lines, first } of linesOf(file, context))
    for (const [i, line] of lines.entries()) {
      if (line === '' || line.startsWith('#')) continue
      const rows = new VariantRows(EVERYWHERE, undefined, 1)
      rows.add(line, first + i)
      const row = rows.finish()
      const contig = line.split('\t', 1)[0]!
      if (row.count === 0) {
        const [, pos = '', id = '', ref = '', alt = ''] = line.split('\t', 5)
        const position = /^\d{1,10}$/.test(pos) ? Number(pos) - 1 : -1
        yield { line, number: first + i, contig, position, id, ref, alts: alt === '' ? [] : [alt], problem: row.malformed.firstReason } // biome-ignore format: one thought
      } else
        yield {
          line,
          number: first + i,
          contig,
          position: row.starts[0]!,
          id: row.ids[0]!,
          ref: row.references[0]!,
          alts: row.alternatives[0]!,
        }
    }
}
