import { type Diplotype, HAPLOTYPE_BASES, HAPLOTYPES, type Haplotype } from '../../../src-shared/genome/apoe.ts'
import { WorkbenchError } from '../../../src-shared/ipc/errors.ts'
import type { Random } from '../../../src-shared/random.ts'
import {
  diplotypeName,
  genotypeMass,
  genotypeOnlyAuc,
  interceptFor,
  type Liability,
  optimalAuc,
  publishedLiability,
  sigmoid,
  withEffects,
} from '../liability/liability.ts'
import { streamOf } from './draws.ts'
import { riskRegion } from './locus.ts'
import { type CohortVariant, type FlankVariantOptions, flankVariants, type HaplotypePool } from './variants.ts'

/** Bases simulated beyond each end of the region, so that reads cover its ends as well as its middle. */
export const MARGIN_BP = 700

/** Every parameter of a simulated cohort. */
export interface CohortSpec {
  readonly seed: number
  readonly people: number
  /** Mean depth of reads. */
  readonly depth: number
  /** Share of cases among the people. */
  readonly caseShare: number
  /** Share of cases in the population that they are taken from. */
  readonly prevalence: number
  /** The region is the gene with so many bases on each side. */
  readonly regionFlankBp: number
  /** One neutral variant in about so many bases; 0: none. */
  readonly neutralEveryBp: number
  readonly flankEffects: number
  readonly flankEffectOdds: number
  readonly effectFlankBp: number
  /** Substitutions of one person alone, in 1,000 bases of each chromosome. */
  readonly privatePerKb: number
}

export const COHORT_DEFAULTS: CohortSpec = {
  seed: 1,
  people: 1000,
  depth: 30,
  caseShare: 0.5,
  prevalence: 0.1,
  regionFlankBp: 1000,
  neutralEveryBp: 700,
  flankEffects: 0,
  flankEffectOdds: 1.6,
  effectFlankBp: 1000,
  privatePerKb: 0.1,
}

/** A population from which people can be drawn one by one: person i is the same whatever the number of people. */
export interface Population {
  readonly spec: CohortSpec
  /** First simulated base, 0-based on chromosome 19 of GRCh38. */
  readonly start: number
  /** Region [from, to) within the simulated bases. */
  readonly from: number
  readonly to: number
  /** Letters of the simulated bases, upper case A C G T. */
  readonly reference: string
  readonly letters: Uint8Array
  readonly pool: HaplotypePool
  readonly variants: readonly CohortVariant[]
  readonly liability: Liability
  readonly intercept: number
  /** AUC of the true liability, and of the two SNPs alone: exact. */
  readonly optimalAuc: number
  readonly twoSnpOptimalAuc: number
}

export interface Person {
  readonly index: number
  readonly name: string
  readonly label: 0 | 1
  readonly genotype: Diplotype
  /** True log odds, intercept included. */
  readonly logOdds: number
  /** Where each chromosome differs from the reference: offset and letter (0 to 3). */
  readonly changes: readonly [readonly Change[], readonly Change[]]
}
export interface Change {
  readonly offset: number
  readonly letter: number
}

export const LETTERS = 'ACGT'

/** The region with its margins, 0-based half-open on chromosome 19 of GRCh38. */
export function simulatedStretch(spec: Pick<CohortSpec, 'regionFlankBp'>): {
  readonly start: number
  readonly end: number
} {
  const region = riskRegion('GRCh38', spec.regionFlankBp)
  return { start: region.start - MARGIN_BP, end: region.end + MARGIN_BP }
}

/**
 * @param reference letters of exactly `simulatedStretch(spec)`, upper case A C G T
 * @throws WorkbenchError `wrong-usage` for parameters that fit no population, `no-reference` when the letters do not reach
 */
export function populationOf(spec: CohortSpec, reference: string, start: number, pool: HaplotypePool): Population {
  checkSpec(spec)
  const { start: first, end } = simulatedStretch(spec)
  if (first !== start || end !== start + reference.length)
    throw new WorkbenchError('no-reference', `the letters are those of ${start + 1}-${start + reference.length}, the region with its margins is ${first + 1}-${end}`, 'give a reference of the locus') // biome-ignore format: one line
  const from = MARGIN_BP
  const to = reference.length - MARGIN_BP
  const flank: FlankVariantOptions = {
    seed: spec.seed,
    everyBp: spec.neutralEveryBp,
    effects: spec.flankEffects,
    effectOdds: spec.flankEffectOdds,
    effectFlankBp: spec.effectFlankBp,
  }
  const liability = publishedLiability()
  const variants = flankVariants(reference, start, pool.sites.map(s => s.offset), flank) // biome-ignore format: one line
  const effects = variants.filter(v => v.logOdds !== 0)
  const genotypes = genotypeMass(liability, haplotypeFrequencies(pool))
  const mass = withEffects(genotypes, effects)
  const intercept = interceptFor(mass, spec.prevalence)
  return {
    spec,
    start,
    from,
    to,
    reference,
    letters: Uint8Array.from(reference, letter => LETTERS.indexOf(letter)),
    pool,
    variants,
    liability,
    intercept,
    optimalAuc: optimalAuc(mass, intercept),
    twoSnpOptimalAuc: genotypeOnlyAuc(genotypes, withEffects([{ score: 0, probability: 1 }], effects), intercept),
  }
}

