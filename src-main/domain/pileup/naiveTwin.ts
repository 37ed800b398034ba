import type { PileupOptions } from '../../../src-shared/genome/pileup.ts'

/** A read in the plainest form: what a line of SAM says, with 0-based positions and contigs by number. */
export interface PlainRead {
  readonly name: string
  readonly flag: number
  readonly contig: number
  readonly start: number
  readonly mappingQuality: number
  readonly cigar: readonly (readonly [length: number, letter: string])[]
  /** '' when not stored. */
  readonly bases: string
  /** One a base; 255 throughout when missing. */
  readonly qualities: readonly number[]
  readonly mateContig: number
  readonly mateStart: number
  readonly templateLength: number
}

/** One row: position (0-based), segments, depth, A, C, G, T, N, del, refskip, ins. */
export type PlainRow = readonly number[]

interface Buffered {
  readonly read: PlainRead
  readonly end: number
  readonly qualities: number[]
}

interface Place {
  readonly letter: string
  readonly index: number
  readonly insertion: boolean
}

const consumes = (letters: string) => (letter: string) => letters.includes(letter)
const onReference = consumes('MDN=X')
const onRead = consumes('MIS=X')
const aligned = consumes('M=X')

const referenceLength = (read: PlainRead) => read.cigar.reduce((sum, [n, op]) => sum + (onReference(op) ? n : 0), 0)

/**
 * A slow, plain pileup of the same semantics as PileupEngine, column after column over a buffer of reads: the twin that the engine
 * is tested against. It shares no code with it.
 */
export function naivePileup(
  reads: readonly PlainRead[],
  contig: number,
  start: number,
  end: number,
  options: PileupOptions,
): PlainRow[] {
  const rows: PlainRow[] = []
  const waiting = new Map<string, Buffered>()
  let buffer: Buffered[] = []
  let column = contig === 0 ? 0 : -1
  let pushedTo = -1

  const emit = () => {
    for (const gone of buffer.filter(b => b.end <= column)) waiting.delete(gone.read.name)
    buffer = buffer.filter(b => b.end > column)
    const here = buffer.filter(b => b.read.start <= column)
    if (here.length && column >= start && column < end) rows.push(rowOf(here, column, options.minBaseQuality))
    const next = buffer[0]?.read.start
    column = next !== undefined && next > column ? next : column + 1
  }
  const computeTo = (limit: number) => {
    while (column < limit) {
      if (buffer.length === 0) column = limit
      else emit()
    }
  }

  for (const read of reads) {
    const length = referenceLength(read)
    const unmapped = (read.flag & 4) !== 0
    const fetchEnd = read.start + (unmapped || length === 0 ? 1 : length)
    if (read.contig !== contig || read.start >= end || fetchEnd <= start) continue
    if (!passes(read, options)) continue
    const capped = read.start === column && buffer.length >= (options.maxDepth || 8000)
    if (unmapped || capped) {
      waiting.delete(read.name)
      continue
    }
    const entering: Buffered = { read, end: read.start + length, qualities: [...read.qualities] }
    pushedTo = read.start
    if (entering.end > column) {
      buffer.push(entering)
      if (!options.countOverlaps) meet(waiting, entering)
    }
    computeTo(pushedTo)
  }
  while (buffer.length) emit()
  return rows
}

function passes(read: PlainRead, o: PileupOptions): boolean {
  if (o.stepper === 'nofilter') return true
  if (read.flag & o.flagFilter) return false
  if (o.stepper === 'all') return true
  if (o.flagRequire && !(read.flag & o.flagRequire)) return false
  if (read.mappingQuality < o.minMappingQuality) return false
  return o.keepOrphans || !(read.flag & 1) || (read.flag & 2) !== 0
}

function meet(waiting: Map<string, Buffered>, b: Buffered): void {
  const { read } = b
  if (!(read.flag & 2) || read.flag & 8) return
  if (read.mateContig >= 0 && read.mateContig !== read.contig) return
  if (Math.abs(read.templateLength) >= 2 * read.bases.length && read.mateStart >= b.end) return
  const a = waiting.get(read.name)
  if (a) {
    waiting.delete(read.name)
    resolve(a, b)
  } else if (read.mateStart >= read.start || (read.flag & 1 && read.mateStart === -1)) waiting.set(read.name, b)
}

