import { WorkbenchError } from '../../src-shared/ipc/errors.ts'
import { blocksOf, isGzip } from './blockGzip.ts'
import { type CheckedFile, openChecked } from './checkedFile.ts'

/** A place in a BGZF file: the block's file offset and the byte within the inflated block (SAM specification 4.1.1). */
export interface VirtualOffset {
  readonly block: number
  readonly within: number
}

/** From one virtual offset up to, not including, another. */
export interface Chunk {
  readonly from: VirtualOffset
  readonly to: VirtualOffset
}

export const compareOffsets = (a: VirtualOffset, b: VirtualOffset): number => a.block - b.block || a.within - b.within

/** No index of a real genome comes near this. */
const MAX_INDEX = 1024 * 1024 * 1024
/** BAI: windows of 2^14 bases, five levels of bins (SAM specification 5.1.3). */
const BAI_SHIFT = 14
const BAI_DEPTH = 5

/**
 * A BAI or CSI index, held as its bytes; a contig's part is decoded when it is asked for. Opening walks it once, so that
 * every count is known to lie inside the file before anything is allocated for it.
 */
export class BamIndex {
  private constructor(
    readonly path: string,
    private readonly view: DataView,
    private readonly shift: number,
    private readonly depth: number,
    /** CSI bins carry an offset, BAI has a linear index instead. */
    private readonly csi: boolean,
    /** Byte offset of each contig's bin count. */
    private readonly contigAt: Float64Array,
    /** The largest end of any chunk: where placed records end; undefined when there are none. */
    readonly end: VirtualOffset | undefined,
  ) {}

  get contigs(): number {
    return this.contigAt.length
  }

  /** @throws WorkbenchError `bad-index`, `not-found`, `permission`, `wrong-type` */
  static async open(path: string): Promise<BamIndex> {
    const file = await openChecked(path)
    try {
      return BamIndex.parse(path, await contentOf(file))
    } catch (error) {
      if (error instanceof WorkbenchError && (error.code === 'corrupt' || error.code === 'truncated'))
        throw badIndex(path, 'is damaged', error)
      throw error
    } finally {
      await file.close()
    }
  }

  /** @throws WorkbenchError `bad-index` */
  static parse(path: string, bytes: Uint8Array): BamIndex {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
    if (bytes.length < 8) throw badIndex(path, bytes.length === 0 ? 'is empty' : 'ends within its header')
    const magic = view.getUint32(0, false)
    const csi = magic === 0x43534901 // "CSI\1"
    if (!csi && magic !== 0x42414901) throw badIndex(path, 'is not a BAI or CSI index') // "BAI\1"
    let at = 4
    const need = (more: number) => {
      if (at + more > bytes.length) throw badIndex(path, 'ends before it should')
    }
    let shift = BAI_SHIFT
    let depth = BAI_DEPTH
    if (csi) {
      need(16)
      shift = view.getInt32(at, true)
      depth = view.getInt32(at + 4, true)
      const extra = view.getInt32(at + 8, true)
      if (shift < 1 || depth < 0 || depth > 9 || shift + 3 * depth > 52)
        throw badIndex(path, `claims bins of 2^${shift} bases in ${depth} levels`)
      if (extra < 0) throw badIndex(path, 'is damaged')
      at += 12
      need(extra + 4)
      at += extra
    }
    const contigs = view.getInt32(at, true)
    at += 4
    // A contig takes at least its count of bins.
    if (contigs < 0 || contigs > (bytes.length - at) / 4) throw badIndex(path, `claims ${contigs} contigs`)
    const contigAt = new Float64Array(contigs)
    const pseudo = pseudoBin(depth)
    let end: VirtualOffset | undefined
    for (let c = 0; c < contigs; c++) {
      contigAt[c] = at
      need(4)
      const bins = view.getInt32(at, true)
      at += 4
      if (bins < 0) throw badIndex(path, `claims ${bins} bins`)
      for (let b = 0; b < bins; b++) {
        const header = csi ? 16 : 8
        need(header)
        const bin = view.getUint32(at, true)
        const chunks = view.getInt32(at + header - 4, true)
        at += header
        if (chunks < 0 || chunks > (bytes.length - at) / 16) throw badIndex(path, `claims ${chunks} chunks in a bin`)
        if (bin > pseudo) throw badIndex(path, `has a bin ${bin}`)
        if (bin !== pseudo)
          for (let k = 0; k < chunks; k++) {
            const to = offsetAt(view, at + 16 * k + 8)
            if (compareOffsets(offsetAt(view, at + 16 * k), to) > 0)
              throw badIndex(path, 'has a chunk that ends before it begins')
            if (!end || compareOffsets(to, end) > 0) end = to
          }
        at += 16 * chunks
      }
      if (!csi) {
        need(4)
        const windows = view.getInt32(at, true)
        at += 4
        if (windows < 0 || windows > (bytes.length - at) / 8) throw badIndex(path, `claims ${windows} windows`)
        at += 8 * windows
      }
    }
    return new BamIndex(path, view, shift, depth, csi, contigAt, end)
  }

