import { deflateSync } from 'node:zlib'
import type { Contig } from '../../src-shared/genome/locus.ts'
import { WorkbenchError } from '../../src-shared/ipc/errors.ts'
import { joined } from './blockGzipWriter.ts'

/** Values over one contig, as columns: [start, end) 0-based half-open, ascending and apart. */
export interface SignalColumns {
  readonly contig: string
  readonly starts: ArrayLike<number>
  readonly ends: ArrayLike<number>
  readonly values: ArrayLike<number>
}

/** Format: Kent et al. 2010, Bioinformatics 26:2204, supplement; UCSC's bbiFile.h, bwgInternal.h and cirTree.c. */
const MAGIC = 0x888ffc26
const TREE_MAGIC = 0x78ca8c91
const INDEX_MAGIC = 0x2468ace0
const HEADER = 64
const ZOOM_HEADER = 24
const SUMMARY = 40
const ITEMS_PER_SECTION = 1024
const NODE_SIZE = 256
/** UCSC's tools make each zoom level four times coarser than the one before, ten at most. */
const ZOOM_STEP = 4
const MAX_ZOOMS = 10

interface Piece {
  readonly contig: number
  readonly start: number
  readonly end: number
  readonly bytes: Uint8Array
}
interface Summary {
  contig: number
  start: number
  end: number
  covered: number
  min: number
  max: number
  sum: number
  squares: number
}

/**
 * A bigWig file with zoom levels. NaN and infinite values are refused: leave such bases out.
 * @throws WorkbenchError `bad-input` when intervals overlap, are out of order, leave their contig, or a value is not finite.
 */
export function writeBigWig(contigs: readonly Contig[], signal: readonly SignalColumns[]): Uint8Array {
  const order = [...contigs].sort((a, b) => (a.name < b.name ? -1 : 1))
  const numbered = new Map(order.map((c, i) => [c.name, i]))
  for (const columns of signal) check(columns, contigs)
  const sorted = [...signal].sort((a, b) => numbered.get(a.contig)! - numbered.get(b.contig)!)
  const sections = sorted.flatMap(columns => sectionsOf(columns, numbered.get(columns.contig)!))
  const zooms = zoomLevels(sorted, numbered)

  const tree = contigTree(order)
  let at = HEADER + ZOOM_HEADER * zooms.length + SUMMARY
  const treeOffset = at
  at += tree.length
  const dataOffset = at
  const data = laidOut(sections, at + 8)
  at += 8 + data.bytes.length
  const indexOffset = at
  const index = rangeIndex(data.placed, at, ITEMS_PER_SECTION)
  at += index.length
  const zoomParts: Uint8Array[] = []
  const zoomHeaders: [number, number, number][] = []
  for (const zoom of zooms) {
    const packed = laidOut(zoom.pieces, at + 4)
    const zoomIndex = rangeIndex(packed.placed, at + 4 + packed.bytes.length, ITEMS_PER_SECTION)
    zoomHeaders.push([zoom.reduction, at, at + 4 + packed.bytes.length])
    zoomParts.push(fields(['u32', zoom.count]), packed.bytes, zoomIndex)
    at += 4 + packed.bytes.length + zoomIndex.length
  }
  const largest = Math.max(0, ...[...sections, ...zooms.flatMap(z => z.pieces)].map(p => p.bytes.length))
  const header = fields(
    ['u32', MAGIC],
    ['u16', 4],
    ['u16', zooms.length],
    ['u64', treeOffset],
    ['u64', dataOffset],
    ['u64', indexOffset],
    ['u16', 0],
    ['u16', 0],
    ['u64', 0],
    ['u64', treeOffset - SUMMARY],
    ['u32', largest],
    ['u64', 0], // biome-ignore format: the format's own order
    ...zoomHeaders.flatMap(([reduction, from, indexAt]) => [['u32', reduction], ['u32', 0], ['u64', from], ['u64', indexAt]] as const), // biome-ignore format: one line
    ...totals(sorted),
  )
  return joined([
    header,
    tree,
    fields(['u64', sections.length]),
    data.bytes,
    index,
    ...zoomParts,
    fields(['u32', MAGIC]),
  ])
}

function check(columns: SignalColumns, contigs: readonly Contig[]): void {
  const length = contigs.find(c => c.name === columns.contig)?.length
  const bad = (what: string) => new WorkbenchError('bad-input', `signal on '${columns.contig}' ${what}`, 'correct the values to be written') // biome-ignore format: one line
  if (length === undefined) throw bad('lies on a contig that the file is not to have')
  let last = 0
  for (let i = 0; i < columns.values.length; i++) {
    const start = columns.starts[i]!
    const end = columns.ends[i]!
    if (start < last || end <= start || end > length) throw bad(`has an interval ${start}-${end} that overlaps another or leaves the contig (${length} bp)`) // biome-ignore format: one line
    if (!Number.isFinite(columns.values[i])) throw bad(`is not finite at ${start}`)
    last = end
  }
}

