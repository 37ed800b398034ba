/** What a piece of computing is expected to cost, before it starts. */
export interface JobEstimate {
  readonly seconds: number
  /** Of the process that computes, the program itself apart. */
  readonly peakBytes: number
  /** What the machine has free for it now. */
  readonly freeBytes: number
  readonly fits: boolean
  /** `calibrated`: from rates measured on this machine. `typical`: from those of a slow two-core machine; say so. */
  readonly basis: 'calibrated' | 'typical'
  /** The largest setting that fits, as a sentence (`a window of 262,144 bp`, `batch 4`, `tiles of …`); null when it fits as asked or nothing does. */
  readonly instead: string | null
}

/**
 * Where a number comes from. `calibrated`, `typical`: as of a JobEstimate; `earlier`: the pace of earlier jobs of the kind on this machine;
 * `begun`: that of the job's own first part.
 */
export type CostBasis = JobEstimate['basis'] | 'earlier' | 'begun'

/** What a job was said to cost. */
export interface JobCost {
  readonly seconds: number
  /** Of the process that computes; null where no network runs, or nobody can tell. */
  readonly peakBytes: number | null
  readonly basis?: CostBasis
}

/** What can be said of a job before it starts, for the form that starts it. */
export interface JobOutlook {
  /** null: nobody knows before it has begun; `note` says why. */
  readonly seconds: number | null
  /** Of the process that computes; null where no network runs, or nobody can tell. */
  readonly peakBytes: number | null
  /** null where there is no number. */
  readonly basis: CostBasis | null
  /** What the numbers leave out, or why there is none; '' where nothing needs to be said. */
  readonly note: string
  /** Why it would be refused, with the largest setting that would not; null where it fits. */
  readonly refusal: { readonly message: string; readonly remedy: string } | null
}

/** Rates of this machine, measured once. */
export interface CalibrationFacts {
  readonly device: string
  readonly threads: number
  /** Milliseconds since the epoch. */
  readonly measuredAt: number
  readonly tookSeconds: number
  /** For people: `matrix product 180 GFLOP/s`. */
  readonly rates: readonly { readonly name: string; readonly value: number; readonly unit: string }[]
}
