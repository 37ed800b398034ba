import type { Build } from './assemblies.ts'

/** The two SNPs that tell the APOE alleles apart. APOE lies on the plus strand, so letters are those of the reference strand. */
export const APOE_SITES = ['rs429358', 'rs7412'] as const
export type ApoeSite = (typeof APOE_SITES)[number]

/** 0-based positions on chromosome 19 (dbSNP; the two are 138 bp apart on both builds). */
export const SITE_POSITION: Readonly<Record<Build, Readonly<Record<ApoeSite, number>>>> = {
  GRCh37: { rs429358: 45_411_940, rs7412: 45_412_078 },
  GRCh38: { rs429358: 44_908_683, rs7412: 44_908_821 },
}

/** The gene, 0-based half-open: GENCODE's 44,905,754-44,909,393 on GRCh38; GRCh37 is 503,257 bp further on. */
export const APOE_GENE: Readonly<Record<Build, { readonly start: number; readonly end: number }>> = {
  GRCh37: { start: 45_409_010, end: 45_412_650 },
  GRCh38: { start: 44_905_753, end: 44_909_393 },
}

export const BASES = ['A', 'C', 'G', 'T'] as const
export type Base = (typeof BASES)[number]

/** The two alleles of each site, the reference base first. */
export const SITE_ALLELES: Readonly<Record<ApoeSite, readonly [Base, Base]>> = {
  rs429358: ['T', 'C'],
  rs7412: ['C', 'T'],
}

export const HAPLOTYPES = ['e1', 'e2', 'e3', 'e4'] as const
export type Haplotype = (typeof HAPLOTYPES)[number]

/** [base at rs429358, base at rs7412]. e1 is very rare and is also written e3r. */
export const HAPLOTYPE_BASES: Readonly<Record<Haplotype, readonly [Base, Base]>> = {
  e1: ['C', 'T'],
  e2: ['T', 'T'],
  e3: ['T', 'C'],
  e4: ['C', 'C'],
}

/** The ten unordered diplotypes, the lower number first. */
export const DIPLOTYPES = HAPLOTYPES.flatMap((h, i) => HAPLOTYPES.slice(i).map(g => `${h}/${g}` as const))
export type Diplotype = `${Haplotype}/${Haplotype}`

export const SPANNING_KEYS = ['TT', 'TC', 'CT', 'CC'] as const
/** Which haplotype a spanning fragment's two bases (rs429358 then rs7412) show. */
export const SPANNING_HAPLOTYPE: Readonly<Record<(typeof SPANNING_KEYS)[number], Haplotype>> = {
  TT: 'e2',
  TC: 'e3',
  CT: 'e1',
  CC: 'e4',
}

export type ApoePhase = 'unambiguous' | 'read-backed' | 'assumed' | 'none'
export type NoCallCode = 'not-covered' | 'conflict' | 'low-depth' | 'low-quality'

export interface NoCall {
  readonly code: NoCallCode
  /** The site, the value, the threshold and what would help, in one sentence or two. */
  readonly message: string
}

/** Every number that decides what may be called. All of them are choices of this program, not of a standard. */
export interface ApoeThresholds {
  readonly minMappingQuality: number
  readonly minBaseQuality: number
  /** Base qualities above this are taken as this. */
  readonly maxBaseQuality: number
  /** Chance that a fragment is chimeric or wrongly linked. */
  readonly chimeraRate: number
  readonly minDepth: number
  readonly minSiteQuality: number
  readonly minConfidence: number
  /** Spanning fragments that must agree before a phase counts as seen in reads. */
  readonly minPhaseFragments: number
  readonly thirdAlleleReads: number
  readonly thirdAlleleFraction: number
  readonly conflictSpanning: number
  readonly conflictSpanningFraction: number
  /** A heterozygous site with its rarer allele below this share of at least `imbalanceDepth` reads is flagged. */
  readonly imbalanceFraction: number
  readonly imbalanceDepth: number
  /** Share of spliced reads in the gene from which a file is taken as RNA. */
  readonly rnaSplicedFraction: number
  /** Highest quality of a homozygote, and highest confidence, from RNA. */
  readonly rnaCap: number
}

