import type { Interval } from './interval.ts'

/** A sample's diplotype over a range: what the diplotype track draws. */
export interface DiplotypeTrack {
  readonly interval: Interval
  readonly caller: 'robust' | 'top2'
  /** One character of the 66-token alphabet for each reference position; `N` where nothing covers it. */
  readonly characters: string
  readonly depth: Int32Array
  /** Phred difference between the called pair and the best other of the 66, at most 99. */
  readonly quality: Uint8Array
  /** Share of covered positions that are heterozygous; above 0.01 the caller or the data deserve a look. */
  readonly heterozygousShare: number
}
