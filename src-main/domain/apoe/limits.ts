import {
  APOE_SITES,
  APOE_THRESHOLDS,
  type ApoePhase,
  type ApoeSite,
  type ApoeThresholds,
  HAPLOTYPE_PRIOR,
} from '../../../src-shared/genome/apoe.ts'
import { type Build, CHR19_LENGTH } from '../../../src-shared/genome/assemblies.ts'
import type { SiteEvidence } from './evidence.ts'

/** What the sentences depend on. */
export interface LimitFacts {
  readonly build: Build
  readonly buildConfirmed: boolean
  readonly contigNote: string | undefined
  readonly samples: readonly string[]
  readonly synthetic: boolean
  readonly evidence: Readonly<Record<ApoeSite, SiteEvidence>>
  readonly phase: ApoePhase
  readonly phaseText: string
  readonly flags: readonly string[]
  readonly rna: { readonly isRna: boolean; readonly asked: boolean; readonly reads: number; readonly spliced: number }
  readonly thresholds: ApoeThresholds
}

export const RESEARCH_USE_ONLY =
  'Research use only. This is not a diagnosis and not for treatment decisions; have it confirmed in an accredited laboratory before anyone acts on it.'

/** What the answer does not mean, in plain words: first what concerns this file, then what always holds. */
export function limitsOf(facts: LimitFacts): string[] {
  const { thresholds: t, evidence, rna } = facts
  const out = [RESEARCH_USE_ONLY]
  if (facts.synthetic)
    out.push('The reads of this file are synthetic: they were made up by a program and belong to no person.')
  if (!facts.buildConfirmed)
    out.push(
      `The build was not confirmed: the header's chromosome 19 has neither ${bp(CHR19_LENGTH.GRCh37)} (GRCh37) nor ` +
        `${bp(CHR19_LENGTH.GRCh38)} (GRCh38), and ${facts.build} was taken as given.`,
    )
  if (facts.contigNote) out.push(facts.contigNote)
  if (facts.samples.length > 1)
    out.push(
      `The file names ${facts.samples.length} samples (${facts.samples.join(', ')}); their reads were taken together as one person's.`,
    )
  if (rna.isRna) {
    const why = rna.asked
      ? 'Taken as RNA because --rna was given'
      : `Taken as RNA: ${rna.spliced} of ${rna.reads} reads in the gene are spliced`
    out.push(
      `${why}. Expression of one allele only can hide the other: a homozygous site is expressed homozygosity, not proof of the ` +
        `genotype, so qualities of homozygotes and the confidence are capped at ${t.rnaCap}. APOE is not expressed in every tissue.`,
    )
  }
  if (facts.phase === 'assumed') out.push(facts.phaseText)
  out.push(...facts.flags)
  const bare = APOE_SITES.filter(site => evidence[site].withoutQualities > 0)
  if (bare.length > 0)
    out.push(
      `Reads without base qualities at ${bare.map(s => `${s} (${evidence[s].withoutQualities})`).join(' and ')} were trusted like ` +
        `quality ${t.maxBaseQuality}; the qualities and the confidence shown may be too high.`,
    )
  out.push(
    'Only two positions are read, rs429358 and rs7412. Other variants of APOE and of other genes, which may matter, are not. ' +
      'No finding does not mean no risk: this does not determine the overall risk of a person, and other tests may give another answer.',
    'The odds ratios are those of groups of people in published studies, by ancestry, with confidence interval and study size. They ' +
      'depend on age, sex and study design, and are no probability for one person. Ancestry is never inferred from the reads.',
    `Build ${facts.build}; ${APOE_SITES.map(s => `depth ${evidence[s].depth} at ${s}`).join(', ')}. Thresholds used, ${origin(t)}: ` +
      `mapping quality at least ${t.minMappingQuality}, base quality at least ${t.minBaseQuality} and taken as at most ` +
      `${t.maxBaseQuality}, depth at least ${t.minDepth}, site quality at least ${t.minSiteQuality}, confidence at least ` +
      `${t.minConfidence}, ${t.minPhaseFragments} agreeing spanning fragments for a phase, chance of a chimeric fragment ${t.chimeraRate}.`,
    `The prior is a choice of this program too, and is not specific to an ancestry: ${Object.entries(HAPLOTYPE_PRIOR)
      .map(([h, p]) => `${h} ${p}`)
      .join(', ')}, in Hardy-Weinberg proportion.`,
    'No validated model is loaded: no score beyond the APOE genotype is given.',
    'Genetic data of a person: it stays on this machine; nothing is sent.',
  )
  return out
}

/** Who chose the thresholds. */
function origin(t: ApoeThresholds): string {
  const changed = (Object.keys(APOE_THRESHOLDS) as (keyof ApoeThresholds)[]).filter(
    key => t[key] !== APOE_THRESHOLDS[key],
  )
  if (changed.length === 0) return 'all of them choices of this program'
  return `choices of this program except what the user set (${changed.map(key => `${key} ${t[key]}`).join(', ')})`
}

const bp = (n: number) => `${n.toLocaleString('en-US')} bp`