export const APOE_THRESHOLDS: ApoeThresholds = {
  minMappingQuality: 20,
  minBaseQuality: 13,
  maxBaseQuality: 40,
  chimeraRate: 0.01,
  minDepth: 8,
  minSiteQuality: 20,
  minConfidence: 20,
  minPhaseFragments: 2,
  thirdAlleleReads: 4,
  thirdAlleleFraction: 0.2,
  conflictSpanning: 10,
  conflictSpanningFraction: 0.15,
  imbalanceFraction: 0.15,
  imbalanceDepth: 20,
  rnaSplicedFraction: 0.05,
  rnaCap: 40,
}

/** Hardy-Weinberg prior of the diplotypes: a choice of this program, deliberately not specific to an ancestry. */
export const HAPLOTYPE_PRIOR: Readonly<Record<Haplotype, number>> = { e1: 0.0001, e2: 0.08, e3: 0.78, e4: 0.1399 }

export type BaseCounts = Readonly<Record<Base, number>>

/** What the reads show at one SNP. `counts` and `depth` are those of the pileup with the same options; `depth` holds no gaps. */
export interface ApoeSiteResult {
  readonly contig: string
  /** 1-based */
  readonly position: number
  readonly counts: BaseCounts
  /** Counted reads with a letter other than A, C, G, T. */
  readonly otherLetters: number
  /** A + C + G + T + other letters. */
  readonly depth: number
  /** Best genotype in the order A C G T, such as `C/T`; null when no base was seen. */
  readonly genotype: string | null
  /** Phred-scaled, at most 99. */
  readonly quality: number
  /** The same reads as `counts`, by strand. */
  readonly strands: { readonly forward: BaseCounts; readonly reverse: BaseCounts }
  /** Reads in the column whatever their base quality. */
  readonly segments: number
  readonly deletions: number
  readonly refskips: number
  /** Fragments (read names) that gave a base. */
  readonly fragments: number
  /** Reads over the site that were not counted, by reason. */
  readonly removed: Readonly<Record<string, number>>
  /** Share of the rarer allele of a heterozygous site; null otherwise. */
  readonly minorFraction: number | null
  readonly flags: readonly string[]
}

export interface SpanningCounts {
  readonly TT: number
  readonly TC: number
  readonly CT: number
  readonly CC: number
  /** Spanning fragments with a base that is neither C nor T. */
  readonly other: number
}

export interface OddsRatio {
  /** As the study names the group. */
  readonly ancestry: string
  /** Against e3/e3. */
  readonly value: number
  /** 95 % confidence interval. */
  readonly ci: readonly [number, number]
  readonly source: string
  /** Size of the whole study, all groups together. */
  readonly studySize: string
}

/** The answer of `diploscope apoe`, call or no call. Positions are 1-based; qualities Phred-scaled. */
export interface ApoeReport {
  readonly build: Build
  /** False when chromosome 19 has an unknown length and the build was given by the user. */
  readonly buildConfirmed: boolean
  readonly sample: string
  readonly sampleFrom: 'header' | 'file-name'
  /** The file says of itself that its reads are made up. */
  readonly synthetic: boolean
  readonly genotype: Diplotype | null
  readonly confidence: number
  readonly phase: ApoePhase
  readonly phaseText: string
  readonly sites: Readonly<Record<ApoeSite, ApoeSiteResult>>
  readonly spanning: SpanningCounts
  /** Diplotypes with a probability of at least 0.001, the most probable first. */
  readonly posterior: Readonly<Record<string, number>>
  /** Expected number of e4 alleles, 0 to 2. */
  readonly e4Dosage: number
  readonly noCall: NoCall | null
  readonly flags: readonly string[]
  readonly rna: { readonly isRna: boolean; readonly asked: boolean; readonly reads: number; readonly spliced: number }
  readonly oddsRatios: readonly OddsRatio[]
  /** Why `oddsRatios` is empty or how to read it. */
  readonly oddsRatiosText: string
  readonly limits: readonly string[]
  readonly thresholds: ApoeThresholds
  readonly prior: Readonly<Record<Haplotype, number>>
}
