import { BAI_BINNING, binOf } from './binning.ts'
import { type BlockGzip, packBlockGzip, virtualOffset } from './blockGzipWriter.ts'

/** Where tabix finds the columns of a line; numbers are 1-based columns (tabix specification). */
export interface TabixColumns {
  /** 0 generic, 1 SAM, 2 VCF; + 65,536 where positions are 0-based half-open. */
  readonly preset: number
  readonly sequence: number
  readonly begin: number
  readonly end: number
}

export const VCF_COLUMNS: TabixColumns = { preset: 2, sequence: 1, begin: 2, end: 0 }

/** One line of a text to be indexed: its contig and 0-based half-open extent. */
export interface IndexedLine {
  readonly contig: string
  readonly start: number
  readonly end: number
  readonly text: string
}

const LEAF_BITS = 14

/**
 * A bgzip text and its .tbi from header lines (each beginning with `#`) and lines sorted by contig and start.
 * The same input gives the same bytes with the same zlib.
 */
export function writeTabix(
  header: readonly string[],
  lines: readonly IndexedLine[],
  columns: TabixColumns,
): { readonly data: Uint8Array; readonly index: Uint8Array } {
  const encoder = new TextEncoder()
  const encoded = lines.map(line => encoder.encode(`${line.text}\n`))
  const head = encoder.encode(header.map(line => `${line}\n`).join(''))
  const content = new Uint8Array(head.length + encoded.reduce((sum, line) => sum + line.length, 0))
  content.set(head)
  let at = head.length
  const offsets: number[] = []
  for (const line of encoded) {
    offsets.push(at)
    content.set(line, at)
    at += line.length
  }
  offsets.push(at)
  const packed = packBlockGzip(content)
  return { data: packed.bytes, index: packBlockGzip(indexBytes(packed, lines, offsets, columns)).bytes }
}

function indexBytes(
  packed: BlockGzip,
  lines: readonly IndexedLine[],
  offsets: readonly number[],
  columns: TabixColumns,
): Uint8Array {
  const offsetOf = (i: number) => virtualOffset(packed.blocks, offsets[i]!, packed.bytes.length)
  const names = [...new Set(lines.map(line => line.contig))]
  const out: number[] = []
  const int = (value: number) => out.push(value & 255, (value >> 8) & 255, (value >> 16) & 255, (value >>> 24) & 255)
  const long = (value: bigint) => {
    int(Number(value & 0xffff_ffffn) | 0)
    int(Number(value >> 32n) | 0)
  }
  out.push(...new TextEncoder().encode('TBI\u0001'))
  const nameBytes = new TextEncoder().encode(names.map(name => `${name}\0`).join(''))
  for (const value of [names.length, columns.preset, columns.sequence, columns.begin, columns.end, 35, 0, nameBytes.length]) int(value) // biome-ignore format: one line
  out.push(...nameBytes)
  for (const name of names) {
    const bins = new Map<number, [bigint, bigint][]>()
    const linear: bigint[] = []
    lines.forEach((line, i) => {
      if (line.contig !== name) return
      const bin = binOf(line.start, line.end, BAI_BINNING)
      const chunks = bins.get(bin) ?? []
      const last = chunks.at(-1)
      const begin = offsetOf(i)
      if (last && last[1] === begin) last[1] = offsetOf(i + 1)
      else chunks.push([begin, offsetOf(i + 1)])
      bins.set(bin, chunks)
      for (let leaf = line.start >> LEAF_BITS; leaf <= (line.end - 1) >> LEAF_BITS; leaf++) linear[leaf] ??= begin
    })
    int(bins.size)
    for (const [bin, chunks] of [...bins].sort(([a], [b]) => a - b)) {
      int(bin)
      int(chunks.length)
      for (const [begin, end] of chunks) {
        long(begin)
        long(end)
      }
    }
    int(linear.length)
    let known = 0n
    for (let leaf = 0; leaf < linear.length; leaf++) {
      known = linear[leaf] ?? known
      long(known)
    }
  }
  return Uint8Array.from(out)
}
