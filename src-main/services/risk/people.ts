import { createHash } from 'node:crypto'
import type { Diplotype } from '../../../src-shared/genome/apoe.ts'
import { CHR19_LENGTH } from '../../../src-shared/genome/assemblies.ts'
import { findContig } from '../../../src-shared/genome/contigs.ts'
import { throwIfCancelled, WorkbenchError } from '../../../src-shared/ipc/errors.ts'
import type { WorkContext } from '../../../src-shared/job.ts'
import { type CohortSpec, chromosomesOf, type Person, type Population, personDrawer, populationOf, readStream, simulatedStretch } from '../../domain/cohort/cohort.ts' // biome-ignore format: one line
import { ReadCounter, textOfCodes } from '../../domain/cohort/counts.ts'
import { streamOf } from '../../domain/cohort/draws.ts'
import { RISK_GENE } from '../../domain/cohort/locus.ts'
import { countedPool, type HaplotypePool } from '../../domain/cohort/variants.ts'
import { DIPLOTYPE_DEFAULTS } from '../../domain/diplotype/call.ts'
import { openReference, type Reference } from '../../readers/reference.ts'
import { breathe } from '../../workers/pileupRun.ts'
import { readHaplotypes } from './haplotypes.ts'

/** People with labels and the diplotype text of their region: what a classifier is trained on. */
export interface RiskPeople {
  readonly names: readonly string[]
  readonly labels: Uint8Array
  /** One character a base of the region, N where no read counts. */
  readonly texts: readonly string[]
  /** The region's reference letters. */
  readonly reference: string
  readonly referenceNote: string
  readonly simulated: boolean
  readonly depth: string
  /** Simulated people only. */
  readonly truth?: {
    readonly genotypes: readonly Diplotype[]
    /** True log odds in the population, intercept included. */
    readonly logOdds: Float64Array
    readonly prevalence: number
    readonly optimalAuc: number
    readonly twoSnpOptimalAuc: number
    readonly causalSites: readonly { readonly offset: number; readonly name: string }[]
    readonly description: Readonly<Record<string, unknown>>
  }
}

export interface LocusLetters {
  readonly letters: string
  readonly note: string
}

/** People whose letters are hashed before the program's loop gets a turn. */
const HASHED_AT_ONCE = 50
const hashes = new WeakMap<readonly string[], string>()

/** SHA-256 of everybody's diplotype, one line each; of the same people it is computed once. */
export async function textsSha256({ texts }: Pick<RiskPeople, 'texts'>): Promise<string> {
  const known = hashes.get(texts)
  if (known !== undefined) return known
  const hash = createHash('sha256')
  for (const [i, text] of texts.entries()) {
    if (i % HASHED_AT_ONCE === 0) await breathe()
    if (i > 0) hash.update('\n')
    hash.update(text)
  }
  const sha256 = hash.digest('hex')
  hashes.set(texts, sha256)
  return sha256
}

const SLICE = /^(.+):(\d+)-(\d+)$/
const n = (x: number) => x.toLocaleString('en-US')

/**
 * Letters [start, end) of chromosome 19 on GRCh38. The reference holds the chromosome of either build, or a slice whose contig is named
 * `chr19:44885000-44930000` (1-based, GRCh38). Letters that it does not know are drawn from a seed, with the gene's share of G and C, and counted.
 * @throws WorkbenchError `no-reference` when it does not hold chromosome 19 there, `build` when the chromosome has an unknown length
 */
export async function locusLetters(path: string, start: number, end: number, seed: number): Promise<LocusLetters> {
  const reference = await openReference(path)
  try {
    const raw = await rawLetters(reference, start, end)
    const random = streamOf(seed, 'reference')
    let drawn = 0
    const letters = Array.from(raw, letter => {
      if ('ACGT'.includes(letter)) return letter
      drawn++
      const pair = random() < 0.58 ? 'GC' : 'AT'
      return pair[random() < 0.5 ? 0 : 1]!
    })
    // The two SNPs decide the genotype: their reference letters are known, whatever the file says.
    for (const [position, letter] of [[44_908_683, 'T'], [44_908_821, 'C']] as const) if (position >= start && position < end) letters[position - start] = letter // biome-ignore format: one line
    const note = `${path.split(/[\\/]/).at(-1)}, GRCh38 chr19:${n(start + 1)}-${n(end)}${drawn > 0 ? `; ${n(drawn)} of ${n(end - start)} letters are not known in it and were drawn from seed ${seed}` : ''}`
    return { letters: letters.join(''), note }
  } finally {
    await reference.close()
  }
}

async function rawLetters(reference: Reference, start: number, end: number): Promise<string> {
  const contig = findContig('chr19', reference.contigs)
  if (contig) {
    const shift = contig.length === CHR19_LENGTH.GRCh38 ? 0 : contig.length === CHR19_LENGTH.GRCh37 ? RISK_GENE.GRCh37.start - RISK_GENE.GRCh38.start : undefined // biome-ignore format: one line
    if (shift === undefined) throw new WorkbenchError('build', `chromosome 19 has ${n(contig.length)} bp in '${reference.path}', which is neither GRCh37 nor GRCh38`, 'give a reference of one of the two') // biome-ignore format: one line
    return reference.sequence(contig.name, start + shift, end + shift, { upperCase: true })
  }
  for (const slice of reference.contigs) {
    const [, name, first] = SLICE.exec(slice.name) ?? []
    if (name === undefined || findContig('chr19', [{ name, length: 0 }]) === undefined) continue
    const offset = Number(first) - 1
    const from = Math.max(start, offset)
    const to = Math.min(end, offset + slice.length)
    if (from >= to) continue
    const known = await reference.sequence(slice.name, from - offset, to - offset, { upperCase: true })
    return 'N'.repeat(from - start) + known + 'N'.repeat(end - to)
  }
  throw new WorkbenchError('no-reference', `'${reference.path}' has no chromosome 19 (chr19, 19, NC_000019) and no slice of it`, 'give a reference of the locus') // biome-ignore format: one line
}

