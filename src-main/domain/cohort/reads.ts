import type { Random } from '../../../src-shared/random.ts'
import { integerIn, normal } from './draws.ts'

/**
 * Illumina-like pairs, 2 x 150: binned qualities (37, 25, 11 and 2) that fall along a read, bases wrong as often as their quality says. Mates
 * never overlap (fragments of at least 300 bp), so that a read can be counted by itself.
 */
export const READS = { length: 150, insertMean: 420, insertDeviation: 50, mappingQuality: 60 } as const

/** Share of bases below quality 37: at the first base, and what is added by the last. */
const DROP_FIRST = 0.02
const DROP_RISE = 0.1
/** Of these the share with quality 11; the others have 25. */
const ELEVEN = 0.4
const TAIL_CHANCE = 0.03
const ERROR_37 = 10 ** -3.7
const HIGHEST_RATE = DROP_FIRST + DROP_RISE + ERROR_37
const SKIP = Math.log(1 - HIGHEST_RATE)

/** What a base of a read is beside quality 37 and the true letter. `wrong`: 0 the true letter, 1 to 3 one of the others. */
export interface ReadEvent {
  /** Index within the read as stored, that is on the forward strand. */
  index: number
  quality: number
  wrong: number
}

/** A read, reused from call to call. `offset` counts from the first simulated base. */
export interface SimulatedRead {
  fragment: number
  /** Which of the two chromosomes. */
  side: 0 | 1
  reverse: boolean
  offset: number
  /** Bases [tailFrom, tailTo) of the read have quality 2; empty when equal. */
  tailFrom: number
  tailTo: number
  readonly events: ReadEvent[]
  eventCount: number
  mateOffset: number
  first: boolean
}

/** Pairs over `span` simulated bases at a mean depth; each read is given once, left mate before right. */
export function simulateReads(
  random: Random,
  span: number,
  depth: number,
  onRead: (read: SimulatedRead) => void,
): void {
  const { length } = READS
  const fragments = Math.round((depth * span) / (2 * length))
  const read: SimulatedRead = { fragment: 0, side: 0, reverse: false, offset: 0, tailFrom: 0, tailTo: 0, events: [], eventCount: 0, mateOffset: 0, first: true } // biome-ignore format: one line
  for (let fragment = 0; fragment < fragments; fragment++) {
    const insert = Math.max(2 * length, Math.round(normal(random, READS.insertMean, READS.insertDeviation)))
    const begin = integerIn(random, 0, span - insert + 1)
    const side = random() < 0.5 ? 0 : 1
    const leftFirst = random() < 0.5
    for (const reverse of [false, true]) {
      read.fragment = fragment
      read.side = side
      read.reverse = reverse
      read.offset = reverse ? begin + insert - length : begin
      read.mateOffset = reverse ? begin : begin + insert - length
      read.first = leftFirst !== reverse
      drawQualities(random, read)
      onRead(read)
    }
  }
}

function drawQualities(random: Random, read: SimulatedRead): void {
  const { length } = READS
  const tail = random() < TAIL_CHANCE ? integerIn(random, length >> 1, length) : length
  read.tailFrom = read.reverse ? 0 : tail
  read.tailTo = read.reverse ? length - tail : length
  read.eventCount = 0
  // Thinning: candidates at the highest rate, kept with the rate of their cycle (Lewis and Shedler 1979).
  for (
    let cycle = Math.floor(Math.log(1 - random()) / SKIP);
    cycle < tail;
    cycle += 1 + Math.floor(Math.log(1 - random()) / SKIP)
  ) {
    // biome-ignore format: one line
    const drop = DROP_FIRST + (DROP_RISE * cycle) / length
    const u = random() * HIGHEST_RATE
    if (u >= drop + ERROR_37 * (1 - drop)) continue
    const quality = u < drop * ELEVEN ? 11 : u < drop ? 25 : 37
    const wrong = quality === 37 || random() < 10 ** (-quality / 10) ? 1 + integerIn(random, 0, 3) : 0
    if (read.eventCount === read.events.length) read.events.push({ index: 0, quality: 0, wrong: 0 })
    const event = read.events[read.eventCount++]!
    event.index = read.reverse ? length - 1 - cycle : cycle
    event.quality = quality
    event.wrong = wrong
  }
}

/** The letter that stands where a read is wrong: one of the three others in the order A C G T. Letters are 0 to 3. */
export const wrongLetter = (letter: number, wrong: number): number => (wrong === 0 ? letter : (letter + wrong) & 3)
