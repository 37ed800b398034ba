import { readFile } from 'node:fs/promises'
import { gunzipSync } from 'node:zlib'
import { findContig } from '../../../../src-shared/genome/contigs.ts'
import { someNames } from '../../../../src-shared/genome/locus.ts'
import { asWorkbenchError, WorkbenchError } from '../../../../src-shared/ipc/errors.ts'
import { openReference, type Reference } from '../../../readers/reference.ts'

export type Genome = Pick<Reference, 'contigs' | 'sequence' | 'close'>

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
  const raw = await readFile(path)
  let text: string
  try {
    const bytes = raw[0] === 0x1f && raw[1] === 0x8b ? gunzipSync(raw, { maxOutputLength: MAX_CHARACTERS }) : raw
    if (bytes.length > MAX_CHARACTERS) throw new RangeError('too long')
    text = bytes.toString('latin1')
  } catch (error) {
    if (error instanceof RangeError) throw new WorkbenchError('out-of-memory', `'${path}' is too large to be read into memory`, `pack it with bgzip and build its index with 'diploscope index'`) // biome-ignore format: one thought
    throw new WorkbenchError('corrupt', `'${path}' cannot be unpacked`, 'get the file again')
  }
  return memoryGenome(text, path)
}

function memoryGenome(text: string, path: string): Genome {
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
