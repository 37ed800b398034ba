import type { ErrorCode } from '../ipc/errors.ts'
import type { Diplotype } from './apoe.ts'
import type { Build } from './assemblies.ts'
import type { Interval } from './interval.ts'
import type { PairedAuc } from './riskComparison.ts'

/** Said in the model folder, in every score and in every export of a model that was trained on simulated people. */
export const SIMULATED_LABEL = 'trained on simulated people; not for use on people'

/** Share of the region that reads must cover before a score is given: a choice of this program. */
export const MIN_REGION_COVERAGE = 0.8

/** One bin of a reliability table: people whose predicted probability lies in [from, to). */
export interface CalibrationBin {
  readonly from: number
  readonly to: number
  readonly n: number
  readonly meanProbability: number
  /** Share of cases among them. */
  readonly observed: number
  /** Wilson's 95 % interval of the observed share. */
  readonly ci95: readonly [number, number]
}

/** A receiver operating characteristic as points, from (0, 0) to (1, 1), thresholds falling. */
export interface RocCurve {
  readonly falsePositiveRate: readonly number[]
  readonly truePositiveRate: readonly number[]
  /** The score at which a point is reached; the first is null: nobody is called. */
  readonly thresholds: readonly (number | null)[]
}

export interface AucWithInterval {
  readonly auc: number
  /** DeLong's interval on the logit scale; null with fewer than two members of a class, and at 0 and 1, where the estimate has no width. */
  readonly ci95: readonly [number, number] | null
}

/** What a set of scores with known labels shows. Probabilities and labels: 1 is the case (AD). */
export interface RiskMetrics {
  readonly n: number
  readonly cases: number
  /** null when a class is empty: 0.5 would be an invention. */
  readonly auc: AucWithInterval | null
  readonly f1: { readonly macro: number; readonly binary: number; readonly threshold: number; readonly emptyLabels: readonly (0 | 1)[] } // biome-ignore format: one line
  readonly accuracy: number
  /** Accuracy of calling everybody the more frequent class. */
  readonly majorityAccuracy: number
  readonly brier: number
  /** Nats; probabilities clipped to [1e-7, 1 - 1e-7]. */
  readonly logLoss: number
  /** Expected calibration error over the bins. */
  readonly ece: number
  /** Logistic regression of the label on logit(p): 0 and 1 when calibrated; null when it has no unique maximum. */
  readonly calibrationLine: { readonly intercept: number; readonly slope: number } | null
  readonly calibration: readonly CalibrationBin[]
  readonly byGenotype: readonly { readonly genotype: string; readonly n: number; readonly cases: number; readonly meanProbability: number; readonly auc: AucWithInterval | null }[] // biome-ignore format: one line
}

/** The models that are always shown side by side. */
export type RiskModelName = 'model' | 'two-snp' | 'odds-ratio' | 'optimum'

/** Distribution of a training cohort's held-out scores: quantiles 0, 1/100 … 1 of the model's probability, by class. */
export interface ScoreDistribution {
  readonly all: readonly number[]
  readonly cases: readonly number[]
  readonly controls: readonly number[]
}

/** A stretch of the locus and what hiding it does to the score. */
export interface RiskEvidence {
  /** 0-based half-open, contig name of the file. */
  readonly interval: Interval
  /** The diplotype's characters there, at most 64. */
  readonly characters: string
  /** Change in the logit when the stretch is replaced by the reference: positive where the sample's own letters raise the score. */
  readonly logitChange: number
  /** 1 is the largest change of all. */
  readonly rank: number
  /** What lies there, such as `rs429358`; null when nothing is known. */
  readonly site: string | null
}

export type RiskNoCallCode = 'low-coverage' | 'rna' | 'other-sequence' | 'too-many-tokens'

/** Why no score is given though the file could be read. */
export interface RiskNoCall {
  readonly code: RiskNoCallCode
  /** The value, the threshold and what would help. */
  readonly message: string
}

