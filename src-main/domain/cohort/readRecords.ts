import type { Random } from '../../../src-shared/random.ts'
import { LETTERS } from './cohort.ts'
import { READS, type SimulatedRead, simulateReads, wrongLetter } from './reads.ts'

/** A simulated read as it is written to a file; the fields of a BAM record, without the layer that writes them. */
export interface ReadRecord {
  readonly name: string
  readonly flag: number
  readonly contig: number
  readonly start: number
  readonly mappingQuality: number
  readonly cigar: string
  readonly sequence: string
  readonly qualities: Uint8Array
  readonly mateContig: number
  readonly mateStart: number
  readonly templateLength: number
  readonly tags: Readonly<Record<string, string>>
}

const TAIL_ERROR = 10 ** -0.2

/**
 * The same reads as `ReadCounter` counts from the same random numbers, as records. `start` is the 0-based position of the first simulated base.
 * The letters of tails of quality 2, which no pileup counts, come from `tails`.
 */
export function readRecords(
  random: Random,
  tails: Random,
  chromosomes: readonly [Uint8Array, Uint8Array],
  depth: number,
  start: number,
  sample: string,
): ReadRecord[] {
  const out: ReadRecord[] = []
  const { length, mappingQuality } = READS
  simulateReads(random, chromosomes[0].length, depth, read => {
    const { letters, qualities } = lettersOf(read, chromosomes, tails)
    const template = Math.abs(read.mateOffset - read.offset) + length
    out.push({
      name: `${sample}:${read.fragment}`,
      // paired, proper; this or the mate on the reverse strand; first or second
      flag: 0x3 | (read.reverse ? 0x10 : 0x20) | (read.first ? 0x40 : 0x80),
      contig: 0,
      start: start + read.offset,
      mappingQuality,
      cigar: `${length}M`,
      sequence: letters,
      qualities,
      mateContig: 0,
      mateStart: start + read.mateOffset,
      templateLength: read.reverse ? -template : template,
      tags: { RG: sample },
    })
  })
  return out
}

function lettersOf(read: SimulatedRead, chromosomes: readonly [Uint8Array, Uint8Array], tails: Random) {
  const { length } = READS
  const truth = chromosomes[read.side]
  const codes = new Uint8Array(length)
  for (let i = 0; i < length; i++) codes[i] = truth[read.offset + i]!
  const qualities = new Uint8Array(length).fill(37)
  for (let i = 0; i < read.eventCount; i++) {
    const event = read.events[i]!
    qualities[event.index] = event.quality
    codes[event.index] = wrongLetter(codes[event.index]!, event.wrong)
  }
  for (let i = read.tailFrom; i < read.tailTo; i++) {
    qualities[i] = 2
    if (tails() < TAIL_ERROR) codes[i] = wrongLetter(codes[i]!, 1 + Math.floor(tails() * 3))
  }
  let letters = ''
  for (let i = 0; i < length; i++) letters += LETTERS[codes[i]!]!
  return { letters, qualities }
}