  /** Chunks, in file order and disjoint, that hold every record of the contig which overlaps [start, end). */
  chunks(contig: number, start: number, end: number): Chunk[] {
    if (contig >= this.contigs) return []
    const { view, csi } = this
    const pseudo = pseudoBin(this.depth)
    const limit = 2 ** (this.shift + 3 * this.depth)
    const last = Math.min(end, limit) - 1
    if (start > last) return []
    let at = this.contigAt[contig]!
    const bins = view.getInt32(at, true)
    at += 4
    const found: Chunk[] = []
    const loffsets = new Map<number, VirtualOffset>()
    for (let b = 0; b < bins; b++) {
      const bin = view.getUint32(at, true)
      if (csi) loffsets.set(bin, offsetAt(view, at + 4))
      at += csi ? 12 : 4
      const chunks = view.getInt32(at, true)
      at += 4
      if (bin !== pseudo) {
        const [binStart, binEnd] = this.spanOf(bin)
        if (binStart <= last && binEnd > start)
          for (let k = 0; k < chunks; k++)
            found.push({ from: offsetAt(view, at + 16 * k), to: offsetAt(view, at + 16 * k + 8) })
      }
      at += 16 * chunks
    }
    const least = csi ? this.leastOfBins(loffsets, start) : this.leastOfWindows(at, start)
    found.sort((a, b) => compareOffsets(a.from, b.from))
    const merged: { from: VirtualOffset; to: VirtualOffset }[] = []
    for (const { from, to } of found) {
      if (compareOffsets(to, least) <= 0) continue
      const begin = compareOffsets(from, least) < 0 ? least : from
      const before = merged.at(-1)
      // Chunks that touch, or share a block, are read in one go; what lies between is dropped by the overlap test.
      if (before && begin.block <= before.to.block) {
        if (compareOffsets(to, before.to) > 0) before.to = to
      } else merged.push({ from: begin, to })
    }
    return merged.filter(c => compareOffsets(c.from, c.to) < 0)
  }

  /** The bases that a bin stands for. */
  private spanOf(bin: number): readonly [number, number] {
    let level = 0
    let first = 0
    let count = 1
    while (bin >= first + count) {
      first += count
      count *= 8
      level++
    }
    const size = 2 ** (this.shift + 3 * (this.depth - level))
    return [(bin - first) * size, (bin - first + 1) * size]
  }

  /** Linear index: no record that overlaps the window of `start` begins before this. */
  private leastOfWindows(at: number, start: number): VirtualOffset {
    const windows = this.view.getInt32(at, true)
    if (windows === 0) return ZERO
    return offsetAt(this.view, at + 4 + 8 * Math.min(Math.floor(start / 2 ** BAI_SHIFT), windows - 1))
  }

  /** CSI keeps that offset with the bins: that of the nearest bin at or left of `start`, going up where a level has none. */
  private leastOfBins(loffsets: ReadonlyMap<number, VirtualOffset>, start: number): VirtualOffset {
    let first = (8 ** this.depth - 1) / 7
    let bin = first + Math.floor(start / 2 ** this.shift)
    while (bin > 0) {
      const found = loffsets.get(bin)
      if (found) return found
      first = ((bin - 1 - ((bin - 1) % 8)) / 8) * 8 + 1
      bin = bin > first ? bin - 1 : Math.floor((bin - 1) / 8)
    }
    return loffsets.get(0) ?? ZERO
  }
}

const ZERO: VirtualOffset = { block: 0, within: 0 }

/** The bin past all others that holds counts instead of chunks (SAM specification 5.2): 37450 in a BAI. */
const pseudoBin = (depth: number) => (8 ** (depth + 1) - 1) / 7 + 1

/** 48 bits of file offset, 16 of offset within the block: read apart, since together they pass 2^53. */
function offsetAt(view: DataView, at: number): VirtualOffset {
  const low = view.getUint32(at, true)
  return { block: view.getUint32(at + 4, true) * 65_536 + (low >>> 16), within: low & 0xffff }
}

async function contentOf(file: CheckedFile): Promise<Uint8Array> {
  if (file.size > MAX_INDEX) throw badIndex(file.path, `takes ${file.size} bytes`)
  if (!isGzip(await file.read(3, 0))) return file.read(file.size, 0)
  const parts: Uint8Array[] = []
  let total = 0
  for await (const { bytes } of blocksOf(file)) {
    total += bytes.length
    if (total > MAX_INDEX) throw badIndex(file.path, `inflates to more than ${MAX_INDEX} bytes`)
    parts.push(bytes)
  }
  const whole = new Uint8Array(total)
  let at = 0
  for (const part of parts) {
    whole.set(part, at)
    at += part.length
  }
  return whole
}

export const badIndex = (path: string, what: string, cause?: unknown) =>
  new WorkbenchError('bad-index', `the index '${path}' ${what}`, `make it again with 'diploscope index FILE --force'`, undefined, { cause }) // biome-ignore format: one line
