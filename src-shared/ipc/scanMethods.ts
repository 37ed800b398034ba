import type { Interval } from '../genome/interval.ts'
import type { Background } from '../genome/prediction.ts'
import type {
  EffectScore,
  MutationProfile,
  ReceptiveField,
  ScanData,
  ScanRequest,
  ScanVerification,
  VariantEffect,
} from '../genome/scan.ts'
import type { JobSnapshot } from '../job.ts'
import type { ExportedFile } from './contract.ts'

/** A scan without its numbers, for a list. */
export interface ScanListing {
  readonly scanId: string
  readonly request: ScanRequest
  readonly modelName: string
  readonly state: ScanData['state']
  readonly exactCells: number
  readonly totalCells: number
  /** Milliseconds since the epoch. */
  readonly createdAt: number
  /** Of the job that runs it, or last did. */
  readonly jobId: string | null
}

/** Told as a scan fills, a few times a second; `scan.get` gives the numbers. */
export interface ScanProgress {
  readonly scanId: string
  readonly state: ScanData['state']
  readonly exactCells: number
  readonly totalCells: number
}

/** A stretch of bases that together carry more attribution than their surroundings. 0-based half-open on the contig. */
export interface AttributionPeak {
  readonly start: number
  readonly end: number
  /** Sum over its bases. */
  readonly sum: number
  /** How many standard deviations of all such stretches it lies above their mean (of absolute values). */
  readonly deviations: number
  readonly bases: string
}

export interface AttributionBins {
  readonly contig: string
  /** Of the first value. */
  readonly start: number
  /** Gradient x input of each base: what it adds to the mean of the tracks over the bins of the interval, to first order. */
  readonly values: Float32Array
  /** Motif-sized, the strongest first. */
  readonly peaks: readonly AttributionPeak[]
  readonly ranWith: string
  readonly warnings: readonly string[]
}

export interface VariantTableRequest {
  readonly modelFileId: string
  readonly referenceFileId: string
  readonly vcfFileId: string
  readonly channels: readonly number[]
  readonly score: EffectScore
  readonly bothStrands: boolean
  /** Only variants that begin in it. */
  readonly interval?: Interval
}

export type VariantState = VariantEffect['state']

export interface VariantRowsRequest {
  readonly tableId: string
  /** `column` is a column of effects, or -1 for the order of the contigs and positions. Null: the order of the file. */
  readonly sort: { readonly column: number; readonly descending: boolean } | null
  /** A part of the id, of `contig:position`, of the alleles or of the state. */
  readonly filter: string
  /** Only rows with an effect of at least this magnitude on some column; 0: all, those without an effect too. */
  readonly minEffect: number
  readonly offset: number
  readonly limit: number
}

export interface VariantRowsPage {
  readonly rows: readonly VariantEffect[]
  /** Rows that pass the filter. */
  readonly total: number
  /** All rows so far, by state. */
  readonly counts: Readonly<Record<VariantState, number>>
  readonly columns: readonly { readonly channel: number; readonly name: string; readonly unit: string }[]
  readonly state: ScanData['state']
  readonly ranWith: string
  readonly warnings: readonly string[]
}

export interface VariantTableProgress {
  readonly tableId: string
  readonly state: ScanData['state']
  readonly rows: number
}

/** A variant of a VCF at a locus, as one sample has it. */
export interface VariantSite {
  /** 0-based. */
  readonly position: number
  /** '' for none. */
  readonly id: string
  readonly ref: string
  readonly alternatives: readonly string[]
  /** null: the file has no samples, or too many to be told here. */
  readonly sample: string | null
  /** Alleles of the sample, `.` for unknown ones; empty without a sample. */
  readonly genotype: readonly string[]
}

export interface FieldRequest {
  readonly modelFileId: string
  readonly compareFileId?: string
  readonly protocol: 'seed' | 'default'
  /** Random sequences a position (`seed`) or in all (`default`). */
  readonly sequences: number
  readonly seed: number
  readonly source: 'random' | 'reference'
  /** Needed when `source` is `reference`. */
  readonly referenceFileId?: string
}

/** Calls about mutations: scans, attribution, receptive fields, variant tables. Positions are 0-based on the contig. */
export interface ScanMethods {
  'scan.start': { args: { request: ScanRequest }; result: { scanId: string; job: JobSnapshot } }
  'scan.get': { args: { scanId: string }; result: ScanData }
  /** What is left is computed from here outwards. */
  'scan.focus': { args: { scanId: string; position: number }; result: null }
  'scan.profile': {
    args: { scanId: string; position: number; base: 'A' | 'C' | 'G' | 'T'; column: number }
    result: MutationProfile
  }
  /** Computes a random sample of the exact cells again by full forward passes. */
  'scan.verify': { args: { scanId: string; cells: number }; result: ScanVerification }
  'scan.list': { args: Record<string, never>; result: readonly ScanListing[] }
  /** Goes on where a cancelled, failed or killed scan stopped. */
  'scan.resume': { args: { scanId: string }; result: { scanId: string; job: JobSnapshot } }
  /** Stops it when it runs, and forgets its numbers. */
  'scan.close': { args: { scanId: string }; result: null }
  'scan.export': { args: { scanId: string; format: 'tsv' }; result: ExportedFile }
  'attribution.bins': {
    args: {
      modelFileId: string
      referenceFileId: string
      interval: Interval
      channels: readonly number[]
      background: Background
    }
    result: AttributionBins
  }
  'field.start': { args: FieldRequest; result: { fieldId: string; job: JobSnapshot } }
  /** One for each model, once the job is done. */
  'field.get': { args: { fieldId: string }; result: readonly ReceptiveField[] }
  'field.export': { args: { fieldId: string }; result: ExportedFile }
  /** Variants of an open VCF that overlap an interval, at most 2,000. */
  'variants.sites': { args: { fileId: string; interval: Interval }; result: readonly VariantSite[] }
  'variants.start': { args: VariantTableRequest; result: { tableId: string; job: JobSnapshot } }
  'variants.rows': { args: VariantRowsRequest; result: VariantRowsPage }
  'variants.export': { args: { tableId: string; format: 'tsv' | 'vcf' }; result: ExportedFile }
}

export interface ScanEvents {
  'scan.changed': ScanProgress
  'variants.changed': VariantTableProgress
}
