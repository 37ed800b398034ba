import type { Interval } from '../../../src-shared/genome/interval.ts'
import type { PileupColumns } from '../../../src-shared/genome/pileup.ts'

/** Depth of an interval in bins of nearly equal size, for a coverage track. Positions that no read covers count as 0. */
export interface DepthBins {
  readonly contig: string
  /** 0-based half-open; bin `k` is [start + floor(k x width / bins), start + floor((k + 1) x width / bins)). */
  readonly start: number
  readonly end: number
  readonly bins: number
  readonly mean: Float32Array
  readonly min: Int32Array
  readonly max: Int32Array
  /** Mean of the reads that skip the bin's bases (N in CIGAR), which are part of `mean`; absent when there are none. */
  readonly skipped?: Float32Array
  /** Reads by letter, and deletions: only where every bin is one base. */
  readonly bases?: Readonly<Record<'a' | 'c' | 'g' | 't' | 'n' | 'del', Int32Array>>
}

/** Adds columns up into bins. There are never more bins than bases. */
export class DepthBinner {
  private readonly bins: number
  private readonly width: number
  private readonly sums: Float64Array
  private readonly skips: Float64Array
  private readonly covered: Int32Array
  private readonly min: Int32Array
  private readonly max: Int32Array
  private readonly bases: DepthBins['bases']

  constructor(
    private readonly interval: Interval,
    bins: number,
  ) {
    this.width = interval.end - interval.start
    this.bins = Math.max(1, Math.min(bins, this.width))
    const ints = () => new Int32Array(this.bins)
    this.sums = new Float64Array(this.bins)
    this.skips = new Float64Array(this.bins)
    this.covered = ints()
    this.min = ints().fill(2 ** 31 - 1)
    this.max = ints()
    this.bases = this.bins === this.width ? { a: ints(), c: ints(), g: ints(), t: ints(), n: ints(), del: ints() } : undefined // biome-ignore format: one line
  }

  private edge(bin: number): number {
    return Math.floor((bin * this.width) / this.bins)
  }

  private binOf(offset: number): number {
    let bin = Math.min(this.bins - 1, Math.floor((offset * this.bins) / this.width))
    while (this.edge(bin + 1) <= offset) bin++
    while (this.edge(bin) > offset) bin--
    return bin
  }

  add(columns: PileupColumns): void {
    const { positions, depth, refskip } = columns
    for (let i = 0; i < positions.length; i++) {
      const bin = this.binOf(positions[i]! - this.interval.start)
      const d = depth[i]!
      this.sums[bin]! += d
      this.skips[bin]! += refskip[i]!
      this.covered[bin]! += 1
      if (d < this.min[bin]!) this.min[bin] = d
      if (d > this.max[bin]!) this.max[bin] = d
      if (this.bases)
        for (const letter of ['a', 'c', 'g', 't', 'n', 'del'] as const) this.bases[letter][bin] = columns[letter][i]!
    }
  }

  result(): DepthBins {
    const { contig, start, end } = this.interval
    const mean = new Float32Array(this.bins)
    const min = this.min.slice()
    const skipped = this.skips.some(n => n > 0) ? new Float32Array(this.bins) : undefined
    for (let k = 0; k < this.bins; k++) {
      const size = this.edge(k + 1) - this.edge(k)
      mean[k] = this.sums[k]! / size
      if (skipped) skipped[k] = this.skips[k]! / size
      if (this.covered[k]! < size) min[k] = 0
    }
    return {
      contig,
      start,
      end,
      bins: this.bins,
      mean,
      min,
      max: this.max.slice(),
      ...(skipped ? { skipped } : {}),
      ...(this.bases ? { bases: this.bases } : {}),
    }
  }
}
