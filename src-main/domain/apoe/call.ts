import {
  APOE_SITES,
  type ApoePhase,
  type ApoeSite,
  type ApoeThresholds,
  BASES,
  type Diplotype,
  HAPLOTYPE_BASES,
  type Haplotype,
  type NoCall,
  SITE_ALLELES,
  type SpanningCounts,
} from '../../../src-shared/genome/apoe.ts'
import { fragmentsOf, type SiteEvidence } from './evidence.ts'
import { diplotypePosterior, type Fragment, HIGHEST_QUALITY, type Ranked, siteGenotype } from './likelihood.ts'

export interface SiteCall {
  readonly genotype: string
  readonly quality: number
}

/** The decision about one sample, unrounded. */
export interface Decision {
  /** Best diplotype, called or not. */
  readonly best: Diplotype
  readonly genotype: Diplotype | null
  readonly confidence: number
  readonly phase: ApoePhase
  readonly noCall: NoCall | null
  readonly sites: Readonly<Record<ApoeSite, SiteCall>>
  readonly spanning: SpanningCounts
  readonly posterior: Ranked<Diplotype>
  readonly e4Dosage: number
}

/** Site genotypes, diplotype, phase and no-call from the evidence at both sites. `rna` caps what reads of RNA can prove. */
export function decide(
  evidence: Readonly<Record<ApoeSite, SiteEvidence>>,
  thresholds: ApoeThresholds,
  rna: boolean,
): Decision {
  const fragments = fragmentsOf(evidence)
  const sites = {
    rs429358: siteCall(fragments, 'rs429358', thresholds, rna),
    rs7412: siteCall(fragments, 'rs7412', thresholds, rna),
  }
  const posterior = diplotypePosterior(fragments, thresholds.chimeraRate)
  const confidence = rna ? Math.min(posterior.quality, thresholds.rnaCap) : posterior.quality
  const { best } = posterior
  const pairs = spanningPairs(fragments)
  const noCall = noCallOf(evidence, sites, best, confidence, pairs, thresholds)
  let e4Dosage = 0
  for (const [diplotype, probability] of Object.entries(posterior.probabilities))
    e4Dosage += probability * diplotype.split('/').filter(h => h === 'e4').length
  return {
    best,
    genotype: noCall ? null : best,
    confidence,
    phase: noCall ? 'none' : phaseOf(best, pairs, thresholds.minPhaseFragments),
    noCall,
    sites,
    spanning: spanningCounts(pairs),
    posterior,
    e4Dosage,
  }
}

function siteCall(fragments: readonly Fragment[], site: ApoeSite, thresholds: ApoeThresholds, rna: boolean): SiteCall {
  const { best, quality } = siteGenotype(fragments, site)
  const homozygous = best[0] === best[2]
  return { genotype: best, quality: rna && homozygous ? Math.min(quality, thresholds.rnaCap) : quality }
}

/** Fragments that show both sites, counted by their two bases. */
function spanningPairs(fragments: readonly Fragment[]): Map<string, number> {
  const pairs = new Map<string, number>()
  for (const { rs429358, rs7412 } of fragments)
    if (rs429358 && rs7412) {
      const key = rs429358.base + rs7412.base
      pairs.set(key, (pairs.get(key) ?? 0) + 1)
    }
  return pairs
}

function spanningCounts(pairs: ReadonlyMap<string, number>): SpanningCounts {
  const out = { TT: 0, TC: 0, CT: 0, CC: 0, other: 0 }
  for (const [key, n] of pairs) out[key in out ? (key as keyof typeof out) : 'other'] += n
  return out
}

const basesOf = (haplotype: Haplotype) => HAPLOTYPE_BASES[haplotype].join('')
const haplotypesOf = (diplotype: Diplotype) => diplotype.split('/') as [Haplotype, Haplotype]

/** Spanning fragments that show one of the diplotype's two haplotypes, and those that show one of the other two. */
function phaseSupport(diplotype: Diplotype, pairs: ReadonlyMap<string, number>): { agree: number; disagree: number } {
  const chosen = haplotypesOf(diplotype).map(basesOf)
  let agree = 0
  let disagree = 0
  for (const key of ['TT', 'TC', 'CT', 'CC']) {
    const n = pairs.get(key) ?? 0
    if (chosen.includes(key)) agree += n
    else disagree += n
  }
  return { agree, disagree }
}

function phaseOf(best: Diplotype, pairs: ReadonlyMap<string, number>, minFragments: number): ApoePhase {
  if (best !== 'e2/e4' && best !== 'e1/e3') return 'unambiguous'
  const { agree, disagree } = phaseSupport(best, pairs)
  return agree >= minFragments && agree >= 2 * disagree ? 'read-backed' : 'assumed'
}

/** What the phase word means, as a sentence with its numbers. */
export function phaseText(decision: Pick<Decision, 'best' | 'phase' | 'spanning'>): string {
  const { best, phase, spanning } = decision
  const { agree, disagree } = phaseSupport(best, new Map(Object.entries(spanning)))
  switch (phase) {
    case 'unambiguous':
      return 'At most one of the two sites is heterozygous, so the genotypes at the sites leave one answer.'
    case 'read-backed':
      return `Both sites are heterozygous; ${agree} fragments that span them show ${best}, ${disagree} show other haplotypes.`
    case 'assumed':
      return (
        `Both sites are heterozygous and the reads do not settle which bases lie on one chromosome (${agree} spanning ` +
        `fragments for, ${disagree} against): ${best} rests on the prior, by which e2/e4 is far commoner than e1/e3.`
      )
    case 'none':
      return 'No call.'
  }
}