/** Sections of up to 1,024 bedGraph items, packed one by one. */
function sectionsOf({ starts, ends, values }: SignalColumns, contig: number): Piece[] {
  const out: Piece[] = []
  for (let from = 0; from < values.length; from += ITEMS_PER_SECTION) {
    const to = Math.min(values.length, from + ITEMS_PER_SECTION)
    const bytes = new Uint8Array(24 + 12 * (to - from))
    const view = new DataView(bytes.buffer)
    view.setUint32(0, contig, true)
    view.setUint32(4, starts[from]!, true)
    view.setUint32(8, ends[to - 1]!, true)
    bytes[20] = 1 // bedGraph items
    view.setUint16(22, to - from, true)
    for (let i = from, at = 24; i < to; i++, at += 12) {
      view.setUint32(at, starts[i]!, true)
      view.setUint32(at + 4, ends[i]!, true)
      view.setFloat32(at + 8, values[i]!, true)
    }
    out.push({ contig, start: starts[from]!, end: ends[to - 1]!, bytes })
  }
  return out
}

interface Zoom {
  readonly reduction: number
  readonly count: number
  readonly pieces: readonly Piece[]
}

/** Coarser and coarser summaries, from ten times the mean item, until one section holds a level. */
function zoomLevels(signal: readonly SignalColumns[], numbered: ReadonlyMap<string, number>): Zoom[] {
  const items = signal.reduce((n, s) => n + s.values.length, 0)
  if (items === 0) return []
  let bases = 0
  for (const { starts, ends, values } of signal) for (let i = 0; i < values.length; i++) bases += ends[i]! - starts[i]!
  const out: Zoom[] = []
  let reduction = Math.max(10, Math.round((10 * bases) / items))
  for (let level = 0; level < MAX_ZOOMS; level++, reduction *= ZOOM_STEP) {
    const summaries = signal.flatMap(columns => summariesOf(columns, numbered.get(columns.contig)!, reduction))
    const pieces: Piece[] = []
    for (let from = 0; from < summaries.length; ) {
      let to = from + 1
      while (to < summaries.length && to - from < ITEMS_PER_SECTION && summaries[to]!.contig === summaries[from]!.contig) to++ // biome-ignore format: one line
      pieces.push(summaryPiece(summaries.slice(from, to)))
      from = to
    }
    out.push({ reduction, count: summaries.length, pieces })
    if (summaries.length <= ITEMS_PER_SECTION / 16 || reduction > 2 ** 29) break
  }
  return out
}

function summariesOf({ starts, ends, values }: SignalColumns, contig: number, reduction: number): Summary[] {
  const out: Summary[] = []
  let current: Summary | undefined
  for (let i = 0; i < values.length; i++) {
    const value = Math.fround(values[i]!)
    for (let start = starts[i]!; start < ends[i]!; ) {
      const bin = Math.floor(start / reduction)
      const end = Math.min(ends[i]!, (bin + 1) * reduction)
      if (!current || Math.floor(current.start / reduction) !== bin) {
        current = { contig, start, end, covered: 0, min: value, max: value, sum: 0, squares: 0 }
        out.push(current)
      }
      const bases = end - start
      current.end = end
      current.covered += bases
      current.min = Math.min(current.min, value)
      current.max = Math.max(current.max, value)
      current.sum += value * bases
      current.squares += value * value * bases
      start = end
    }
  }
  return out
}

function summaryPiece(summaries: readonly Summary[]): Piece {
  const bytes = joined(
    summaries.map(s => fields(['u32', s.contig], ['u32', s.start], ['u32', s.end], ['u32', s.covered], ['f32', s.min], ['f32', s.max], ['f32', s.sum], ['f32', s.squares])), // biome-ignore format: one line
  )
  const first = summaries[0]!
  return { contig: first.contig, start: first.start, end: summaries.at(-1)!.end, bytes }
}

function totals(signal: readonly SignalColumns[]): Field[] {
  const whole = signal.flatMap((columns, i) => summariesOf(columns, i, 2 ** 32))
  const sum = (pick: (s: Summary) => number) => whole.reduce((n, s) => n + pick(s), 0)
  const min = whole.reduce((n, s) => Math.min(n, s.min), Number.POSITIVE_INFINITY)
  const max = whole.reduce((n, s) => Math.max(n, s.max), Number.NEGATIVE_INFINITY)
  return [['u64', sum(s => s.covered)], ['f64', whole.length ? min : 0], ['f64', whole.length ? max : 0], ['f64', sum(s => s.sum)], ['f64', sum(s => s.squares)]] // biome-ignore format: one line
}

interface Placed extends Piece {
  readonly offset: number
  readonly size: number
}