/** Reference position and read index of every aligned base. */
function alignedBases(read: PlainRead): [number, number][] {
  const found: [number, number][] = []
  let position = read.start
  let index = 0
  for (const [n, op] of read.cigar) {
    if (aligned(op)) for (let k = 0; k < n; k++) found.push([position + k, index + k])
    if (onReference(op)) position += n
    if (onRead(op)) index += n
  }
  return found
}

function resolve(a: Buffered, b: Buffered): void {
  if (!a.read.bases || !b.read.bases) return
  const left = alignedBases(a.read)
  const right = alignedBases(b.read)
  const keepLeft = hashOf(a.read.name) % 2n === 1n
  let position = b.read.start
  let i = 0
  let j = 0
  while (true) {
    while (i < left.length && left[i]![0] < position) i++
    if (i === left.length) return
    position = Math.max(position, left[i]![0])
    while (j < right.length && right[j]![0] < position) j++
    if (j === right.length) return
    position = Math.max(position, right[j]![0]) + 1
    if (left[i]![0] !== right[j]![0]) continue
    const x = left[i]![1]
    const y = right[j]![1]
    const qx = a.qualities[x]!
    const qy = b.qualities[y]!
    const keep = a.read.bases[x] === b.read.bases[y] || qx === qy ? keepLeft : qx > qy
    const kept = a.read.bases[x] === b.read.bases[y] ? Math.min(200, qx + qy) : Math.floor(0.8 * Math.max(qx, qy))
    a.qualities[x] = keep ? kept : 0
    b.qualities[y] = keep ? 0 : kept
  }
}

/** X31, then Wang, in plain unbounded arithmetic. */
function hashOf(name: string): bigint {
  const bits = (1n << 32n) - 1n
  let key = 0n
  for (const c of name) key = (key * 31n + BigInt(c.charCodeAt(0))) & bits
  const not = (v: bigint) => ~v & bits
  key = (key + not((key << 15n) & bits)) & bits
  key ^= key >> 10n
  key = (key + (key << 3n)) & bits
  key ^= key >> 6n
  key = (key + not((key << 11n) & bits)) & bits
  key ^= key >> 16n
  return key
}

function placeOf(read: PlainRead, column: number): Place {
  let position = read.start
  let index = 0
  for (const [k, [n, op]] of read.cigar.entries()) {
    if (onReference(op) && column < position + n) {
      const last = column === position + n - 1
      const insertion = last && insertsAfter(read, k)
      if (op === 'D' || op === 'N') return { letter: op === 'D' ? 'del' : 'skip', index, insertion }
      const at = index + column - position
      return { letter: read.bases[at] ?? 'N', index: at, insertion }
    }
    if (onReference(op)) position += n
    if (onRead(op)) index += n
  }
  throw new Error('the column is not in the read')
}

function insertsAfter(read: PlainRead, k: number): boolean {
  const rest = read.cigar.slice(k + 1).map(([, op]) => op)
  if (rest[0] === 'I') return true
  if (rest[0] !== 'P') return false
  const stop = rest.findIndex(op => onReference(op))
  return rest.slice(0, stop < 0 ? rest.length : stop).includes('I')
}

function rowOf(reads: readonly Buffered[], column: number, minQuality: number): PlainRow {
  const counts = { A: 0, C: 0, G: 0, T: 0, N: 0, del: 0, skip: 0 }
  let insertions = 0
  for (const { read, qualities } of reads) {
    const { letter, index, insertion } = placeOf(read, column)
    if ((qualities[index] ?? 0) < minQuality) continue
    counts[letter in counts ? (letter as keyof typeof counts) : 'N']++
    if (insertion) insertions++
  }
  const numbers = Object.values(counts)
  return [column, reads.length, numbers.reduce((sum, n) => sum + n, 0), ...numbers, insertions]
}