function checkSpec(spec: CohortSpec): void {
  const bad = (what: string, remedy: string) => new WorkbenchError('wrong-usage', what, remedy)
  if (!(spec.caseShare > 0 && spec.caseShare < 1)) throw bad(`a share of cases of ${spec.caseShare}`, 'give a number between 0 and 1') // biome-ignore format: one line
  if (!(spec.prevalence > 0 && spec.prevalence < 1)) throw bad(`a prevalence of ${spec.prevalence}`, 'give a number between 0 and 1') // biome-ignore format: one line
  if (!(spec.flankEffectOdds > 0)) throw bad(`an odds ratio of ${spec.flankEffectOdds}`, 'give a number above 0')
  if (!(spec.depth > 0)) throw bad(`a depth of ${spec.depth}`, 'give a number above 0')
  if (spec.flankEffects > 0 && spec.effectFlankBp > spec.regionFlankBp) throw bad(`effects within ${spec.effectFlankBp} bp do not lie in a region with ${spec.regionFlankBp} bp of flank`, 'give a --region-flank of at least --flank') // biome-ignore format: one line
}

const siteIndex = (pool: HaplotypePool, id: string): number => {
  const index = pool.sites.findIndex(s => s.id === id)
  if (index < 0) throw new WorkbenchError('bad-input', `the haplotypes have no site ${id}`, 'give a phased VCF of the locus that holds rs429358 and rs7412') // biome-ignore format: one line
  return index
}

/** Which of e1 to e4 each haplotype of a pool is. */
export function apoeOf(pool: HaplotypePool): Haplotype[] {
  const first = siteIndex(pool, 'rs429358')
  const second = siteIndex(pool, 'rs7412')
  return pool.haplotypes.map(({ alleles }) => {
    const bases = `${alleles[first] ? 'C' : 'T'}${alleles[second] ? 'T' : 'C'}`
    return HAPLOTYPES.find(h => HAPLOTYPE_BASES[h].join('') === bases) as Haplotype
  })
}

export function haplotypeFrequencies(pool: HaplotypePool): Record<Haplotype, number> {
  const names = apoeOf(pool)
  const out: Record<Haplotype, number> = { e1: 0, e2: 0, e3: 0, e4: 0 }
  pool.haplotypes.forEach((h, i) => {
    out[names[i]!] += h.count
  })
  return out
}

/** Draws people: haplotypes two by two from the pool, the flank's variants independently, the disease from the liability. */
export function personDrawer(population: Population): (index: number) => Person {
  const { spec, pool, variants, intercept, liability, letters } = population
  const names = apoeOf(pool)
  const cumulative: number[] = []
  let total = 0
  for (const h of pool.haplotypes) {
    total += h.count
    cumulative.push(total)
  }
  const drawHaplotype = (random: Random) => {
    const u = random() * total
    return cumulative.findIndex(c => u < c)
  }
  const effects = variants.filter(v => v.logOdds !== 0)
  const neutral = variants.filter(v => v.logOdds === 0)
  const taken = new Set([...variants.map(v => v.offset), ...pool.sites.map(s => s.offset)])
  const privateCount = (random: Random) => {
    const mean = (spec.privatePerKb * letters.length) / 1000
    return Math.floor(mean) + (random() < mean - Math.floor(mean) ? 1 : 0)
  }
  return index => {
    const random = streamOf(spec.seed, 'person', index)
    const label = Math.floor((index + 1) * spec.caseShare) > Math.floor(index * spec.caseShare) ? 1 : 0
    for (;;) {
      const haplotypes = [drawHaplotype(random), drawHaplotype(random)] as const
      const genotype = diplotypeName(names[haplotypes[0]]!, names[haplotypes[1]]!)
      let logOdds = intercept + liability.genotypeLogOdds[genotype]
      const changes: [Change[], Change[]] = [[], []]
      for (const v of effects)
        for (const side of [0, 1] as const)
          if (random() < v.frequency) {
            logOdds += v.logOdds
            changes[side].push({ offset: v.offset, letter: LETTERS.indexOf(v.alt) })
          }
      // Rejection: people are drawn from the population until one has the disease, or has it not, as the design of the study asks for.
      if ((random() < sigmoid(logOdds) ? 1 : 0) !== label) continue
      for (const side of [0, 1] as const) {
        const { alleles } = pool.haplotypes[haplotypes[side]]!
        pool.sites.forEach((site, i) => {
          if (alleles[i]) changes[side].push({ offset: site.offset, letter: LETTERS.indexOf(site.alt) })
        })
        for (const v of neutral)
          if (random() < v.frequency) changes[side].push({ offset: v.offset, letter: LETTERS.indexOf(v.alt) })
        for (let n = privateCount(random); n > 0; n--) {
          const offset = Math.floor(random() * letters.length)
          const letter = (letters[offset]! + 1 + Math.floor(random() * 3)) & 3
          if (!taken.has(offset)) changes[side].push({ offset, letter })
        }
        changes[side].sort((a, b) => a.offset - b.offset)
      }
      return { index, name: `SIM-${String(index + 1).padStart(6, '0')}`, label, genotype, logOdds, changes }
    }
  }
}

/** Both chromosomes' letters (0 to 3) over the simulated bases; `into` is written over. */
export function chromosomesOf(
  population: Population,
  person: Person,
  into: readonly [Uint8Array, Uint8Array] = [new Uint8Array(population.letters.length), new Uint8Array(population.letters.length)], // biome-ignore format: one line
): readonly [Uint8Array, Uint8Array] {
  for (const side of [0, 1] as const) {
    into[side].set(population.letters)
    for (const { offset, letter } of person.changes[side]) into[side][offset] = letter
  }
  return into
}

/** The random numbers from which a person's reads are drawn, at any depth. */
export const readStream = (population: Population, person: Person): Random =>
  streamOf(population.spec.seed, 'reads', person.index)
