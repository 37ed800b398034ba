import { gunzipSync } from 'node:zlib'
import { WorkbenchError } from '../../src-shared/ipc/errors.ts'
import { BAI_BINNING, type Binning, binCount, firstLeaf, metaBin } from './binning.ts'
import { bgzip } from './blockGzip.ts'

/** What a pseudo-bin says about a contig: where its records lie (virtual offsets) and how many they are. */
export interface ContigCounts {
  readonly begin: number
  readonly end: number
  readonly mapped: number
  readonly unmapped: number
}

/** The index of one contig. Offsets are virtual: block's file offset x 65,536 + offset within. */
export interface ContigIndex {
  /** bin -> begin and end offsets of its chunks, alternating */
  readonly bins: Map<number, number[]>
  /** Smallest offset of a record that overlaps each leaf. */
  readonly linear: number[]
  counts?: ContigCounts
}

/** A .bai or .csi. */
export interface BinIndex {
  readonly format: 'bai' | 'csi'
  readonly binning: Binning
  readonly contigs: readonly ContigIndex[]
  /** Records without a position; absent in old files. */
  readonly unplaced?: number
}

/** The bytes of a .bai (SAM spec 5.2) or .csi (CSI spec; bgzip), bins ascending. */
export function formatBinIndex(index: BinIndex): Uint8Array {
  const csi = index.format === 'csi'
  const out = new Bytes()
  out.text(csi ? 'CSI\x01' : 'BAI\x01')
  if (csi) {
    out.int(index.binning.minShift)
    out.int(index.binning.depth)
    out.int(0)
  }
  out.int(index.contigs.length)
  for (const { bins, linear, counts } of index.contigs) {
    out.int(bins.size + (counts ? 1 : 0))
    for (const [bin, chunks] of [...bins].sort(([a], [b]) => a - b)) {
      out.int(bin)
      if (csi) out.long(linear[firstLeaf(bin, index.binning)] ?? 0)
      out.int(chunks.length / 2)
      for (const offset of chunks) out.long(offset)
    }
    if (counts) {
      out.int(metaBin(index.binning))
      if (csi) out.long(0)
      out.int(2)
      for (const value of [counts.begin, counts.end, counts.mapped, counts.unmapped]) out.long(value)
    }
    if (csi) continue
    out.int(linear.length)
    for (const offset of linear) out.long(offset)
  }
  out.long(index.unplaced ?? 0)
  return csi ? bgzip(out.bytes()) : out.bytes()
}

/** Growing little-endian output. */
class Bytes {
  private buffer = Buffer.alloc(1 << 16)
  private size = 0
  text(s: string) {
    this.room(s.length)
    this.size += this.buffer.write(s, this.size, 'latin1')
  }
  int(value: number) {
    this.room(4)
    this.size = this.buffer.writeUInt32LE(value, this.size)
  }
  long(value: number) {
    this.room(8)
    this.buffer.writeUInt32LE(value % 2 ** 32, this.size)
    this.size = this.buffer.writeUInt32LE(Math.floor(value / 2 ** 32), this.size + 4)
  }
  bytes(): Uint8Array {
    return this.buffer.subarray(0, this.size)
  }
  private room(n: number) {
    if (this.size + n <= this.buffer.length) return
    const larger = Buffer.alloc(2 * this.buffer.length)
    larger.set(this.buffer)
    this.buffer = larger
  }
}

/** An unpacked index larger than this is no honest one: GRCh38 with all its contigs takes about 10 MB. */
const MAX_INDEX = 512 * 1024 * 1024

/**
 * Parses a .bai, .csi or (bgzip) .tbi; every count is checked against the bytes that are there.
 * @throws WorkbenchError `bad-index`
 */
