import { createHash } from 'node:crypto'
import { type FileHandle, open, readFile, rm, truncate } from 'node:fs/promises'
import { resolve } from 'node:path'
import type { VariantEffect } from '../../../src-shared/genome/scan.ts'
import { asWorkbenchError, WorkbenchError } from '../../../src-shared/ipc/errors.ts'
import type { VariantRecord } from '../../readers/variantStream.ts'

/** Rows that are written as they come, so that work that was cut off goes on where it stopped. */
export interface VariantJournal {
  /** Of an earlier run of the same work: one entry a record, in order. */
  readonly done: readonly (readonly VariantEffect[])[]
  append(rows: readonly VariantEffect[]): Promise<void>
  close(): Promise<void>
  /** The work is done: nothing is left of it. */
  remove(): Promise<void>
}

/** Journals that are open here: two writers of one would mix their rows. */
const writing = new Set<string>()

/**
 * Rows of an earlier run are those of a record, by place and reference allele.
 * @throws WorkbenchError `corrupt` when they are not: two programs may have written the journal
 */
export function checkRows(rows: readonly VariantEffect[], { number, position, ref }: VariantRecord): void {
  const [first] = rows
  if (first && first.position === position && first.ref === ref) return
  throw new WorkbenchError('corrupt', `the rows that were kept for line ${number} of the VCF are of another variant`, 'remove the journal and begin anew') // biome-ignore format: one thought
}

/** What makes work the same work. */
export const journalKey = (facts: Readonly<Record<string, unknown>>): string =>
  createHash('sha256').update(JSON.stringify(facts)).digest('hex')

/**
 * Opens or begins a journal: JSON lines, the key first. A last line that was cut off is dropped.
 * @throws WorkbenchError `bad-input` when it is of other work, or open already
 */
export async function openJournal(path: string, key: string): Promise<VariantJournal> {
  const own = resolve(path)
  if (writing.has(own)) throw new WorkbenchError('bad-input', 'these variants are being scored already', 'wait for that, or cancel it') // biome-ignore format: one thought
  writing.add(own)
  try {
    return await opened(path, key, () => writing.delete(own))
  } catch (error) {
    writing.delete(own)
    throw error
  }
}

async function opened(path: string, key: string, closed: () => void): Promise<VariantJournal> {
  const text = await readFile(path, 'utf8').catch(error => {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return ''
    throw asWorkbenchError(error)
  })
  const whole = text.slice(0, text.lastIndexOf('\n') + 1)
  const [first, ...lines] = whole.split('\n').filter(Boolean)
  const foreign = (why: string) => new WorkbenchError('bad-input', `'${path}' ${why}`, 'remove it to begin anew, or repeat the command that made it') // biome-ignore format: one thought
  const done: VariantEffect[][] = []
  try {
    if (first !== undefined && (JSON.parse(first) as { key?: string }).key !== key) throw foreign('is of other work: another model, file or option') // biome-ignore format: one thought
    for (const line of lines) done.push(JSON.parse(line) as VariantEffect[])
  } catch (error) {
    throw error instanceof WorkbenchError ? error : foreign('is no journal of ours')
  }
  let handle: FileHandle
  try {
    if (text !== '') await truncate(path, Buffer.byteLength(whole))
    handle = await open(path, 'a')
    if (first === undefined) await handle.appendFile(`${JSON.stringify({ key })}\n`)
  } catch (error) {
    throw asWorkbenchError(error)
  }
  return {
    done,
    append: rows =>
      handle.appendFile(`${JSON.stringify(rows)}\n`).catch(error => Promise.reject(asWorkbenchError(error))),
    async close() {
      closed()
      await handle.close()
    },
    async remove() {
      await handle.close()
      await rm(path, { force: true })
      closed()
    },
  }
}
