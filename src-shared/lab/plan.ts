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

/** What a job was said to cost, and what it did. */
export interface JobCost {
  readonly seconds: number
  readonly peakBytes: number
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
