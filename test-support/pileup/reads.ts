import type { PlainRead } from '../../src-main/domain/pileup/naiveTwin.ts'
import { BASE_LETTERS, CIGAR_LETTERS, newBatch, type RecordBatch } from '../../src-main/domain/pileup/record.ts'
import type { Contig } from '../../src-shared/genome/locus.ts'
import { seededRandom } from '../../src-shared/random.ts'

/** A generator of whole numbers below a bound, the same for the same seed. */
export function randomBelow(seed: number): (below: number) => number {
  const random = seededRandom(seed)
  return below => Math.floor(random() * below)
}

/** Reads as a batch, encoded here by hand: the engine's input without a file between. */
export function batchOf(reads: readonly PlainRead[]): RecordBatch {
  const bytes: number[] = []
  const batch = newBatch(new Uint8Array(0), reads.length)
  for (const [i, read] of reads.entries()) {
    batch.contigs[i] = read.contig
    batch.starts[i] = read.start
    batch.ends[i] = read.start + read.cigar.reduce((sum, [n, op]) => sum + ('MDN=X'.includes(op) ? n : 0), 0)
    batch.flags[i] = read.flag
    batch.mappingQualities[i] = read.mappingQuality
    batch.mateContigs[i] = read.mateContig
    batch.mateStarts[i] = read.mateStart
    batch.templateLengths[i] = read.templateLength
    batch.nameOffsets[i] = bytes.length
    batch.nameLengths[i] = read.name.length
    bytes.push(...[...read.name].map(c => c.charCodeAt(0)), 0)
    batch.cigarOffsets[i] = bytes.length
    batch.cigarCounts[i] = read.cigar.length
    for (const [n, op] of read.cigar) {
      const unit = ((n << 4) | CIGAR_LETTERS.indexOf(op)) >>> 0
      bytes.push(unit & 255, (unit >>> 8) & 255, (unit >>> 16) & 255, unit >>> 24)
    }
    batch.sequenceOffsets[i] = bytes.length
    batch.sequenceLengths[i] = read.bases.length
    const codes = [...read.bases].map(c => BASE_LETTERS.indexOf(c))
    for (let k = 0; k < codes.length; k += 2) bytes.push((codes[k]! << 4) | (codes[k + 1] ?? 0))
    batch.qualityOffsets[i] = bytes.length
    bytes.push(...read.qualities)
    batch.tagOffsets[i] = bytes.length
  }
  batch.count = reads.length
  batch.bytes = Uint8Array.from(bytes)
  return batch
}

const parseCigar = (text: string): [number, string][] =>
  [...text.matchAll(/(\d+)([MIDNSHP=X])/g)].map(m => [Number(m[1]), m[2]!])

/** A made-up read; what is not given is that of a plain, unpaired one. */
export function plainRead(fields: Partial<Omit<PlainRead, 'cigar'>> & { cigar: string }): PlainRead {
  const cigar = parseCigar(fields.cigar)
  const length = cigar.reduce((sum, [n, op]) => sum + ('MIS=X'.includes(op) ? n : 0), 0)
  const bases = fields.bases ?? 'A'.repeat(length)
  return {
    name: 'r',
    flag: 0,
    contig: 0,
    start: 0,
    mappingQuality: 60,
    qualities: Array(bases.length).fill(30),
    mateContig: -1,
    mateStart: -1,
    templateLength: 0,
    ...fields,
    bases,
    cigar,
  }
}

