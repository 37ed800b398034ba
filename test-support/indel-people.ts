import { type BamRecord, writeBam } from '../src-main/readers/bamWriter.ts'
import { SeededRandom } from './random.ts'
import { type HaplotypeChange, haplotypeOf, SIMULATION_DEFAULTS, simulateReads } from './simulated-reads.ts'

export const INDEL_CONTIG = { name: 'c', length: 700 } as const

/** Overlapping mates over 700 bp full of insertions and deletions, N in the reference, poor qualities: a hard case for counting. */
export function indelReads(seed: string): BamRecord[] {
  const random = new SeededRandom(seed)
  const reference = Array.from({ length: INDEL_CONTIG.length }, () => random.pick('ACGTN')).join('')
  const side = () => {
    const changes: HaplotypeChange[] = []
    for (let at = 30; at < 670; at += random.integer(4, 30)) {
      const base = reference[at]!
      changes.push(random.chance(0.6) ? { start: at, ref: base, alt: `${base}${'ACGT'.slice(0, random.integer(1, 4))}` } : { start: at, ref: reference.slice(at, at + 3), alt: base }) // biome-ignore format: one line
    }
    return haplotypeOf(0, reference, changes)
  }
  return simulateReads({
    ...SIMULATION_DEFAULTS,
    random,
    haplotypes: [side(), side()],
    depth: 25,
    readLength: 60,
    insertMean: 80,
    insertDeviation: 15,
    blemishes: 0.1,
    namePrefix: seed,
  })
}

/** The same as a BAM file. */
export const indelBam = (seed: string): Uint8Array =>
  writeBam({ contigs: [INDEL_CONTIG], headerLines: ['@RG\tID:r1\tSM:made', '@CO\tsynthetic: made by a test'], records: indelReads(seed) }) // biome-ignore format: one line