/** The population that a specification describes, over a reference. */
export async function openPopulation(
  spec: CohortSpec,
  referencePath: string,
  haplotypePath: string | undefined,
  context: WorkContext,
): Promise<{ readonly population: Population; readonly note: string }> {
  const { start, end } = simulatedStretch(spec)
  const { letters, note } = await locusLetters(referencePath, start, end, spec.seed)
  const pool: HaplotypePool =
    haplotypePath === undefined ? countedPool(start) : await readHaplotypes(haplotypePath, start, letters, context)
  return { population: populationOf(spec, letters, start, pool), note }
}

/** Every parameter of a population and what follows from them, for a file that people read. */
export function describePopulation(population: Population, referenceNote: string): Readonly<Record<string, unknown>> {
  const { spec, pool, variants, liability } = population
  const gene = RISK_GENE.GRCh38
  return {
    simulated: 'these people do not exist; not for use on people',
    ...spec,
    reference: referenceNote,
    haplotypes: pool.source,
    liability: liability.source,
    genotypeOddsRatios: Object.fromEntries(
      Object.entries(liability.genotypeLogOdds).map(([genotype, l]) => [genotype, Number(Math.exp(l).toFixed(6))]),
    ),
    intercept: population.intercept,
    optimalAuc: population.optimalAuc,
    optimalAucError: 0,
    twoSnpOptimalAuc: population.twoSnpOptimalAuc,
    optimalAucNote: 'exact: the distribution of the liability over genotypes is enumerated; of the true genotypes, without errors of reading', // biome-ignore format: one line
    effects: variants
      .filter(v => v.logOdds !== 0)
      .map(v => ({
        id: v.id,
        position: population.start + v.offset + 1,
        fromGeneBp: population.start + v.offset < gene.start ? population.start + v.offset - gene.start : population.start + v.offset - gene.end + 1, // biome-ignore format: one line
        ref: v.ref,
        alt: v.alt,
        frequency: Number(v.frequency.toFixed(4)),
        oddsRatio: Number(Math.exp(v.logOdds).toFixed(4)),
      })),
    neutralVariants: variants.filter(v => v.logOdds === 0).length,
    reads: '2 x 150 bp, fragments of 420 +- 50 bp (at least 300), qualities 37, 25, 11 and 2, errors as often as the quality says, mapping quality 60', // biome-ignore format: one line
  }
}

/**
 * Simulates the diplotypes of a whole cohort from counts, without writing reads; the region is cut to `flankBp`. `first`: people before it are
 * passed over, so that others of the same population come.
 */
export async function simulatedPeople(
  source: { readonly spec: CohortSpec; readonly reference: string; readonly haplotypes: string | undefined; readonly first?: number }, // biome-ignore format: one line
  flankBp: number,
  caller: 'robust' | 'top2',
  context: WorkContext,
): Promise<RiskPeople> {
  const { spec } = source
  const { population, note } = await openPopulation(spec, source.reference, source.haplotypes, context)
  const draw = personDrawer(population)
  const counter = new ReadCounter(population.letters.length)
  const cut = spec.regionFlankBp - flankBp
  const from = population.from + cut
  const to = population.to - cut
  const options = { ...DIPLOTYPE_DEFAULTS, caller }
  const people: Person[] = []
  const texts: string[] = []
  const buffers = [new Uint8Array(population.letters.length), new Uint8Array(population.letters.length)] as const
  for (let i = 0; i < spec.people; i++) {
    if (i % 50 === 0) {
      throwIfCancelled(context.signal)
      context.report({ phase: 'simulating people', done: i, total: spec.people })
    }
    await breathe() // a person takes up to tens of milliseconds
    const person = draw((source.first ?? 0) + i)
    const counted = counter.call(chromosomesOf(population, person, buffers), spec.depth, readStream(population, person), from, to, options) // biome-ignore format: one line
    people.push(person)
    texts.push(textOfCodes(counted.codes))
  }
  const inRegion = (offset: number) => offset >= from && offset < to
  const snps = population.pool.sites.filter(s => s.id === 'rs429358' || s.id === 'rs7412')
  return {
    names: people.map(p => p.name),
    labels: Uint8Array.from(people, p => p.label),
    texts,
    reference: population.reference.slice(from, to),
    referenceNote: note,
    simulated: true,
    depth: `${spec.depth} (mean, simulated)`,
    truth: {
      genotypes: people.map(p => p.genotype),
      logOdds: Float64Array.from(people, p => p.logOdds),
      prevalence: spec.prevalence,
      optimalAuc: population.optimalAuc,
      twoSnpOptimalAuc: population.twoSnpOptimalAuc,
      causalSites: [...snps, ...population.variants.filter(v => v.logOdds !== 0)]
        .filter(v => inRegion(v.offset))
        .map(v => ({ offset: v.offset - from, name: v.id }))
        .sort((a, b) => a.offset - b.offset),
      description: describePopulation(population, note),
    },
  }
}