/** The alignments of a SAM text, with its contigs. */
export function parseSam(text: string): { contigs: Contig[]; reads: PlainRead[] } {
  const contigs: Contig[] = []
  const reads: PlainRead[] = []
  for (const line of text.trimEnd().split('\n')) {
    const f = line.split('\t')
    if (f[0] === '@SQ') contigs.push({ name: f[1]!.slice(3), length: Number(f[2]!.slice(3)) })
    if (line.startsWith('@')) continue
    const contig = contigs.findIndex(c => c.name === f[2])
    const mate = f[6] === '=' ? contig : contigs.findIndex(c => c.name === f[6])
    const bases = f[9] === '*' ? '' : f[9]!
    reads.push(
      plainRead({
        name: f[0]!,
        flag: Number(f[1]),
        contig,
        start: Number(f[3]) - 1,
        mappingQuality: Number(f[4]),
        cigar: f[5]!,
        mateContig: mate,
        mateStart: Number(f[7]) - 1,
        templateLength: Number(f[8]),
        bases,
        qualities: f[10] === '*' ? Array(bases.length).fill(255) : [...f[10]!].map(c => c.charCodeAt(0) - 33),
      }),
    )
  }
  return { contigs, reads }
}

/** Random reads over `span` bases in file order: odd CIGARs and flags, few names, mates' places right or wrong. */
export function randomReads(seed: number, count: number, span: number): PlainRead[] {
  const below = randomBelow(seed)
  const pick = <T>(items: readonly T[]): T => items[below(items.length)]!
  const chance = (percent: number) => below(100) < percent
  const reference = Array.from({ length: span + 400 }, () => pick([...'ACGT']))
  const names = Array.from({ length: Math.max(2, count >> 1) }, () => `n${below(100_000)}`)
  const drafts = Array.from({ length: count }, () => {
    const start = below(span)
    const ops: [number, string][] = chance(15) ? [[1 + below(4), 'S']] : []
    if (chance(8)) ops.push([1 + below(3), pick(['D', 'I', 'N', 'P'])])
    for (let k = 0; k <= below(4); k++) {
      ops.push([1 + below(12), pick(['M', 'M', 'M', '=', 'X'])])
      for (let g = 0; g < below(3); g++) ops.push([1 + below(5), pick(['I', 'D', 'N', 'P', 'I', 'D'])])
    }
    if (chance(80)) while (ops.length > 1 && !'M=X'.includes(ops.at(-1)![1])) ops.pop()
    if (chance(3)) ops.splice(0, ops.length, [4, 'I'])
    if (chance(15)) ops.push([1 + below(4), 'S'])
    let position = start
    const bases = ops
      .flatMap(([n, op]) => {
        const here = position
        if ('MDN=X'.includes(op)) position += n
        if (!'MIS=X'.includes(op)) return []
        return Array.from({ length: n }, (_, k) => (chance(85) ? (reference[here + k] ?? 'A') : pick([...'ACGTNR='])))
      })
      .join('')
    const pair = chance(85) ? 1 | (chance(85) ? 2 : 0) | (chance(5) ? 8 : 0) : 0
    const rare = (chance(4) ? 4 : 0) | (chance(5) ? 0x100 : 0) | (chance(5) ? 0x400 : 0) | (chance(6) ? 0x800 : 0)
    const stored = chance(3) ? '' : bases
    const missing = chance(4)
    const qualities = Array.from(stored, () => (missing ? 255 : pick([0, 2, 7, 12, 13, 14, 20, 25, 37, 60, 93])))
    return { name: pick(names), flag: pair | rare | (chance(50) ? 0x10 : 0), start, ops, end: position, bases: stored, qualities } // biome-ignore format: one line
  })
  return drafts
    .map(d => {
      const mates = drafts.filter(m => m !== d && m.name === d.name)
      const mate = mates.length && chance(80) ? pick(mates) : undefined
      const right = mate && Math.max(d.end, mate.end) - Math.min(d.start, mate.start)
      return plainRead({
        name: d.name,
        flag: d.flag,
        start: d.start,
        cigar: d.ops.map(([n, op]) => `${n}${op}`).join(''),
        mappingQuality: pick([0, 19, 20, 60, 255]),
        bases: d.bases,
        qualities: d.qualities,
        mateContig: mate ? 0 : pick([-1, 0, 1]),
        mateStart: mate ? mate.start : below(span + 1) - 1,
        templateLength: chance(80) ? (right ?? 0) : pick([0, 5, 1000, -1000]),
      })
    })
    .sort((a, b) => a.start - b.start)
}
