import { type FileHandle, mkdtemp, open, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { findContig } from '../../src-shared/genome/contigs.ts'
import { asWorkbenchError, WorkbenchError } from '../../src-shared/ipc/errors.ts'
import type { WorkContext } from '../../src-shared/job.ts'
import { openChecked } from './checkedFile.ts'
import { openReference } from './reference.ts'
import { linesOf } from './textLines.ts'

/** One contig of a reference, its bases in pieces. */
export interface ContigSequence {
  /** As the file spells it. */
  readonly name: string
  readonly length: number
  /** Letters as stored, a byte each, of `[start, end)`, 0-based. */
  bytes(start: number, end: number): Promise<Uint8Array>
  close(): Promise<void>
}

/**
 * A contig of a FASTA or 2bit. Where there is no index, or the FASTA is packed with gzip, which cannot be read at random, the file is gone
 * through once and the contig's bases are laid in a temporary file; nothing is written beside the reference.
 * @throws WorkbenchError as openReference does, `not-found` (contig)
 */
export async function openContig(path: string, contig: string, context: WorkContext): Promise<ContigSequence> {
  try {
    const reference = await openReference(path)
    const found = findContig(contig, reference.contigs)
    if (found)
      return {
        ...found,
        bytes: async (start, end) =>
          Buffer.from(await reference.sequence(found.name, start, end, { signal: context.signal }), 'latin1'),
        close: () => reference.close(),
      }
    await reference.close()
    throw absent(path, contig, reference.contigs.map(c => c.name)) // biome-ignore format: one line
  } catch (error) {
    const { code } = asWorkbenchError(error)
    if (code !== 'no-index' && code !== 'unsupported') throw error
    return spool(path, contig, context)
  }
}

const absent = (path: string, contig: string, names: readonly string[]) =>
  new WorkbenchError('not-found', `contig '${contig.slice(0, 60)}' is not in '${path}'; it has ${names.slice(0, 4).join(', ') || 'none'}${names.length > 4 ? '…' : ''}`, 'give one of its contigs') // biome-ignore format: one line

async function spool(path: string, contig: string, context: WorkContext): Promise<ContigSequence> {
  const file = await openChecked(path)
  const folder = await mkdtemp(join(tmpdir(), 'diploscope-contig-')).catch(error => {
    throw asWorkbenchError(error)
  })
  let handle: FileHandle | undefined
  const close = async () => {
    await handle?.close().catch(() => undefined)
    await rm(folder, { recursive: true, force: true })
  }
  try {
    handle = await open(join(folder, 'bases'), 'w+')
    const names: string[] = []
    let chosen: string | undefined
    let within = false
    let length = 0
    for await (const { lines, first } of linesOf(file, context)) {
      const parts: string[] = []
      for (const [i, line] of lines.entries()) {
        if (line.startsWith('>')) {
          const name = /^>\s*(\S*)/.exec(line)?.[1] ?? ''
          // The first under any spelling, and only the first: what comes later is not known yet.
          within = chosen === undefined && findContig(contig, [{ name }]) !== undefined
          if (within) chosen = name
          names.push(name)
        } else if (names.length === 0) {
          if (line.trim() !== '')
            throw new WorkbenchError('wrong-type', `line ${first + i} of '${path}' does not begin a FASTA`, 'give a .fa, .fa.gz or .2bit') // biome-ignore format: one line
        } else if (within) parts.push(line.trim())
      }
      const bases = Buffer.from(parts.join(''), 'latin1')
      await handle.writeFile(bases)
      length += bases.length
      if (chosen !== undefined && !within) break
    }
    if (chosen === undefined) throw absent(path, contig, names)
    const bases = handle
    return {
      name: chosen,
      length,
      async bytes(start, end) {
        const into = Buffer.alloc(end - start)
        for (let done = 0; done < into.length; ) {
          const { bytesRead } = await bases.read(into, done, into.length - done, start + done)
          if (bytesRead === 0) throw new WorkbenchError('changed', 'the temporary file of the reference became shorter', 'start again') // biome-ignore format: one line
          done += bytesRead
        }
        return into
      },
      close,
    }
  } catch (error) {
    await close()
    throw asWorkbenchError(error)
  } finally {
    await file.close()
  }
}
