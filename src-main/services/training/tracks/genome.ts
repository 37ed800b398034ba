import { gunzipSync } from 'node:zlib'
import { findContig } from '../../../../src-shared/genome/contigs.ts'
import { someNames } from '../../../../src-shared/genome/locus.ts'
import { asWorkbenchError, WorkbenchError } from '../../../../src-shared/ipc/errors.ts'
import { openReference, type Reference } from '../../../readers/reference.ts'
import { readWhole } from '../../../readers/wholeFile.ts'

export interface Genome extends Pick<Reference, 'contigs' | 'sequence' | 'close'> {
  /** Records are stretches of contigs (`chr4:40801642-40932713`): lengths of contigs are not known, and bases elsewhere are N. */
  readonly stretches?: true
}

/** A genome that is unpacked into memory is at most this large. */
const MAX_CHARACTERS = 2 ** 29 - 64

/**
 * Sequence to train on. An indexed FASTA or 2bit is read by range; one that cannot be (plain gzip, no index, in a folder that may not
 * be written) is read into memory whole, since all of it is wanted once.
 * @throws WorkbenchError `not-found`, `wrong-type`, `corrupt`, `out-of-memory`
 */
export async function openGenome(path: string): Promise<Genome> {
  try {
    return await openReference(path)
  } catch (error) {
    const { code } = asWorkbenchError(error)
    if (code !== 'no-index' && code !== 'unsupported') throw error
  }
  const raw = await readWhole(path, 2 ** 31)
  let text: string
  try {
    const bytes = raw[0] === 0x1f && raw[1] === 0x8b ? gunzipSync(raw, { maxOutputLength: MAX_CHARACTERS }) : raw
    if (bytes.length > MAX_CHARACTERS) throw new RangeError('too long')
    text = bytes.toString('latin1')
  } catch (error) {
    if (error instanceof RangeError) throw new WorkbenchError('out-of-memory', `'${path}' is too large to be read into memory`, `pack it with bgzip and build its index with 'diploscope index'`) // biome-ignore format: one thought
    throw new WorkbenchError('corrupt', `'${path}' cannot be unpacked`, 'get the file again')
  }
  const records = recordsOf(text, path)
  return [...records.keys()].every(name => STRETCH.test(name)) ? stretchGenome(records) : memoryGenome(records, path)
}

/** A record that is a part of a contig; positions 1-based, both ends included. */
const STRETCH = /^(.+):(\d+)-(\d+)$/

function recordsOf(text: string, path: string): Map<string, string> {
  const records = new Map<string, string>()
  for (const record of text.split('>').slice(1)) {
    const end = record.indexOf('\n')
    const name = record.slice(0, end < 0 ? undefined : end).split(/\s/, 1)[0] ?? ''
    if (name === '' || records.has(name)) throw new WorkbenchError('corrupt', `'${path}' has ${name === '' ? 'a sequence without a name' : `two sequences '${name}'`}`, 'mend the FASTA') // biome-ignore format: one thought
    records.set(
      name,
      end < 0
        ? ''
        : record
            .slice(end + 1)
            .replace(/\s+/g, '')
            .toUpperCase(),
    )
  }
  if (!records.size) throw new WorkbenchError('wrong-type', `'${path}' is no FASTA`, 'give a FASTA or 2bit')
  return records
}

function stretchGenome(records: ReadonlyMap<string, string>): Genome {
  const stretches = [...records].map(([name, bases]) => {
    const [, contig, first] = STRETCH.exec(name) as unknown as [string, string, string]
    return { contig, start: Number(first) - 1, end: Number(first) - 1 + bases.length, bases }
  })
  const ends = new Map<string, number>()
  for (const s of stretches) ends.set(s.contig, Math.max(ends.get(s.contig) ?? 0, s.end))
  const contigs = [...ends].map(([name, length]) => ({ name, length }))
  return {
    stretches: true,
    contigs,
    async sequence(name, start, end) {
      const contig = findContig(name, contigs)?.name
      const found = stretches.find(s => s.contig === contig && s.start < end && s.end > start && s.start <= start) ?? stretches.find(s => s.contig === contig && s.start < end && s.end > start) // biome-ignore format: one thought
      if (!found) return 'N'.repeat(end - start)
      const [from, to] = [Math.max(start, found.start), Math.min(end, found.end)]
      return 'N'.repeat(from - start) + found.bases.slice(from - found.start, to - found.start) + 'N'.repeat(end - to)
    },
    close: async () => {},
  }
}

function memoryGenome(records: ReadonlyMap<string, string>, path: string): Genome {
  const contigs = [...records].map(([name, bases]) => ({ name, length: bases.length }))
  return {
    contigs,
    async sequence(name, start, end) {
      const contig = findContig(name, contigs)
      if (!contig) throw new WorkbenchError('not-found', `contig '${name}' is not in '${path}'; it has ${someNames(contigs)}`, 'give one of its contigs') // biome-ignore format: one thought
      return records.get(contig.name)!.slice(start, end)
    },
    close: async () => {},
  }
}
