import type { Contig } from '../../src-shared/genome/locus.ts'
import { WorkbenchError } from '../../src-shared/ipc/errors.ts'
import { type AlignmentHeader, describeHeader } from './alignments.ts'
import { blockGroups } from './bgzfGroups.ts'
import { isGzip } from './blockGzip.ts'
import type { CheckedFile } from './checkedFile.ts'

/** No real header comes near: a larger claim is a wild length field. */
const MAX_HEADER = 512 * 1024 * 1024

/**
 * Reads the header of a BAM file (SAM specification 4.2). Lengths are believed only as far as bytes arrive for them.
 * @throws WorkbenchError `wrong-type`, `corrupt`, `truncated`
 */
export async function readBamHeader(file: CheckedFile, signal?: AbortSignal): Promise<AlignmentHeader> {
  const { path } = file
  const head = await file.read(18, 0)
  if (!isGzip(head)) throw new WorkbenchError('wrong-type', `'${path}' is not a BAM file`, 'give a BAM or CRAM file')
  if (!(head[3]! & 4))
    throw new WorkbenchError('wrong-type', `'${path}' is compressed, but not in blocks as a BAM file is`, 'give a BAM or CRAM file') // biome-ignore format: one line
  const groups = blockGroups(file, 0, file.size, signal)
  let held = new Uint8Array(0)
  let length = 0
  const need = async (bytes: number, what: string) => {
    if (bytes > MAX_HEADER) throw corrupt(path, `a header whose ${what} takes ${bytes} bytes`)
    while (length < bytes) {
      const next = await groups.next()
      if (next.done) throw new WorkbenchError('truncated', `'${path}' ends within its header`, 'copy or download it again') // biome-ignore format: one line
      const more = next.value.bytes
      if (length + more.length > held.length) {
        const larger = new Uint8Array(Math.max(held.length * 2, length + more.length))
        larger.set(held.subarray(0, length))
        held = larger
      }
      held.set(more, length)
      length += more.length
    }
    return new DataView(held.buffer)
  }
  try {
    let view = await need(4, 'magic').catch(error => {
      if (error instanceof WorkbenchError && error.code === 'truncated')
        throw new WorkbenchError('wrong-type', `'${path}' holds no BAM header`, 'give a BAM or CRAM file')
      throw error
    })
    if (view.getUint32(0, false) !== 0x42414d01)
      // "BAM\1"
      throw new WorkbenchError('wrong-type', `'${path}' is not a BAM file`, 'give a BAM or CRAM file')
    view = await need(8, 'text')
    const textLength = view.getInt32(4, true)
    if (textLength < 0) throw corrupt(path, `a header text of ${textLength} bytes`)
    view = await need(12 + textLength, 'text')
    const text = new TextDecoder().decode(held.subarray(8, 8 + textLength)).replace(/\0+$/, '')
    const count = view.getInt32(8 + textLength, true)
    if (count < 0) throw corrupt(path, `a header of ${count} contigs`)
    const contigs: Contig[] = []
    let at = 12 + textLength
    for (let i = 0; i < count; i++) {
      view = await need(at + 4, 'contig list')
      const nameLength = view.getInt32(at, true)
      if (nameLength < 1 || nameLength > 65_536) throw corrupt(path, `a contig name of ${nameLength} bytes`)
      view = await need(at + 8 + nameLength, 'contig list')
      const contigLength = view.getInt32(at + 4 + nameLength, true)
      if (contigLength < 0 || held[at + 3 + nameLength] !== 0)
        throw corrupt(path, `a damaged entry for contig ${i + 1}`)
      contigs.push({ name: new TextDecoder().decode(held.subarray(at + 4, at + 3 + nameLength)), length: contigLength })
      at += 8 + nameLength
    }
    return { text, contigs, ...describeHeader(text) }
  } finally {
    await groups.return()
  }
}

const corrupt = (path: string, what: string) =>
  new WorkbenchError('corrupt', `'${path}' has ${what}`, 'copy or download it again')
