import type { BamRecord } from '../src-main/readers/bamWriter.ts'
import type { SeededRandom } from './random.ts'

/** A change of one haplotype against the reference: VCF-like, `start` 0-based, first base shared by insertions and deletions. */
export interface HaplotypeChange {
  readonly start: number
  readonly ref: string
  readonly alt: string
}

/** A haplotype as letters, each with the reference position it stands on; -1 for inserted ones. */
export interface HaplotypeSequence {
  readonly letters: string
  readonly positions: Int32Array
}

/** Applies changes to the reference stretch that begins at `start` (0-based). Changes must be apart and match the reference. */
export function haplotypeOf(start: number, reference: string, changes: readonly HaplotypeChange[]): HaplotypeSequence {
  const letters: string[] = []
  const positions: number[] = []
  let at = 0
  const copyTo = (end: number) => {
    for (; at < end; at++) {
      letters.push(reference[at]!)
      positions.push(start + at)
    }
  }
  for (const change of [...changes].sort((a, b) => a.start - b.start)) {
    const offset = change.start - start
    if (offset < at || reference.slice(offset, offset + change.ref.length) !== change.ref)
      throw new RangeError(`change at ${change.start} does not fit the reference`)
    copyTo(offset)
    for (let i = 0; i < change.alt.length; i++) {
      letters.push(change.alt[i]!)
      positions.push(i < change.ref.length ? start + offset + i : -1)
    }
    at = offset + change.ref.length
  }
  copyTo(reference.length)
  return { letters: letters.join(''), positions: Int32Array.from(positions) }
}

export interface SimulationOptions {
  readonly random: SeededRandom
  readonly haplotypes: readonly HaplotypeSequence[]
  /** Share of fragments of each haplotype; equal when absent. */
  readonly weights?: readonly number[]
  /** Mean depth over the stretch. */
  readonly depth: number
  readonly readLength: number
  readonly insertMean: number
  readonly insertDeviation: number
  /** Index of the contig in the header. */
  readonly contig: number
  readonly namePrefix: string
  readonly mappingQuality: number
  readonly readGroup: string
  /** Share of fragments that are marked duplicates, have one end clipped, or lie at a doubtful place; 0 for none. */
  readonly blemishes: number
  /** Fixed base quality instead of the binned ones. */
  readonly flatQuality?: number
}

export const SIMULATION_DEFAULTS = {
  readLength: 150,
  insertMean: 350,
  insertDeviation: 45,
  contig: 0,
  mappingQuality: 60,
  readGroup: 'r1',
  blemishes: 0.03,
} as const

/** Paired reads of a diploid stretch, placed where they come from: truth by construction. Bases are wrong as often as their quality says. */
export function simulateReads(options: SimulationOptions): BamRecord[] {
  const { random, haplotypes, depth, readLength, blemishes } = options
  const span = haplotypes[0]!.letters.length
  const fragments = Math.round((depth * span) / (2 * readLength))
  const records: BamRecord[] = []
  for (let i = 0; i < fragments; i++) {
    const haplotype = haplotypes[chooseHaplotype(options)]!
    const insert = Math.max(readLength + 10, Math.round(random.normal(options.insertMean, options.insertDeviation)))
    const begin = random.integer(0, haplotype.letters.length - insert)
    const pair = fragment(options, haplotype, begin, insert, `${options.namePrefix}:${i}`)
    if (!pair) continue
    if (random.chance(blemishes / 2))
      for (const r of pair) records.push({ ...r, mappingQuality: random.integer(0, 20) })
    else records.push(...pair)
    if (random.chance(blemishes)) for (const r of pair) records.push({ ...r, name: `${r.name}d`, flag: r.flag | 0x400 })
  }
  return records
}

function chooseHaplotype({ random, haplotypes, weights }: SimulationOptions): number {
  if (!weights) return random.integer(0, haplotypes.length)
  let left = random.next() * weights.reduce((a, b) => a + b, 0)
  for (const [index, weight] of weights.entries()) {
    left -= weight
    if (left < 0) return index
  }
  return weights.length - 1
}

