import { WorkbenchError } from '../../src-shared/ipc/errors.ts'

/** One contig to be written: known stretches (`runs`, 0-based starts, ascending, apart), everything between them is N. */
export interface SparseContig {
  readonly name: string
  /** bp */
  readonly length: number
  readonly runs: readonly { readonly start: number; readonly sequence: string }[]
}

interface Blocks {
  readonly starts: number[]
  readonly sizes: number[]
}

const MAGIC = 0x1a412743
const NO_BASE = 4
/** Code of every character: T 0, C 1, A 2, G 3 (UCSC's order), 4 for everything that 2bit can only hold as N. */
const CODE = new Uint8Array(256).fill(NO_BASE)
for (const [i, base] of [...'TCAG'].entries()) {
  CODE[base.charCodeAt(0)] = i
  CODE[base.toLowerCase().charCodeAt(0)] = i
}

/**
 * A .2bit file (UCSC format, version 0, little-endian). Lower case becomes soft-mask blocks; any letter but A C G T, and all
 * that lies outside the runs, becomes N blocks. The same input gives the same bytes. The packed bases of N stretches are stored
 * too (four a byte, all zero): a full-length chr19 is 14.7 MB, of which almost nothing remains when compressed.
 * @throws WorkbenchError `bad-input` for names over 255 bytes or twice, and runs that overlap, are out of order or leave the contig.
 */
export function writeTwoBit(contigs: readonly SparseContig[]): Uint8Array {
  checkContigs(contigs)
  const names = contigs.map(c => new TextEncoder().encode(c.name))
  for (const [i, name] of names.entries())
    if (name.length === 0 || name.length > 255)
      throw new WorkbenchError('bad-input', `contig name '${contigs[i]?.name}' takes ${name.length} bytes`, '2bit holds names of 1 to 255 bytes') // biome-ignore format: one line a check
  const records = contigs.map(c => ({ contig: c, ...blocksOf(c) }))
  const sizes = records.map(
    r => 16 + 8 * (r.unknown.starts.length + r.masked.starts.length) + Math.ceil(r.contig.length / 4),
  )
  const headerSize = 16 + names.reduce((sum, name) => sum + 1 + name.length + 4, 0)
  const total = sizes.reduce((sum, n) => sum + n, headerSize)
  if (total > 0xffffffff)
    throw new WorkbenchError('bad-input', `the file would take ${total} bytes`, '2bit offsets hold 4 GiB: write fewer contigs') // biome-ignore format: one line a check
  const bytes = new Uint8Array(total)
  const view = new DataView(bytes.buffer)
  let at = 0
  const u32 = (value: number) => {
    view.setUint32(at, value, true)
    at += 4
  }
  const list = (values: readonly number[]) => {
    for (const value of values) u32(value)
  }
  list([MAGIC, 0, contigs.length, 0])
  let offset = headerSize
  for (const [i, name] of names.entries()) {
    bytes[at++] = name.length
    bytes.set(name, at)
    at += name.length
    u32(offset)
    offset += sizes[i] ?? 0
  }
  for (const { contig, unknown, masked } of records) {
    u32(contig.length)
    for (const blocks of [unknown, masked]) {
      u32(blocks.starts.length)
      list(blocks.starts)
      list(blocks.sizes)
    }
    u32(0)
    for (const run of contig.runs) pack(run.start, run.sequence, bytes.subarray(at))
    at += Math.ceil(contig.length / 4)
  }
  return bytes
}

/** The checks that both writers of sparse contigs make. */
export function checkContigs(contigs: readonly SparseContig[]): void {
  const seen = new Set<string>()
  for (const { name, length, runs } of contigs) {
    if (seen.has(name)) throw new WorkbenchError('bad-input', `contig '${name}' is given twice`, 'give each name once')
    seen.add(name)
    if (!Number.isInteger(length) || length < 0 || length > 0xffffffff)
      throw new WorkbenchError('bad-input', `contig '${name}' has a length of ${length}`, 'give a length from 0 to 2^32-1') // biome-ignore format: one line a check
    let free = 0
    for (const run of runs) {
      if (!Number.isInteger(run.start) || run.start < free || run.start + run.sequence.length > length)
        throw new WorkbenchError(
          'bad-input',
          `a run of contig '${name}' covers ${run.start}..${run.start + run.sequence.length}, outside ${free}..${length}`,
          'give runs in ascending order, apart, inside the contig',
        )
      free = run.start + run.sequence.length
    }
  }
}

/** N and soft-mask blocks of a contig, adjacent ones joined. */
function blocksOf({ length, runs }: SparseContig): { unknown: Blocks; masked: Blocks } {
  const unknown: Blocks = { starts: [], sizes: [] }
  const masked: Blocks = { starts: [], sizes: [] }
  const add = (blocks: Blocks, start: number, end: number) => {
    const last = blocks.starts.length - 1
    if (end <= start) return
    if (last >= 0 && blocks.starts[last]! + blocks.sizes[last]! === start) blocks.sizes[last]! += end - start
    else {
      blocks.starts.push(start)
      blocks.sizes.push(end - start)
    }
  }
  let free = 0
  for (const { start, sequence } of runs) {
    add(unknown, free, start)
    for (let i = 0; i < sequence.length; i++) {
      const code = sequence.charCodeAt(i)
      if ((CODE[code] ?? NO_BASE) === NO_BASE) add(unknown, start + i, start + i + 1)
      if (code >= 97 && code <= 122) add(masked, start + i, start + i + 1)
    }
    free = start + sequence.length
  }
  add(unknown, free, length)
  return { unknown, masked }
}

/** Two bits a base, the first base in the highest bits of its byte. */
function pack(start: number, sequence: string, packed: Uint8Array): void {
  for (let i = 0; i < sequence.length; i++) {
    const code = CODE[sequence.charCodeAt(i)] ?? NO_BASE
    const p = start + i
    if (code !== NO_BASE) packed[p >> 2]! |= code << (6 - 2 * (p & 3))
  }
}
