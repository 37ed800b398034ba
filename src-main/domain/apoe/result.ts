import {
  APOE_SITES,
  type ApoeReport,
  type ApoeSite,
  type ApoeSiteResult,
  type ApoeThresholds,
  HAPLOTYPE_PRIOR,
} from '../../../src-shared/genome/apoe.ts'
import type { Build } from '../../../src-shared/genome/assemblies.ts'
import { type Decision, decide, phaseText, shownQuality } from './call.ts'
import type { SiteEvidence } from './evidence.ts'
import { limitsOf } from './limits.ts'
import { oddsRatiosOf, oddsRatiosText } from './oddsRatios.ts'

/** Everything the answer rests on that is not in the reads at the two sites. */
export interface ApoeSubject {
  readonly build: Build
  readonly buildConfirmed: boolean
  /** Which name of chromosome 19 was used, where the header has several. */
  readonly contigNote?: string | undefined
  /** Sample names of the header's read groups, without repeats. */
  readonly samples: readonly string[]
  /** Used where the header names no sample. */
  readonly fileName: string
  readonly synthetic: boolean
  /** Reads over the gene, and those of them with a reference skip. */
  readonly geneReads: { readonly reads: number; readonly spliced: number }
  /** The user says that it is RNA. */
  readonly rna: boolean
}

/** Diplotypes below this probability are not listed. */
const LISTED_PROBABILITY = 0.001

/** Types one sample: evidence at both sites in, the whole answer out. Pure: the same evidence gives the same answer to the last digit. */
export function typeApoe(
  evidence: Readonly<Record<ApoeSite, SiteEvidence>>,
  subject: ApoeSubject,
  thresholds: ApoeThresholds,
): ApoeReport {
  const { reads, spliced } = subject.geneReads
  const isRna = subject.rna || (reads > 0 && spliced >= thresholds.rnaSplicedFraction * reads)
  const rna = { isRna, asked: subject.rna, reads, spliced }
  const decision = decide(evidence, thresholds, isRna)
  const sites = {
    rs429358: siteResult('rs429358', evidence.rs429358, decision, thresholds),
    rs7412: siteResult('rs7412', evidence.rs7412, decision, thresholds),
  }
  const flags = APOE_SITES.flatMap(site => sites[site].flags)
  const explained = phaseText(decision)
  const [onlySample] = subject.samples
  return {
    build: subject.build,
    buildConfirmed: subject.buildConfirmed,
    sample: onlySample === undefined ? subject.fileName : subject.samples.join(', '),
    sampleFrom: onlySample === undefined ? 'file-name' : 'header',
    synthetic: subject.synthetic,
    genotype: decision.genotype,
    confidence: shownQuality(decision.confidence),
    phase: decision.phase,
    phaseText: explained,
    sites,
    spanning: decision.spanning,
    posterior: listedPosterior(decision),
    e4Dosage: round(decision.e4Dosage, 6),
    noCall: decision.noCall,
    flags,
    rna,
    oddsRatios: oddsRatiosOf(decision.genotype),
    oddsRatiosText: oddsRatiosText(decision.genotype),
    limits: limitsOf({ ...subject, contigNote: subject.contigNote, evidence, phase: decision.phase, phaseText: explained, flags, rna, thresholds }), // biome-ignore format: one line
    thresholds,
    prior: HAPLOTYPE_PRIOR,
  }
}

function siteResult(site: ApoeSite, evidence: SiteEvidence, decision: Decision, t: ApoeThresholds): ApoeSiteResult {
  const { genotype, quality } = decision.sites[site]
  const { counts, depth } = evidence
  const [a, b] = genotype.split('/') as [keyof typeof counts, keyof typeof counts]
  const minorFraction = a !== b && depth > 0 ? Math.min(counts[a], counts[b]) / depth : null
  const flags: string[] = []
  if (decision.genotype && minorFraction !== null && minorFraction < t.imbalanceFraction && depth >= t.imbalanceDepth)
    flags.push(
      `Allele imbalance at ${site}: the rarer allele has ${Math.min(counts[a], counts[b])} of ${depth} reads (under ` +
        `${Math.round(t.imbalanceFraction * 100)} %). Contamination, mosaicism or capture bias can do this.`,
    )
  return {
    contig: evidence.contig,
    position: evidence.position + 1,
    counts,
    otherLetters: evidence.otherLetters,
    depth,
    genotype: evidence.fragments.size > 0 ? genotype : null,
    quality: evidence.fragments.size > 0 ? shownQuality(quality) : 0,
    strands: evidence.strands,
    segments: evidence.segments,
    deletions: evidence.deletions,
    refskips: evidence.refskips,
    fragments: evidence.fragments.size,
    removed: evidence.removed,
    minorFraction: minorFraction === null ? null : round(minorFraction, 4),
    flags,
  }
}

function listedPosterior(decision: Decision): Record<string, number> {
  return Object.fromEntries(
    Object.entries(decision.posterior.probabilities)
      .filter(([, p]) => p >= LISTED_PROBABILITY)
      .sort(([x, p], [y, q]) => q - p || (x < y ? -1 : 1))
      .map(([diplotype, p]) => [diplotype, round(p, 6)]),
  )
}

const round = (x: number, digits: number) => Math.round(x * 10 ** digits) / 10 ** digits
