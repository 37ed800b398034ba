import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { writeBigWig } from '../../src-main/readers/bigwigWriter.ts'
import { CHR19_LENGTH } from '../../src-shared/genome/assemblies.ts'
import { SeededRandom } from '../random.ts'
import { DEMO_REGION } from './genome.ts'

/**
 * The made-up rules behind the demo's tracks. None of them is biology: they are there so that a small network has something to learn whose
 * truth is known. The letters were chosen because the demo's random sequence happens to have OPENS and STARTS where APOE begins.
 */
const OPENS = 'GGCCATG'
const STARTS = 'ACTGTCG'
const CLOSES = 'GTCCTGC'
/** Transcription begins so many bases after the first letter of STARTS. */
const START_OFFSET_BP = 22
/** How far CLOSES silences OPENS, and OPENS strengthens STARTS. */
const CLOSES_REACH_BP = 300
const OPENS_REACH_BP = 400

/** Signal of one kind, a value a base. */
export interface DemoTracks {
  readonly dnase: Float64Array
  readonly cagePlus: Float64Array
  readonly cageMinus: Float64Array
}

const complement = (motif: string): string =>
  [...motif]
    .reverse()
    .map(c => 'TGCA'['ACGT'.indexOf(c)])
    .join('')

/** Places of the first letter, on the sequence as it is written. */
function places(sequence: string, motif: string): number[] {
  const found: number[] = []
  for (let at = sequence.indexOf(motif); at >= 0; at = sequence.indexOf(motif, at + 1)) found.push(at)
  return found
}

/** Adds a bell of a height around a base. */
function addBell(track: Float64Array, middle: number, deviationBp: number, height: number): void {
  const reach = Math.ceil(4 * deviationBp)
  for (let i = Math.max(0, middle - reach); i <= Math.min(track.length - 1, middle + reach); i++)
    track[i]! += height * Math.exp(-0.5 * ((i - middle) / deviationBp) ** 2)
}

/**
 * What the rules say of a sequence. DNase: a bell of 100 bp and height 8 at each OPENS on either strand, a fifth of it where CLOSES lies within
 * 300 bp. CAGE: a bell of 20 bp at each STARTS, on its strand, of height 4, and up to five times that beside an OPENS that works.
 */
export function demoRules(sequence: string): DemoTracks {
  const { length } = sequence
  const [dnase, cagePlus, cageMinus] = [0, 1, 2].map(() => new Float64Array(length)) as [Float64Array, Float64Array, Float64Array] // biome-ignore format: one thought
  const both = (motif: string) => [...places(sequence, motif), ...places(sequence, complement(motif))]
  const closed = both(CLOSES)
  const open = both(OPENS).map(at => ({
    at,
    strength: closed.some(c => Math.abs(c - at) <= CLOSES_REACH_BP) ? 0.2 : 1,
  }))
  for (const { at, strength } of open) addBell(dnase, at + 3, 100, 8 * strength)
  const height = (at: number) => {
    let help = 0
    for (const o of open) help += o.strength * Math.exp(-(((o.at - at) / OPENS_REACH_BP) ** 2))
    return 4 * (1 + 4 * Math.min(1, help))
  }
  for (const at of places(sequence, STARTS)) addBell(cagePlus, at + START_OFFSET_BP, 20, height(at))
  for (const at of places(sequence, complement(STARTS))) addBell(cageMinus, at + STARTS.length - 1 - START_OFFSET_BP, 20, height(at)) // biome-ignore format: one thought
  return { dnase, cagePlus, cageMinus }
}

const BIN_BP = 8

/** A signal as an experiment would give it: bins of 8 bp, a floor, and noise that grows with the signal. */
function measured(track: Float64Array, random: SeededRandom): number[] {
  const out: number[] = []
  for (let start = 0; start < track.length; start += BIN_BP) {
    const end = Math.min(track.length, start + BIN_BP)
    let sum = 0
    for (let i = start; i < end; i++) sum += track[i]!
    const value = (sum / (end - start)) * (1 + random.normal(0, 0.15)) + 0.4 * random.next()
    out.push(Math.round(Math.max(0, value) * 100) / 100)
  }
  return out
}