/** That a sample was among the people of the model's training, in which part of the split whose weights the model has. */
export interface RiskSeen {
  readonly part: 'training' | 'validation' | 'test'
  /** False: a person of another name has the same letters all over the region. It may be the same person, or another. */
  readonly sameName: boolean
}

/** The score of one sample. Probabilities refer to a group with the training cohort's share of cases, not to a population. */
export interface RiskScore {
  readonly sample: string
  readonly sampleFrom: 'sheet' | 'header' | 'file-name'
  readonly path: string
  readonly model: { readonly id: string; readonly name: string; readonly folder: string; readonly trainedOnSimulated: boolean; readonly caseShare: number } // biome-ignore format: one line
  readonly build: Build
  readonly region: Interval
  readonly noCall: RiskNoCall | null
  /** null on a no-call, like all that follows from the network. */
  readonly probability: number | null
  /**
   * Wilson's 95 % interval of the share of cases among the held-out people of the training cohort with such a score. null, as is `place`, where
   * the reads are of another sequence than the model's: its calibration does not hold there.
   */
  readonly interval: {
    readonly low: number
    readonly high: number
    readonly observed: number
    readonly n: number
  } | null
  readonly logit: number | null
  /** Share of the training cohort's held-out people that score lower, 0 to 1, ties counted half; by class too. */
  readonly place: { readonly all: number; readonly cases: number; readonly controls: number } | null
  readonly baseline: {
    /** Logistic regression on the allele counts of the two SNPs, fitted on the same training people. */
    readonly twoSnp: number | null
    /** log of the published odds ratio against e3/e3; null where none is published. */
    readonly logOddsRatio: number | null
  }
  /** As called from the region's diplotype at the two SNPs; null when a site is not covered or holds other letters. */
  readonly genotype: Diplotype | null
  readonly coverage: {
    readonly positions: number
    readonly covered: number
    /** Uncovered positions. */
    readonly uncovered: number
    readonly meanDepth: number
    readonly heterozygousShare: number
    /** Share of covered positions at which the sample has the letter of the model's reference on at least one chromosome. */
    readonly sameSequence: number
    /** Positions whose letters no training person had: the model takes the reference there. */
    readonly unseen: number
  }
  readonly tokens: { readonly count: number; readonly unknown: number; readonly limit: number } | null
  /** The strongest stretches, the largest change first; empty when it was not asked for. */
  readonly evidence: readonly RiskEvidence[]
  /** Absent when the sample was not among the people of the training, or the model does not say who was. */
  readonly seen?: RiskSeen
  /** Which device computed. */
  readonly device: string
  /** Plain sentences that must be shown with the score. */
  readonly limits: readonly string[]
}

/** A row of a sample sheet. `label`: 1 case, 0 control, null not given. `line` is 1-based; 0 for a file of a folder without a sheet. */
export interface RiskSheetRow {
  readonly line: number
  readonly sample: string
  readonly path: string
  readonly label: 0 | 1 | null
  readonly covariates: Readonly<Record<string, string>>
}

/** A row that cannot be used, or a fault of the whole sheet, or of a file of a folder without a sheet (line 0). */
export interface RiskSheetProblem {
  readonly line: number
  readonly sample: string
  readonly code: ErrorCode
  readonly message: string
  /** The way out, where the message does not say it. */
  readonly remedy?: string
}

/** `line 7 ` where a problem has a line. */
export const lineText = ({ line }: RiskSheetProblem): string => (line > 0 ? `line ${line} ` : '')

export interface RiskSheet {
  readonly rows: readonly RiskSheetRow[]
  readonly problems: readonly RiskSheetProblem[]
  /** Faults that forbid training and metrics, not scoring: one class only, fewer than 10 of a class. */
  readonly cautions: readonly string[]
}

/** A sample of a cohort screen, as written to the table, one a line. */
export interface RiskCohortRow {
  readonly sample: string
  readonly path: string
  readonly label: 0 | 1 | null
  readonly genotype: Diplotype | null
  readonly probability: number | null
  readonly intervalLow: number | null
  readonly intervalHigh: number | null
  readonly place: number | null
  readonly twoSnp: number | null
  readonly logOddsRatio: number | null
  readonly meanDepth: number
  readonly covered: number
  readonly heterozygousShare: number
  readonly build: Build
  /** Code of the no-call, null when there is a score. */
  readonly noCall: RiskNoCallCode | null
  readonly seen?: RiskSeen
}

