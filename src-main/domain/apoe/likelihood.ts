import {
  type ApoeSite,
  BASES,
  type Base,
  DIPLOTYPES,
  type Diplotype,
  HAPLOTYPE_BASES,
  HAPLOTYPE_PRIOR,
  type Haplotype,
  SITE_ALLELES,
} from '../../../src-shared/genome/apoe.ts'

/** One base as evidence: the letter seen and the Phred quality it is trusted with (already capped). */
export interface SeenBase {
  readonly base: Base
  readonly quality: number
}

/** What one fragment (read name) shows: at most one base a site. */
export interface Fragment {
  readonly rs429358?: SeenBase
  readonly rs7412?: SeenBase
}

/** Phred-scaled answers never claim more than this. */
export const HIGHEST_QUALITY = 99

/** Prior share of an allele that is not one of a site's two: a choice of this program. */
const UNLISTED_ALLELE = 0.0001

/** Of four letters a guess is right once in four: below this (Q 1.25) a quality would speak against its own base. */
const LARGEST_ERROR = 0.75

/** P(seen | true base): 1 - e when equal, e/3 otherwise, with e = 10^(-Q/10), at most 0.75 (no evidence at all). */
export function probabilityOfBase(seen: SeenBase, truth: Base): number {
  const error = Math.min(LARGEST_ERROR, 10 ** (-seen.quality / 10))
  return seen.base === truth ? 1 - error : error / 3
}

/** Frequencies of the four bases at a site that follow from the haplotype prior. */
export function alleleFrequencies(site: ApoeSite): Record<Base, number> {
  const index = site === 'rs429358' ? 0 : 1
  const [first, second] = SITE_ALLELES[site]
  let share = 0
  for (const [haplotype, bases] of Object.entries(HAPLOTYPE_BASES))
    if (bases[index] === second) share += HAPLOTYPE_PRIOR[haplotype as Haplotype]
  const out = { A: UNLISTED_ALLELE, C: UNLISTED_ALLELE, G: UNLISTED_ALLELE, T: UNLISTED_ALLELE }
  out[second] = share * (1 - 2 * UNLISTED_ALLELE)
  out[first] = (1 - share) * (1 - 2 * UNLISTED_ALLELE)
  return out
}

/** The ten unordered genotypes of one position, in the order A C G T. */
export const SITE_GENOTYPES: readonly (readonly [Base, Base])[] = BASES.flatMap((a, i) =>
  BASES.slice(i).map(b => [a, b] as const),
)

export interface Ranked<K extends string> {
  readonly best: K
  /** -10 log10 of the probability of all the others together, at most 99. */
  readonly quality: number
  readonly probabilities: Readonly<Record<K, number>>
}

/** Posterior of exclusive hypotheses from their log weights (natural logs), by log-sum-exp. On equal weights the first wins. */
export function rank<K extends string>(logWeights: readonly (readonly [K, number])[]): Ranked<K> {
  const first = logWeights[0]
  if (!first) throw new RangeError('rank needs at least one hypothesis')
  let [best, top] = first
  for (const [key, weight] of logWeights) if (weight > top) [best, top] = [key, weight]
  let total = 0
  let others = 0
  for (const [key, weight] of logWeights) {
    const share = Math.exp(weight - top)
    total += share
    if (key !== best) others += share
  }
  const probabilities = {} as Record<K, number>
  for (const [key, weight] of logWeights) probabilities[key] = Math.exp(weight - top) / total
  // Summing the others, not 1 - best: 1 - (1 - 1e-20) would be 0.
  const quality = others > 0 ? Math.min(HIGHEST_QUALITY, -10 * Math.log10(others / total)) : HIGHEST_QUALITY
  return { best, quality, probabilities }
}

/**
 * Genotype of one site from the bases that fragments show there, with a Hardy-Weinberg prior.
 * Keys are like `C/T`, in the order A C G T. Equal evidence is multiplied, not added up in turn, so the order of reads cannot matter.
 */
export function siteGenotype(fragments: readonly Fragment[], site: ApoeSite): Ranked<string> {
  const frequency = alleleFrequencies(site)
  const groups = group(fragments.filter(f => f[site]).map(f => ({ [site]: f[site] }) as Fragment))
  return rank(
    SITE_GENOTYPES.map(([a, b]) => {
      let weight = Math.log(frequency[a] * frequency[b] * (a === b ? 1 : 2))
      for (const { fragment, count } of groups) {
        const seen = fragment[site]
        if (seen) weight += count * Math.log((probabilityOfBase(seen, a) + probabilityOfBase(seen, b)) / 2)
      }
      return [`${a}/${b}`, weight] as const
    }),
  )
}

/**
 * Posterior of the ten diplotypes. A fragment that shows both sites carries the phase: with probability 1 - `chimeraRate` its two
 * bases come from one chromosome, otherwise from either, independently.
 */
export function diplotypePosterior(fragments: readonly Fragment[], chimeraRate: number): Ranked<Diplotype> {
  const groups = group(fragments)
  return rank(
    DIPLOTYPES.map(diplotype => {
      const [h, g] = diplotype.split('/') as [Haplotype, Haplotype]
      let weight = Math.log(HAPLOTYPE_PRIOR[h] * HAPLOTYPE_PRIOR[g] * (h === g ? 1 : 2))
      for (const { fragment, count } of groups)
        weight += count * Math.log(probabilityOfFragment(fragment, h, g, chimeraRate))
      return [diplotype, weight] as const
    }),
  )
}

function probabilityOfFragment(f: Fragment, h: Haplotype, g: Haplotype, chimeraRate: number): number {
  const at = (seen: SeenBase, haplotype: Haplotype, site: 0 | 1) =>
    probabilityOfBase(seen, HAPLOTYPE_BASES[haplotype][site])
  const first = f.rs429358
  const second = f.rs7412
  if (first && second) {
    const linked = (at(first, h, 0) * at(second, h, 1) + at(first, g, 0) * at(second, g, 1)) / 2
    const loose = ((at(first, h, 0) + at(first, g, 0)) / 2) * ((at(second, h, 1) + at(second, g, 1)) / 2)
    return (1 - chimeraRate) * linked + chimeraRate * loose
  }
  if (first) return (at(first, h, 0) + at(first, g, 0)) / 2
  if (second) return (at(second, h, 1) + at(second, g, 1)) / 2
  return 1
}

/** Fragments with equal evidence together, in a fixed order: sums then do not depend on the order of reads, to the last bit. */
function group(fragments: readonly Fragment[]): { fragment: Fragment; count: number }[] {
  const groups = new Map<string, { fragment: Fragment; count: number }>()
  const word = (seen: SeenBase | undefined) => (seen ? `${seen.base}${seen.quality}` : '-')
  for (const fragment of fragments) {
    const key = `${word(fragment.rs429358)} ${word(fragment.rs7412)}`
    const known = groups.get(key)
    if (known) known.count++
    else groups.set(key, { fragment, count: 1 })
  }
  return [...groups.entries()].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)).map(([, value]) => value)
}
