import { stat } from 'node:fs/promises'
import { findContig } from '../../src-shared/genome/contigs.ts'
import { type Contig, someNames } from '../../src-shared/genome/locus.ts'
import { WorkbenchError } from '../../src-shared/ipc/errors.ts'
import { BLOCK_MAX, blockSize, inflateBlock, isGzip } from './blockGzip.ts'
import { type CheckedFile, openChecked } from './checkedFile.ts'
import { parseFai, parseGzi } from './faiIndex.ts'
import { bgzipRange, plainRange, readBases } from './fasta.ts'
import { ensureNotOlder } from './indexAge.ts'
import { isTwoBit, openTwoBit } from './twobit.ts'

export interface SequenceOptions {
  /** Otherwise case is as stored (lower case: soft-masked). */
  readonly upperCase?: boolean
  readonly signal?: AbortSignal
}

/** A genome's sequence, random access. */
export interface Reference {
  readonly path: string
  readonly kind: 'fasta' | 'fasta-bgzip' | '2bit'
  readonly contigs: readonly Contig[]
  /**
   * Bases [start, end) (0-based half-open) of a contig, found under any usual alias. Never clipped in silence.
   * @throws WorkbenchError `not-found` (contig), `region` (outside the contig, or over 2^28 bp), `bad-index`, `changed`, `corrupt`, `truncated`
   */
  sequence(contig: string, start: number, end: number, options?: SequenceOptions): Promise<string>
  close(): Promise<void>
}

/** Under the longest string that V8 makes (2^29 - 24 characters), and over every human chromosome. */
const MAX_BP = 2 ** 28

type Bases = (index: number, start: number, end: number, signal?: AbortSignal) => Promise<string>

/**
 * Opens a reference: FASTA (with .fai), bgzip FASTA (with .fai and .gzi) or 2bit, told apart by content.
 * @throws WorkbenchError `not-found`, `permission`, `wrong-type`, `unsupported` (gzip), `no-index`, `bad-index`, `corrupt`, `truncated`
 */
export async function openReference(path: string): Promise<Reference> {
  const file = await openChecked(path)
  try {
    const start = await file.read(BLOCK_MAX, 0)
    if (start.length === 0) throw new WorkbenchError('wrong-type', `'${path}' is empty`, 'give a FASTA or 2bit')
    if (isTwoBit(start)) {
      const twoBit = await openTwoBit(file)
      return reference(file, '2bit', twoBit.contigs, twoBit.read)
    }
    const bgzip = blockSize(start) !== undefined
    if (isGzip(start) && !bgzip)
      throw new WorkbenchError('unsupported', `'${path}' is compressed with gzip, which cannot be read at random`, 'unpack it with gunzip, or pack it with bgzip') // biome-ignore format: one line
    const first = bgzip ? inflateBlock(start, 0, path, 0).bytes[0] : start[0]
    // '>', or an empty line before it; a bgzip file may begin with an empty block.
    if (first !== undefined && first !== 62 && first !== 10 && first !== 13)
      throw new WorkbenchError(
        'wrong-type',
        `'${path}' is neither FASTA nor 2bit`,
        'give a .fa, .fa.gz (bgzip) or .2bit',
      )
    const fai = new TextDecoder().decode(await readIndex(path, '.fai'))
    const entries = parseFai(fai, `${path}.fai`, bgzip ? undefined : file.size)
    const range = bgzip
      ? bgzipRange(file, parseGzi(await readIndex(path, '.gzi'), `${path}.gzi`, file.size))
      : plainRange(file)
    const contigs = entries.map(({ name, length }) => ({ name, length }))
    return reference(file, bgzip ? 'fasta-bgzip' : 'fasta', contigs, (index, from, to, signal) =>
      readBases(range, entries[index]!, from, to, path, signal),
    )
  } catch (error) {
    await file.close()
    throw error
  }
}

async function readIndex(path: string, ending: '.fai' | '.gzi'): Promise<Uint8Array> {
  const index = `${path}${ending}`
  if ((await stat(index).catch(() => undefined)) === undefined)
    throw new WorkbenchError(
      'no-index',
      `'${path}' has no index '${index}'`,
      `build it with 'diploscope index ${path}'`,
    )
  await ensureNotOlder(path, index)
  const file = await openChecked(index)
  try {
    return await file.readFile()
  } finally {
    await file.close()
  }
}

function reference(file: CheckedFile, kind: Reference['kind'], contigs: readonly Contig[], bases: Bases): Reference {
  const numbers = new Map(contigs.map((c, i) => [c.name, i]))
  return {
    path: file.path,
    kind,
    contigs,
    close: () => file.close(),
    async sequence(name, start, end, options = {}) {
      const contig = contigs[numbers.get(name) ?? -1] ?? findContig(name, contigs)
      if (!contig)
        throw new WorkbenchError('not-found', `contig '${name.slice(0, 60)}' is not in '${file.path}'; it has ${someNames(contigs)}`, 'give one of its contigs', { contig: name.slice(0, 60) }) // biome-ignore format: one line
      if (!Number.isInteger(start) || !Number.isInteger(end) || start < 0 || end < start || end > contig.length)
        throw new WorkbenchError('region', `bases ${start + 1}-${end} are not all in contig '${contig.name}' (${contig.length.toLocaleString('en-US')} bp)`, 'ask for a region inside the contig') // biome-ignore format: one line
      if (end - start > MAX_BP)
        throw new WorkbenchError('region', `${(end - start).toLocaleString('en-US')} bp are too many for one request`, `ask for at most ${MAX_BP.toLocaleString('en-US')} bp at a time`) // biome-ignore format: one line
      await file.ensureUnchanged()
      if (start === end) return ''
      const sequence = await bases(numbers.get(contig.name)!, start, end, options.signal)
      return options.upperCase ? sequence.toUpperCase() : sequence
    },
  }
}