/** Pieces deflated and laid one after another from file offset `at`. */
function laidOut(pieces: readonly Piece[], at: number): { bytes: Uint8Array; placed: Placed[] } {
  const packed = pieces.map(p => deflateSync(p.bytes))
  let offset = at
  const placed = pieces.map((p, i) => {
    const here = { ...p, offset, size: packed[i]!.length }
    offset += here.size
    return here
  })
  return { bytes: joined(packed), placed }
}

/** B+ tree of contig names, one leaf: fits 65,535 contigs, which is checked. */
function contigTree(contigs: readonly Contig[]): Uint8Array {
  if (contigs.length > 0xffff)
    throw new WorkbenchError('unsupported', `${contigs.length} contigs`, 'write at most 65,535 contigs to a bigWig')
  const names = contigs.map(c => new TextEncoder().encode(c.name))
  const keySize = Math.max(1, ...names.map(name => name.length))
  const parts = [
    fields(['u32', TREE_MAGIC], ['u32', Math.max(1, contigs.length)], ['u32', keySize], ['u32', 8], ['u64', contigs.length], ['u64', 0], ['u8', 1], ['u8', 0], ['u16', contigs.length]), // biome-ignore format: one line
  ]
  contigs.forEach(({ length }, i) => {
    const key = new Uint8Array(keySize)
    key.set(names[i]!)
    parts.push(key, fields(['u32', i], ['u32', length]))
  })
  return joined(parts)
}

interface Node {
  readonly first: { readonly contig: number; readonly start: number }
  readonly last: { readonly contig: number; readonly end: number }
  readonly children: readonly (Node | Placed)[]
}

/** R tree over the pieces, at file offset `at`, levels from the root down. */
function rangeIndex(pieces: readonly Placed[], at: number, itemsPerSlot: number): Uint8Array {
  const group = (children: readonly (Node | Placed)[]): Node[] => {
    const out: Node[] = []
    for (let i = 0; i < children.length; i += NODE_SIZE) {
      const some = children.slice(i, i + NODE_SIZE)
      out.push({ first: startOf(some[0]!), last: endOf(some.at(-1)!), children: some })
    }
    return out
  }
  let level = group(pieces)
  if (level.length === 0) level = [{ first: { contig: 0, start: 0 }, last: { contig: 0, end: 0 }, children: [] }]
  const levels = [level]
  while (levels[0]!.length > 1) levels.unshift(group(levels[0]!))
  const root = levels[0]![0]!
  const parts = [
    fields(['u32', INDEX_MAGIC], ['u32', NODE_SIZE], ['u64', pieces.length], ['u32', root.first.contig], ['u32', root.first.start], ['u32', root.last.contig], ['u32', root.last.end], ['u64', at], ['u32', itemsPerSlot], ['u32', 0]), // biome-ignore format: one line
  ]
  let offset = at + parts[0]!.length
  levels.forEach((nodes, depth) => {
    const leaf = depth === levels.length - 1
    const size = (node: Node) => 4 + node.children.length * (leaf ? 32 : 24)
    let child = offset + nodes.reduce((n, node) => n + size(node), 0)
    offset = child
    for (const node of nodes) {
      parts.push(fields(['u8', leaf ? 1 : 0], ['u8', 0], ['u16', node.children.length]))
      for (const c of node.children) {
        const [first, last] = [startOf(c), endOf(c)]
        parts.push(fields(['u32', first.contig], ['u32', first.start], ['u32', last.contig], ['u32', last.end]))
        if ('offset' in c) parts.push(fields(['u64', c.offset], ['u64', c.size]))
        else {
          parts.push(fields(['u64', child]))
          child += 4 + c.children.length * (depth === levels.length - 2 ? 32 : 24)
        }
      }
    }
  })
  return joined(parts)
}

const startOf = (c: Node | Placed) => ('offset' in c ? { contig: c.contig, start: c.start } : c.first)
const endOf = (c: Node | Placed) => ('offset' in c ? { contig: c.contig, end: c.end } : c.last)

type Field = readonly ['u8' | 'u16' | 'u32' | 'u64' | 'f32' | 'f64', number]
const SIZE = { u8: 1, u16: 2, u32: 4, u64: 8, f32: 4, f64: 8 } as const

function fields(...list: readonly Field[]): Uint8Array {
  const bytes = new Uint8Array(list.reduce((n, [kind]) => n + SIZE[kind], 0))
  const view = new DataView(bytes.buffer)
  let at = 0
  for (const [kind, value] of list) {
    if (kind === 'u8') view.setUint8(at, value)
    else if (kind === 'u16') view.setUint16(at, value, true)
    else if (kind === 'u32') view.setUint32(at, value, true)
    else if (kind === 'u64') view.setBigUint64(at, BigInt(value), true)
    else if (kind === 'f32') view.setFloat32(at, value, true)
    else view.setFloat64(at, value, true)
    at += SIZE[kind]
  }
  return bytes
}