/** The two mates of one fragment [begin, begin + insert) of a haplotype; undefined when one would hold no aligned base. */
export function fragment(
  options: SimulationOptions,
  haplotype: HaplotypeSequence,
  begin: number,
  insert: number,
  name: string,
): [BamRecord, BamRecord] | undefined {
  const { random, readLength } = options
  const left = read(options, haplotype, begin, begin + readLength, false)
  const right = read(options, haplotype, begin + insert - readLength, begin + insert, true)
  if (!left || !right) return undefined
  const leftIsFirst = random.chance(0.5)
  const end = right.end
  const common = { name, contig: options.contig, mateContig: options.contig, mappingQuality: options.mappingQuality, tags: { RG: options.readGroup } } // biome-ignore format: one line
  const length = end - left.start
  return [
    { ...common, ...left.record, flag: 0x1 | 0x2 | 0x20 | (leftIsFirst ? 0x40 : 0x80), start: left.start, mateStart: right.start, templateLength: length }, // biome-ignore format: one line
    { ...common, ...right.record, flag: 0x1 | 0x2 | 0x10 | (leftIsFirst ? 0x80 : 0x40), start: right.start, mateStart: left.start, templateLength: -length }, // biome-ignore format: one line
  ]
}

interface PlacedRead {
  readonly start: number
  readonly end: number
  readonly record: { readonly cigar: string; readonly sequence: string; readonly qualities: Uint8Array }
}

function read(
  options: SimulationOptions,
  haplotype: HaplotypeSequence,
  from: number,
  to: number,
  reverse: boolean,
): PlacedRead | undefined {
  const { random } = options
  const length = to - from
  const qualities = qualitiesOf(options, length, reverse)
  const positions = haplotype.positions.slice(from, to)
  if (random.chance(options.blemishes)) {
    const clipped = random.integer(3, 25)
    if (random.chance(0.5)) positions.fill(-1, 0, clipped)
    else positions.fill(-1, length - clipped)
  }
  const letters: string[] = []
  for (let i = 0; i < length; i++) {
    const truth = haplotype.letters[from + i]!
    const wrong = random.chance(10 ** (-qualities[i]! / 10))
    letters.push(wrong ? random.pick([...'ACGT'].filter(b => b !== truth)) : truth)
  }
  const placed = cigarOf(positions)
  return placed && { start: placed.start, end: placed.end, record: { cigar: placed.cigar, sequence: letters.join(''), qualities } } // biome-ignore format: one line
}

/** CIGAR of a read whose bases stand on these reference positions (-1: on none): I inside, S at the ends, D where positions jump. */
export function cigarOf(positions: ArrayLike<number>): { cigar: string; start: number; end: number } | undefined {
  let first = 0
  while (first < positions.length && positions[first]! < 0) first++
  let last = positions.length - 1
  while (last >= 0 && positions[last]! < 0) last--
  if (first > last) return undefined
  const parts: [number, string][] = []
  const add = (n: number, letter: string) => {
    const previous = parts.at(-1)
    if (previous && previous[1] === letter) previous[0] += n
    else if (n > 0) parts.push([n, letter])
  }
  add(first, 'S')
  let expected = positions[first]!
  for (let i = first; i <= last; i++) {
    const position = positions[i]!
    if (position < 0) {
      add(1, 'I')
      continue
    }
    add(position - expected, 'D')
    add(1, 'M')
    expected = position + 1
  }
  add(positions.length - 1 - last, 'S')
  return { cigar: parts.map(([n, letter]) => `${n}${letter}`).join(''), start: positions[first]!, end: expected }
}

/** Binned qualities as today's sequencers write them (2, 11, 25, 37), falling along the read. */
function qualitiesOf({ random, flatQuality }: SimulationOptions, length: number, reverse: boolean): Uint8Array {
  const out = new Uint8Array(length)
  if (flatQuality !== undefined) return out.fill(flatQuality)
  const tail = random.chance(0.03) ? random.integer(length >> 1, length) : length
  for (let i = 0; i < length; i++) {
    const drop = 0.02 + (0.1 * i) / length
    const x = random.next()
    out[reverse ? length - 1 - i : i] = i >= tail ? 2 : x > drop ? 37 : x > drop * 0.4 ? 25 : 11
  }
  return out
}
