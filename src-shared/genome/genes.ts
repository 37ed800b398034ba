import type { Interval } from './interval.ts'

export type Strand = '+' | '-' | '.'

/** A gene found by name or identifier. */
export interface GeneHit {
  readonly fileId: string
  readonly name: string
  readonly geneId: string
  readonly biotype: string
  readonly interval: Interval
  readonly strand: Strand
}

/** One transcript to draw. Exons and coding parts are [start, end) pairs, 0-based half-open, in order along the contig. */
export interface TranscriptModel {
  readonly geneName: string
  readonly geneId: string
  readonly transcriptId: string
  readonly biotype: string
  readonly start: number
  readonly end: number
  readonly strand: Strand
  readonly exons: Int32Array
  /** Coding start and end; equal when the transcript codes for nothing. */
  readonly codingStart: number
  readonly codingEnd: number
}

/** The transcripts of a range, and how many more there were than could be sent. */
export interface GeneModels {
  readonly interval: Interval
  readonly transcripts: readonly TranscriptModel[]
  readonly omitted: number
}