export function parseBinIndex(file: Uint8Array, path: string): BinIndex & { readonly names: readonly string[] } {
  const bad = (what: string, cause?: unknown) => new WorkbenchError('bad-index', `'${path}' ${what}`, `rebuild it with 'diploscope index FILE --force'`, undefined, { cause }) // biome-ignore format: one line
  const bytes = unpacked(file, bad)
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  let at = 4
  const need = (n: number) => {
    if (at + n > bytes.length) throw bad('is cut short or damaged')
  }
  const int = () => {
    need(4)
    at += 4
    return view.getInt32(at - 4, true)
  }
  const count = (bytesEach: number) => {
    const n = int()
    if (n < 0 || n * bytesEach > bytes.length - at) throw bad(`is damaged: it claims ${n} entries`)
    return n
  }
  const long = () => {
    need(8)
    at += 8
    return view.getUint32(at - 8, true) + view.getUint32(at - 4, true) * 2 ** 32
  }
  const magic = Buffer.from(bytes.subarray(0, 4)).toString('latin1')
  const format = magic === 'BAI\x01' ? 'bai' : magic === 'CSI\x01' ? 'csi' : magic === 'TBI\x01' ? 'tbi' : undefined
  if (!format) throw bad('is not a .bai, .csi or .tbi index')
  let binning = BAI_BINNING
  let names: string[] = []
  let n: number
  if (format === 'csi') {
    binning = { minShift: int(), depth: int() }
    const { minShift, depth } = binning
    if (minShift < 1 || minShift > 40 || depth < 0 || depth > 10 || minShift + 3 * depth > 62)
      throw bad(`has an impossible binning of ${minShift}, ${depth}`)
    const aux = count(1)
    names = tabixNames(bytes.subarray(at, at + aux))
    at += aux
    n = count(4)
  } else if (format === 'tbi') {
    n = count(8)
    at += 24
    const length = count(1)
    names = zeroTerminated(bytes.subarray(at, at + length))
    at += length
  } else n = count(8)
  const contigs: ContigIndex[] = []
  for (let i = 0; i < n; i++) {
    const bins = new Map<number, number[]>()
    let counts: ContigCounts | undefined
    const binTotal = count(8)
    for (let b = 0; b < binTotal; b++) {
      const bin = int() >>> 0
      if (format === 'csi') long()
      const chunkTotal = count(16)
      const chunks: number[] = []
      for (let c = 0; c < 2 * chunkTotal; c++) chunks.push(long())
      if (bin === metaBin(binning)) {
        if (chunkTotal >= 2) counts = { begin: chunks[0]!, end: chunks[1]!, mapped: chunks[2]!, unmapped: chunks[3]! }
      } else if (bin >= binCount(binning)) throw bad(`has a bin ${bin} that its scheme does not have`)
      else bins.set(bin, chunks)
    }
    const linear: number[] = []
    if (format !== 'csi') for (let left = count(8); left > 0; left--) linear.push(long())
    contigs.push({ bins, linear, ...(counts ? { counts } : {}) })
  }
  const unplaced = bytes.length - at >= 8 ? { unplaced: long() } : {}
  return { format: format === 'csi' ? 'csi' : 'bai', binning, contigs, names, ...unplaced }
}

function unpacked(file: Uint8Array, bad: (what: string, cause?: unknown) => WorkbenchError): Uint8Array {
  if (file[0] !== 0x1f || file[1] !== 0x8b) return file
  try {
    return gunzip(file)
  } catch (error) {
    throw bad('cannot be unpacked', error)
  }
}

/** All members of a gzip or bgzip file, up to MAX_INDEX bytes. */
function gunzip(file: Uint8Array): Uint8Array {
  return gunzipSync(file, { maxOutputLength: MAX_INDEX })
}

const zeroTerminated = (bytes: Uint8Array): string[] => Buffer.from(bytes).toString('utf8').split('\0').slice(0, -1)

/** A tabix-made .csi keeps tabix's header, names last, in its auxiliary bytes; a BAM's has none. */
function tabixNames(aux: Uint8Array): string[] {
  if (aux.length < 28) return []
  const length = new DataView(aux.buffer, aux.byteOffset).getInt32(24, true)
  return length >= 0 && length <= aux.length - 28 ? zeroTerminated(aux.subarray(28, 28 + length)) : []
}