const reads = (n: number) => (n === 1 ? '1 read' : `${n} reads`)
const phred = (q: number) => (Math.floor(q * 100) / 100).toString()
const percent = (x: number) => `${Math.round(x * 1000) / 10} %`

/** The first reason not to call, in the order not-covered, conflict, low-depth, low-quality. */
function noCallOf(
  evidence: Readonly<Record<ApoeSite, SiteEvidence>>,
  sites: Readonly<Record<ApoeSite, SiteCall>>,
  best: Diplotype,
  confidence: number,
  pairs: ReadonlyMap<string, number>,
  t: ApoeThresholds,
): NoCall | null {
  const uncovered = APOE_SITES.filter(site => evidence[site].depth === 0)
  if (uncovered.length > 0) return { code: 'not-covered', message: notCoveredMessage(uncovered, evidence, t) }

  const conflict = conflictMessage(evidence, sites, best, pairs, t)
  if (conflict) return { code: 'conflict', message: conflict }

  const thin = APOE_SITES.filter(site => evidence[site].depth < t.minDepth)
  if (thin.length > 0) {
    const values = thin.map(site => `${reads(evidence[site].depth)} at ${site}`).join(' and ')
    return {
      code: 'low-depth',
      message: `${values}; at least ${t.minDepth} are needed. Deeper sequencing of the sample would help.`,
    }
  }

  const poor = APOE_SITES.filter(site => sites[site].quality < t.minSiteQuality)
  if (poor.length > 0) {
    const values = poor.map(s => `quality ${phred(sites[s].quality)} for ${sites[s].genotype} at ${s}`).join(' and ')
    return {
      code: 'low-quality',
      message: `${values}; at least ${t.minSiteQuality} is needed. More reads over the site, or better ones, would help.`,
    }
  }
  if (confidence < t.minConfidence)
    return {
      code: 'low-quality',
      message:
        `confidence ${phred(confidence)} for ${best}; at least ${t.minConfidence} is needed. ` +
        'More reads, or read pairs that span both sites, would help.',
    }
  return null
}

function notCoveredMessage(
  uncovered: readonly ApoeSite[],
  evidence: Readonly<Record<ApoeSite, SiteEvidence>>,
  t: ApoeThresholds,
): string {
  const parts = uncovered.map(site => {
    const { removed, refskips, deletions } = evidence[site]
    const why = Object.entries(removed).map(([reason, n]) => `${n} ${reason}`)
    if (refskips > 0) why.push(`${refskips} spliced over it`)
    if (deletions > 0) why.push(`${deletions} deleted there`)
    return `0 reads count at ${site}${why.length > 0 ? ` (not counted: ${why.join(', ')})` : ''}`
  })
  const help =
    `At least ${t.minDepth} are needed: check that the file covers the gene, that its build is the one its header states, ` +
    `and that its reads have mapping quality ${t.minMappingQuality} or more there.`
  return `${parts.join(' and ')}. ${help}`
}

function conflictMessage(
  evidence: Readonly<Record<ApoeSite, SiteEvidence>>,
  sites: Readonly<Record<ApoeSite, SiteCall>>,
  best: Diplotype,
  pairs: ReadonlyMap<string, number>,
  t: ApoeThresholds,
): string | undefined {
  const help =
    'Contamination, reads of several samples in one file or wrongly placed reads can do this; look at the reads at both sites.'
  for (const site of APOE_SITES) {
    const { genotype } = sites[site]
    const unlisted = genotype.split('/').find(b => !(SITE_ALLELES[site] as readonly string[]).includes(b))
    if (unlisted)
      return `the best genotype at ${site} is ${genotype}, and ${unlisted} is no allele of it (${SITE_ALLELES[site].join(' and ')} are). ${help}`
    const ranked = BASES.map(b => [b, evidence[site].counts[b]] as const).sort((a, b) => b[1] - a[1])
    const [base, count] = ranked[2] ?? ['A', 0]
    const { depth } = evidence[site]
    if (count >= t.thirdAlleleReads && count >= t.thirdAlleleFraction * depth)
      return (
        `a third base, ${base}, has ${reads(count)} of ${depth} at ${site}; fewer than ${t.thirdAlleleReads}, or less than ` +
        `${percent(t.thirdAlleleFraction)}, would be errors. ${help}`
      )
  }
  const spanning = [...pairs.values()].reduce((a, b) => a + b, 0)
  const common = [...pairs].filter(([, n]) => n >= t.conflictSpanningFraction * spanning)
  if (spanning >= t.conflictSpanning && common.length >= 3) {
    const listed = common.map(([key, n]) => `${key[0]}-${key[1]} ${n}`).sort().join(', ') // biome-ignore format: one line
    return (
      `three haplotypes among ${spanning} fragments that span both sites (${listed}), each with at least ` +
      `${percent(t.conflictSpanningFraction)}; one person has two. ${help}`
    )
  }
  const [h, g] = haplotypesOf(best)
  for (const [index, site] of APOE_SITES.entries()) {
    const implied = [HAPLOTYPE_BASES[h][index], HAPLOTYPE_BASES[g][index]].sort().join('/')
    if (implied !== sites[site].genotype)
      return `the reads at ${site} alone say ${sites[site].genotype}, both sites together say ${best} (${implied} there). ${help}`
  }
  return undefined
}

/** Two decimals at most, as qualities are shown. */
export const shownQuality = (q: number): number => Math.min(HIGHEST_QUALITY, Math.round(q * 100) / 100)
