import { codeIndexOf, DIPLOTYPE_CODES, HAPLOTYPE_TOKENS, TOKEN_COUNT } from '../../../src-shared/genome/diplotype.ts'
import { PILEUP_DEFAULTS } from '../../../src-shared/genome/pileup.ts'
import type { Random } from '../../../src-shared/random.ts'
import { callPair, type DiplotypeOptions } from '../diplotype/call.ts'
import { READS, type SimulatedRead, simulateReads, wrongLetter } from './reads.ts'

const N = HAPLOTYPE_TOKENS.indexOf('N')
/** A C G T are tokens 0 to 3 of HAPLOTYPE_TOKENS, and letters 0 to 3 of the simulation. */
const HOMOZYGOUS = Uint8Array.from({ length: 4 }, (_, i) => codeIndexOf(i, i))
const UNCOVERED = codeIndexOf(N, N)
const CODE_UNITS = Uint16Array.from(DIPLOTYPE_CODES, code => code.char.charCodeAt(0))

/** A person's diplotype over [from, to) of the simulated bases, as the reads show it. */
export interface CountedDiplotype {
  /** Rows of DIPLOTYPE_CODES. */
  readonly codes: Uint8Array
  readonly covered: number
  readonly heterozygous: number
  /** Counted bases over all positions. */
  readonly bases: number
}

/**
 * Counts simulated reads without writing them and calls the diplotype with the caller that is used on pileups. Bases below the pileup's
 * quality threshold do not count. Buffers are kept between people: one `ReadCounter` a thread.
 */
export class ReadCounter {
  private readonly coverage: readonly [Int32Array, Int32Array]
  /** Changes at single positions: position · 2 + side, letter taken away, letter added (4: none). */
  private events = new Int32Array(1 << 12)
  private eventCount = 0
  private readonly touched: Uint8Array
  private readonly change: Int16Array
  private readonly counts = new Uint32Array(TOKEN_COUNT)

  constructor(private readonly span: number) {
    this.coverage = [new Int32Array(span + 1), new Int32Array(span + 1)]
    this.touched = new Uint8Array(span)
    this.change = new Int16Array(span * 4)
  }

  /** `chromosomes`: letters 0 to 3 of both, `span` long. */
  call(
    chromosomes: readonly [Uint8Array, Uint8Array],
    depth: number,
    random: Random,
    from: number,
    to: number,
    options: DiplotypeOptions,
  ): CountedDiplotype {
    const { coverage, touched, change, counts } = this
    coverage[0].fill(0)
    coverage[1].fill(0)
    this.eventCount = 0
    simulateReads(random, this.span, depth, read => this.add(read, chromosomes))
    for (let i = 0; i < this.eventCount; i += 3) {
      const position = this.events[i]!
      touched[position] = 1
      change[position * 4 + this.events[i + 1]!]! -= 1
      if (this.events[i + 2]! < 4) change[position * 4 + this.events[i + 2]!]! += 1
    }
    const codes = new Uint8Array(to - from)
    let covered = 0
    let heterozygous = 0
    let bases = 0
    let first = 0
    let second = 0
    for (let position = 0; position < to; position++) {
      first += coverage[0][position]!
      second += coverage[1][position]!
      if (position < from) continue
      const a = chromosomes[0][position]!
      const b = chromosomes[1][position]!
      if (touched[position] === 0 && a === b) {
        const depthHere = first + second
        codes[position - from] = depthHere > 0 ? HOMOZYGOUS[a]! : UNCOVERED
        if (depthHere > 0) covered++
        bases += depthHere
        continue
      }
      counts.fill(0)
      counts[a]! += first
      counts[b]! += second
      for (let letter = 0; letter < 4; letter++) counts[letter]! += change[position * 4 + letter]!
      const depthHere = counts[0]! + counts[1]! + counts[2]! + counts[3]!
      bases += depthHere
      const pair = callPair(counts, 0, options)
      codes[position - from] = codeIndexOf(pair[0], pair[1])
      if (depthHere > 0) covered++
      if (pair[0] !== pair[1]) heterozygous++
    }
    for (let i = 0; i < this.eventCount; i += 3) {
      const position = this.events[i]!
      touched[position] = 0
      change.fill(0, position * 4, position * 4 + 4)
    }
    return { codes, covered, heterozygous, bases }
  }

  private add(read: SimulatedRead, chromosomes: readonly [Uint8Array, Uint8Array]): void {
    const begin = read.offset + (read.reverse ? read.tailTo : 0)
    const end = read.offset + (read.reverse ? READS.length : read.tailFrom)
    const coverage = this.coverage[read.side]
    coverage[begin]! += 1
    coverage[end]! -= 1
    const letters = chromosomes[read.side]
    for (let i = 0; i < read.eventCount; i++) {
      const event = read.events[i]!
      const counts = event.quality >= PILEUP_DEFAULTS.minBaseQuality
      if (counts && event.wrong === 0) continue
      if (this.eventCount + 3 > this.events.length) {
        const more = new Int32Array(this.events.length * 2)
        more.set(this.events)
        this.events = more
      }
      const position = read.offset + event.index
      const letter = letters[position]!
      this.events[this.eventCount] = position
      this.events[this.eventCount + 1] = letter
      this.events[this.eventCount + 2] = counts ? wrongLetter(letter, event.wrong) : 4
      this.eventCount += 3
    }
  }
}

/** The characters of codes. */
export function textOfCodes(codes: Uint8Array): string {
  const units = new Uint16Array(codes.length)
  for (let i = 0; i < codes.length; i++) units[i] = CODE_UNITS[codes[i]!]!
  let text = ''
  for (let i = 0; i < units.length; i += 8192) text += String.fromCharCode(...units.subarray(i, i + 8192))
  return text
}
