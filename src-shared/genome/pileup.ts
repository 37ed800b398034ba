/** Options of a pileup, in pysam's words and with pysam's defaults (spec: pysam 0.20 `AlignmentFile.pileup`). */
export interface PileupOptions {
  readonly stepper: 'samtools' | 'all' | 'nofilter'
  readonly minBaseQuality: number
  readonly minMappingQuality: number
  readonly flagFilter: number
  readonly flagRequire: number
  readonly keepOrphans: boolean
  readonly countOverlaps: boolean
  /** Soft cap per start position; 0 means 8000, as pysam has it. */
  readonly maxDepth: number
}

export const PILEUP_DEFAULTS: PileupOptions = {
  stepper: 'samtools',
  minBaseQuality: 13,
  minMappingQuality: 0,
  flagFilter: 1796,
  flagRequire: 0,
  keepOrphans: false,
  countOverlaps: false,
  maxDepth: 8000,
}

/** Covered columns only, in order. Every array has one entry a column; `positions` are 0-based. */
export interface PileupColumns {
  readonly contig: string
  readonly positions: Int32Array
  /** Reads in the column whatever their base quality (pysam `nsegments`). */
  readonly segments: Int32Array
  /** Reads that pass the base-quality threshold: A+C+G+T+N+del+refskip. */
  readonly depth: Int32Array
  readonly a: Int32Array
  readonly c: Int32Array
  readonly g: Int32Array
  readonly t: Int32Array
  readonly n: Int32Array
  readonly del: Int32Array
  readonly refskip: Int32Array
  /** Reads with an insertion after this base; also counted under their letter or `del`. */
  readonly ins: Int32Array
}

/** Why a read of a region was removed, in the order in which the tests are made; `kept` when it was not. */
export const READ_FATES = [
  'kept',
  'unmapped',
  'secondary',
  'qc-fail',
  'duplicate',
  'other-flag',
  'flag-require',
  'mapping-quality',
  'orphan',
  'depth-cap',
  'no-reference-base',
] as const
export type ReadFate = (typeof READ_FATES)[number]

/** What each filter removed from a region. `fetched = kept + sum(removed)`; `segments = depth + baseQuality + overlap`. */
export interface PileupLedger {
  readonly region: string
  readonly reads: {
    readonly fetched: number
    readonly kept: number
    readonly removed: Readonly<Record<Exclude<ReadFate, 'kept'>, number>>
  }
  readonly columns: {
    readonly segments: number
    readonly baseQuality: number
    readonly overlap: number
    readonly rescued: number
    readonly depth: number
  }
}

/**
 * Every read of one position, as columns: what the position panel shows and what genotyping reads.
 * Reads that a filter removed are listed too (with their fate), so that the panel can say why they do not count.
 */
export interface ColumnDetail {
  readonly contig: string
  /** 0-based */
  readonly position: number
  readonly names: readonly string[]
  /** One character a read: A C G T N as stored on the forward strand (upper case), `*` deletion, `>` reference skip. */
  readonly bases: string
  /** Base quality as in the file at this column; 255 when the record has none. */
  readonly qualities: Uint8Array
  /** The same after overlap resolution; equal to `qualities` where nothing was resolved. */
  readonly resolvedQualities: Uint8Array
  readonly mappingQualities: Uint8Array
  readonly flags: Uint16Array
  /** Bases inserted after this one, '' when none. */
  readonly insertions: readonly string[]
  /** Index into READ_FATES. */
  readonly fates: Uint8Array
  /** 1 where the read is kept and its resolved quality passes the threshold, so that it is in `depth`. */
  readonly counted: Uint8Array
  /** 0-based position in the read, and its length. */
  readonly readPositions: Int32Array
  readonly readLengths: Int32Array
}