/** The three files, in the order of the model's tracks. */
export const DEMO_TRACK_FILES = ['synthetic-dnase.bw', 'synthetic-cage-plus.bw', 'synthetic-cage-minus.bw'] as const

interface Stretch {
  readonly contig: string
  readonly start: number
  readonly sequence: string
}

function trackFiles(
  contigs: readonly { name: string; length: number }[],
  stretches: readonly Stretch[],
  seed: string,
): Uint8Array[] {
  const rules = stretches.map(s => demoRules(s.sequence))
  return (['dnase', 'cagePlus', 'cageMinus'] as const).map(kind => {
    const random = new SeededRandom(`${seed} ${kind}`)
    const sections = stretches.map(({ contig, start, sequence }, i) => {
      const values = measured(rules[i]![kind], random)
      const starts = values.map((_, b) => start + b * BIN_BP)
      return { contig, starts, ends: starts.map(s => Math.min(start + sequence.length, s + BIN_BP)), values }
    })
    return writeBigWig(contigs, sections)
  })
}

/** The demo region's tracks as bigWigs on GRCh38 coordinates. */
export const demoTrackFiles = (sequence: string, seed: string): Uint8Array[] =>
  trackFiles(
    [{ name: DEMO_REGION.contig, length: CHR19_LENGTH.GRCh38 }],
    [{ contig: DEMO_REGION.contig, start: DEMO_REGION.start, sequence }],
    seed,
  )

/** Contigs of the made-up genome that the demo's model learns from, in bp. */
const TRAINING_CONTIGS = [
  ['synthetic-train', 1_600_000],
  ['synthetic-valid', 160_000],
  ['synthetic-test', 160_000],
] as const

/** Random letters like the demo's, with motifs planted about every kilobase: alone, in pairs, and silenced. */
function trainingSequence(length: number, random: SeededRandom): string {
  const letters = Array.from({ length }, () => random.pick(random.chance(0.58) ? 'GC' : 'AT'))
  const plant = (motif: string, at: number) => {
    const text = random.chance(0.5) ? motif : complement(motif)
    if (at >= 0 && at + text.length <= length) for (let i = 0; i < text.length; i++) letters[at + i] = text[i]!
  }
  for (let at = 400; at < length - 400; at += random.integer(400, 1600)) {
    const near = at + random.integer(20, 400) * (random.chance(0.5) ? 1 : -1)
    const kind = random.next()
    if (kind < 0.8) plant(kind < 0.5 ? OPENS : STARTS, at)
    if (kind < 0.3) plant(CLOSES, near)
    else if (kind < 0.5) plant(STARTS, near)
    else if (kind >= 0.8) plant(CLOSES, at)
  }
  return letters.join('')
}

/** Writes what the demo's model is trained on: `genome.fa` and three bigWigs. Gives the names. */
export async function makeDemoTraining(folder: string, seed: string): Promise<string[]> {
  await mkdir(folder, { recursive: true })
  const stretches = TRAINING_CONTIGS.map(([contig, length]) => ({
    contig,
    start: 0,
    sequence: trainingSequence(length, new SeededRandom(`${seed} ${contig}`)),
  }))
  const fasta = stretches.map(
    s => `>${s.contig} synthetic: made-up letters\n${s.sequence.replace(/.{60}/g, '$&\n').trimEnd()}\n`,
  )
  await writeFile(join(folder, 'genome.fa'), fasta.join(''))
  const contigs = TRAINING_CONTIGS.map(([name, length]) => ({ name, length }))
  const files = trackFiles(contigs, stretches, seed)
  for (const [i, name] of DEMO_TRACK_FILES.entries()) await writeFile(join(folder, name), files[i]!)
  return ['genome.fa', ...DEMO_TRACK_FILES]
}