/** How many of a cohort's samples trained the model that scores it, and the figures of the others. */
export interface CohortSeen {
  readonly training: number
  readonly validation: number
  /** In the test part: the weights never saw them. */
  readonly test: number
  /** Of another name than a training or validation person with the same letters; counted in no other number, and not held out. */
  readonly alike: number
  /** Figures of those who were in neither training nor validation, nor read like somebody who was; null where a class is empty among them. */
  readonly heldOut: {
    readonly metrics: Readonly<Partial<Record<RiskModelName, RiskMetrics>>>
    readonly comparison: RiskCohort['comparison']
    readonly paired: NonNullable<RiskCohort['paired']>
    readonly roc: RocCurve
  } | null
}

export interface RiskCohort {
  readonly model: RiskScore['model']
  readonly rows: readonly RiskCohortRow[]
  /** Samples that could not be scored, with why. */
  readonly failures: readonly RiskSheetProblem[]
  /** Rows taken over from an earlier run that was stopped. */
  readonly resumed: number
  readonly cautions: readonly string[]
  /** With labels of both classes only. */
  readonly metrics: Readonly<Partial<Record<RiskModelName, RiskMetrics>>> | null
  /** Model minus two-SNP baseline on the same people (DeLong). */
  readonly comparison: { readonly difference: number; readonly ci95: readonly [number, number] | null; readonly z: number | null } | null // biome-ignore format: one line
  /** Model (A) against each baseline (B) on the same people; null where nothing can be compared, absent in results of earlier versions. */
  readonly paired?: Readonly<Record<'two-snp' | 'odds-ratio', PairedAuc | null>> | null
  readonly roc: RocCurve | null
  /** Present when samples of this cohort trained the model: then `metrics` are too good. */
  readonly seen?: CohortSeen
  readonly limits: readonly string[]
}

/** What model.json says beyond any network about a risk model: everything that a score needs beside weights and tokenizer. */
export interface RiskModelFacts {
  readonly formatVersion: 1
  readonly trainedOnSimulated: boolean
  /** The region without its flanks, on chromosome 19, 0-based half-open, by build. */
  readonly gene: Readonly<Record<Build, { readonly start: number; readonly end: number }>>
  /** Base pairs on each side of the gene. */
  readonly flankBp: number
  /** The letters of the region with flanks that the model was trained on. */
  readonly reference: string
  /** Where the letters come from. */
  readonly referenceNote: string
  readonly caller: { readonly caller: 'robust' | 'top2'; readonly minAltReads: number; readonly minAltFraction: number }
  /** What stands where no read counts. */
  readonly uncovered: 'N' | 'reference'
  /**
   * Sites at which the model reads the sample: offset within the region and the diplotype characters that training people had there; at
   * every other place the reference stands. null: the whole diplotype is read as it is.
   */
  readonly panel: readonly { readonly offset: number; readonly characters: string }[] | null
  /** Share of cases among the training people: what the probabilities refer to. */
  readonly caseShare: number
  /** probability = 1 / (1 + exp(-(intercept + slope · logit))). */
  readonly platt: { readonly intercept: number; readonly slope: number }
  /** Probability at which a sample is called a case, chosen on validation people for the best macro F1. */
  readonly threshold: number
  /** Held-out test people of the split whose weights are shipped. */
  readonly calibration: readonly CalibrationBin[]
  readonly distribution: ScoreDistribution
  /** Logistic regression on [copies of C at rs429358, copies of T at rs7412]. */
  readonly twoSnp: { readonly intercept: number; readonly coefficients: readonly [number, number] }
  readonly trainingDepth: string
  /** 0-based positions within the region of the sites with an effect in the simulation; empty for a real cohort. */
  readonly causalSites: readonly { readonly offset: number; readonly name: string }[]
}
