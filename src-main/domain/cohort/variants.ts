import {
  APOE_SITES,
  HAPLOTYPE_BASES,
  HAPLOTYPES,
  type Haplotype,
  SITE_POSITION,
} from '../../../src-shared/genome/apoe.ts'
import { WorkbenchError } from '../../../src-shared/ipc/errors.ts'
import { integerIn, streamOf } from './draws.ts'
import { RISK_GENE } from './locus.ts'

/** A substitution of the simulated locus. `offset` counts from the first simulated base. */
export interface CohortVariant {
  readonly offset: number
  readonly id: string
  readonly ref: string
  readonly alt: string
  /** Of `alt` among chromosomes. */
  readonly frequency: number
  /** Added to the log odds of disease for each copy of `alt`; 0: neutral. */
  readonly logOdds: number
}

/** Whole haplotypes of real people over some sites: one is drawn for each chromosome of a simulated person. */
export interface HaplotypePool {
  readonly sites: readonly {
    readonly offset: number
    readonly id: string
    readonly ref: string
    readonly alt: string
  }[]
  /** Each distinct haplotype (1 where it has `alt`, a site a byte) and how often it was seen. */
  readonly haplotypes: readonly { readonly alleles: Uint8Array; readonly count: number }[]
  readonly source: string
}

/**
 * Haplotypes at rs429358 and rs7412 among the 5,008 of 1000 Genomes phase 3 (2,504 people of 26 populations): the pool where no VCF is given.
 */
const THOUSAND_GENOMES: Readonly<Record<Haplotype, number>> = { e1: 1, e2: 375, e3: 3879, e4: 753 }

export function countedPool(start: number): HaplotypePool {
  return {
    source: '1000 Genomes phase 3, counts of the four haplotypes of rs429358 and rs7412 among 5,008',
    sites: APOE_SITES.map((id, i) => {
      const [ref, alt] = i === 0 ? ['T', 'C'] : ['C', 'T']
      return { offset: SITE_POSITION.GRCh38[id] - start, id, ref: ref!, alt: alt! }
    }),
    haplotypes: HAPLOTYPES.map(h => ({
      alleles: Uint8Array.of(HAPLOTYPE_BASES[h][0] === 'C' ? 1 : 0, HAPLOTYPE_BASES[h][1] === 'T' ? 1 : 0),
      count: THOUSAND_GENOMES[h],
    })),
  }
}

export interface FlankVariantOptions {
  readonly seed: number
  /** One neutral variant in about so many bases; 0: none. */
  readonly everyBp: number
  /** Variants that change the risk, outside the gene. */
  readonly effects: number
  /** Odds ratio of each copy of such a variant; every second one protects with its inverse. */
  readonly effectOdds: number
  /** They lie within so many bases of the gene. */
  readonly effectFlankBp: number
}

/** No made-up variant lies so close to another, or to a site of the pool. */
const APART_BP = 12

/**
 * Made-up substitutions on a stretch of reference that begins at `start` (GRCh38, 0-based), sorted: neutral ones with frequencies falling off
 * as those of people do (0.5·u², at least 0.01), and those with an effect, of frequency 0.2 to 0.5, spread evenly over both flanks.
 */
export function flankVariants(
  reference: string,
  start: number,
  taken: readonly number[],
  options: FlankVariantOptions,
): CohortVariant[] {
  const random = streamOf(options.seed, 'variants')
  const used = [...taken]
  const free = (offset: number) => used.every(o => Math.abs(o - offset) >= APART_BP)
  const out: CohortVariant[] = []
  const gene = { start: RISK_GENE.GRCh38.start - start, end: RISK_GENE.GRCh38.end - start }
  const place = (offset: number, id: string, frequency: number, logOdds: number) => {
    const ref = reference[offset]!
    const others = [...'ACGT'].filter(b => b !== ref)
    used.push(offset)
    out.push({ offset, id, ref, alt: others[Math.floor(random() * 3)]!, frequency, logOdds })
  }
  for (let i = 0; i < options.effects; i++) {
    // Left and right by turns, each in its own slice of the flank.
    const side = i % 2
    const slices = Math.ceil(options.effects / 2)
    const slice = Math.floor(i / 2)
    const near = Math.floor((slice * options.effectFlankBp) / slices)
    const far = Math.floor(((slice + 1) * options.effectFlankBp) / slices)
    for (let attempt = 0; ; attempt++) {
      if (attempt > 1000) throw new WorkbenchError('wrong-usage', `${options.effects} variants with an effect do not fit into ${options.effectFlankBp} bp of flank`, 'give fewer effects or a longer --flank') // biome-ignore format: one line
      const distance = integerIn(random, near, far) + 1
      const offset = side === 0 ? gene.start - distance : gene.end - 1 + distance
      if (offset < 0 || offset >= reference.length || !free(offset)) continue
      place(offset, `sim-effect-${i + 1}`, 0.2 + 0.3 * random(), (i % 4 < 2 ? 1 : -1) * Math.log(options.effectOdds))
      break
    }
  }
  if (options.everyBp > 0)
    for (
      let offset = integerIn(random, 0, options.everyBp);
      offset < reference.length;
      offset += 1 + integerIn(random, 0, 2 * options.everyBp)
    ) {
      // biome-ignore format: one line
      const u = random()
      if (free(offset)) place(offset, `sim-neutral-${out.length + 1}`, Math.max(0.01, 0.5 * u * u), 0)
    }
  return out.sort((a, b) => a.offset - b.offset)
}
