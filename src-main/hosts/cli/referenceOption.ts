import { parseLocus } from '../../../src-shared/genome/locus.ts'
import { asWorkbenchError } from '../../../src-shared/ipc/errors.ts'
import { buildIndex } from '../../readers/indexBuilder.ts'
import { openReference, type Reference } from '../../readers/reference.ts'
import type { CliIo } from './command.ts'

/** `--reference FASTA`: one without an index gets one, as samtools faidx would make it. */
export async function openWithIndex(path: string, io: CliIo): Promise<Reference> {
  try {
    return await openReference(path)
  } catch (error) {
    if (asWorkbenchError(error).code !== 'no-index') throw error
    const { written } = await buildIndex(path, {}, io.context).catch(e => {
      throw asWorkbenchError(e).code === 'permission' ? error : e
    })
    io.note(`note: wrote ${written.join(' and ')}`)
    return openReference(path)
  }
}

/** `--region R`. Its end is not cut at the contig's: an answer for less than was asked for would pass unnoticed. */
export function regionIn(text: string, reference: Pick<Reference, 'contigs'>) {
  const { contig, start, end, openEnd } = parseLocus(text, reference.contigs)
  const { length } = reference.contigs.find(c => c.name === contig)!
  return { contig, start, end: openEnd ? length : end }
}
