import type { Contig } from '../../src-shared/genome/locus.ts'
import { throwIfCancelled, WorkbenchError } from '../../src-shared/ipc/errors.ts'
import type { CheckedFile } from './checkedFile.ts'

/** Ascending stretches of a contig, bp. */
interface Stretches {
  readonly starts: Uint32Array
  readonly sizes: Uint32Array
}

interface Sequence {
  readonly unknown: Stretches
  readonly masked: Stretches
  /** Byte of the file that holds the first four bases. */
  readonly packedAt: number
}

export interface TwoBit {
  readonly contigs: readonly Contig[]
  /** Bases [start, end) of the contig at `index`, inside it: N where unknown, lower case where soft-masked. */
  read(index: number, start: number, end: number, signal?: AbortSignal): Promise<string>
}

const MAGIC = 0x1a412743
const PIECE = 1024 * 1024
/** The four letters of every packed byte, first base in the highest bits (UCSC: T 0, C 1, A 2, G 3). */
const LETTERS = new Uint8Array(1024)
for (let byte = 0; byte < 256; byte++)
  for (let i = 0; i < 4; i++) LETTERS[byte * 4 + i] = 'TCAG'.charCodeAt((byte >> (6 - 2 * i)) & 3)

export const isTwoBit = (bytes: Uint8Array): boolean =>
  bytes.length >= 4 &&
  (new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true) === MAGIC ||
    new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, false) === MAGIC)

/**
 * Opens a .2bit of UCSC's version 0 (32-bit offsets) or 1 (64-bit), of either byte order. Every count and offset is checked against
 * the file's size before anything of that size is made.
 * @throws WorkbenchError `wrong-type`, `unsupported` (version), `truncated`, `corrupt`
 */
export async function openTwoBit(file: CheckedFile): Promise<TwoBit> {
  const head = await file.read(16)
  if (!isTwoBit(head))
    throw new WorkbenchError('wrong-type', `'${file.path}' is not a 2bit file`, 'give a .2bit or FASTA')
  const truncated = () => new WorkbenchError('truncated', `'${file.path}' ends before its sequences do`, 'copy or download it again') // biome-ignore format: one line
  const corrupt = (what: string) => new WorkbenchError('corrupt', `'${file.path}' has ${what}`, 'copy or download it again') // biome-ignore format: one line
  if (head.length < 16) throw truncated()
  const little = new DataView(head.buffer).getUint32(0, true) === MAGIC
  const u32At = (bytes: Uint8Array, at: number) => new DataView(bytes.buffer, bytes.byteOffset).getUint32(at, little)
  const version = u32At(head, 4)
  if (version > 1) throw new WorkbenchError('unsupported', `'${file.path}' is 2bit version ${version}`, 'convert it to version 0 or 1') // biome-ignore format: one line
  const count = u32At(head, 8)
  const offsetBytes = version === 1 ? 8 : 4
  // An entry takes at least 1 + 1 + 4 bytes here and 16 in its record: more cannot be true.
  if (count * (2 + offsetBytes + 16) > file.size) throw truncated()
  const list = await file.read(count * (256 + offsetBytes), 16)
  const places: { name: string; offset: number }[] = []
  const names = new Set<string>()
  let at = 0
  for (let i = 0; i < count; i++) {
    const length = list[at] ?? 0
    if (at + 1 + length + offsetBytes > list.length) throw truncated()
    const name = Buffer.from(list.subarray(at + 1, at + 1 + length)).toString()
    at += 1 + length
    const low = u32At(list, little ? at : at + offsetBytes - 4)
    const high = offsetBytes === 8 ? u32At(list, little ? at + 4 : at) : 0
    at += offsetBytes
    if (names.has(name)) throw corrupt(`contig '${name.slice(0, 60)}' twice`)
    names.add(name)
    places.push({ name, offset: high * 2 ** 32 + low })
  }
  const contigs: Contig[] = []
  for (const { name, offset } of places) {
    const length = (await u32List(offset, 1))[0]!
    if (offset + 16 + Math.ceil(length / 4) > file.size) throw truncated()
    contigs.push({ name, length })
  }
  // Mask blocks of a genome are many (44 MB for GRCh38): those of a contig are read when it is first asked for.
  const sequences = new Map<number, Promise<Sequence>>()
  const last = places.reduce((best, place, i) => (place.offset > (places[best]?.offset ?? -1) ? i : best), 0)
  // The record that lies last is checked now: it is where a truncated file shows.
  if (contigs.length > 0) await load(last)
  return { contigs, read }

  async function load(index: number): Promise<Sequence> {
    let loading = sequences.get(index)
    if (!loading) {
      loading = readRecord(index)
      sequences.set(index, loading)
      loading.catch(() => sequences.delete(index))
    }
    return loading
  }

  async function u32List(offset: number, n: number): Promise<Uint32Array> {
    if (offset + 4 * n > file.size) throw truncated()
    const bytes = await file.read(4 * n, offset)
    return Uint32Array.from({ length: n }, (_, i) => u32At(bytes, 4 * i))
  }

  async function stretches(name: string, length: number, offset: number): Promise<Stretches> {
    const n = (await u32List(offset, 1))[0]!
    const [starts, sizes] = [await u32List(offset + 4, n), await u32List(offset + 4 + 4 * n, n)]
    let free = 0
    for (let i = 0; i < n; i++) {
      if (starts[i]! < free || starts[i]! + sizes[i]! > length) throw corrupt(`impossible blocks in contig '${name.slice(0, 60)}'`) // biome-ignore format: one line
      free = starts[i]! + sizes[i]!
    }
    return { starts, sizes }
  }

  async function readRecord(index: number): Promise<Sequence> {
    const { name, length } = contigs[index]!
    const { offset } = places[index]!
    const unknown = await stretches(name, length, offset + 4)
    const maskAt = offset + 8 + 8 * unknown.starts.length
    const masked = await stretches(name, length, maskAt)
    const packedAt = maskAt + 8 + 8 * masked.starts.length
    if (packedAt + Math.ceil(length / 4) > file.size) throw truncated()
    return { unknown, masked, packedAt }
  }

  async function read(index: number, start: number, end: number, signal?: AbortSignal): Promise<string> {
    const sequence = await load(index)
    const parts: string[] = []
    for (let from = start; from < end; from += PIECE) {
      throwIfCancelled(signal)
      const to = Math.min(end, from + PIECE)
      const firstByte = Math.floor(from / 4)
      const packed = await file.read(Math.ceil(to / 4) - firstByte, sequence.packedAt + firstByte)
      const letters = Buffer.alloc(packed.length * 4)
      for (let i = 0; i < packed.length; i++) letters.set(LETTERS.subarray(packed[i]! * 4, packed[i]! * 4 + 4), i * 4)
      const bases = letters.subarray(from - firstByte * 4, from - firstByte * 4 + to - from)
      within(sequence.unknown, from, to, (a, b) => bases.fill(78, a - from, b - from))
      within(sequence.masked, from, to, (a, b) => {
        for (let i = a - from; i < b - from; i++) bases[i]! |= 32
      })
      parts.push(bases.toString('latin1'))
    }
    return parts.join('')
  }
}

/** Calls `each` with the part of every stretch that lies in [from, to). */
function within({ starts, sizes }: Stretches, from: number, to: number, each: (a: number, b: number) => void): void {
  let low = 0
  let high = starts.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (starts[middle]! + sizes[middle]! <= from) low = middle + 1
    else high = middle
  }
  for (let i = low; i < starts.length && starts[i]! < to; i++)
    each(Math.max(from, starts[i]!), Math.min(to, starts[i]! + sizes[i]!))
}
