import type { Interval } from '../../src-shared/genome/interval.ts'
import type { WindowGeometry } from './predict.ts'

/**
 * Windows on a fixed grid of a contig: the kept centre of window i is the bases i x kept … (i + 1) x kept, from base 0 on. A view that
 * moves meets the same windows again.
 */
export interface ViewGrid {
  /** Windows that a stretch touches: first, and one past the last. */
  readonly first: number
  readonly end: number
  /** Bins of the model that the answer holds, counted from base 0: first, and one past the last. */
  readonly firstBin: number
  readonly endBin: number
  /** Bins that are merged into one of the answer. */
  readonly merged: number
}

/** First base of a window's kept centre, and of the window itself (negative at the contig's start). */
export const keptStart = (index: number, g: WindowGeometry): number => index * g.bins * g.binBp
export const windowStart = (index: number, g: WindowGeometry): number => keptStart(index, g) - g.cropBins * g.binBp

/**
 * The grid for an interval shown in at most `bins` bins. Merged bins begin at whole multiples of their width, so that they stay the same
 * while the view is moved.
 */
export function viewGrid({ start, end }: Interval, bins: number, g: WindowGeometry): ViewGrid {
  const merged = Math.max(1, Math.ceil((end - start) / g.binBp / bins))
  const width = merged * g.binBp
  const firstBin = Math.floor(start / width) * merged
  const endBin = Math.ceil(end / width) * merged
  return { first: Math.floor(firstBin / g.bins), end: Math.ceil(endBin / g.bins), firstBin, endBin, merged }
}

/** Numbers from first up to end, the one at the middle of the interval first, then its neighbours outwards. */
export function middleOut(first: number, end: number, centre: number): readonly number[] {
  return Array.from({ length: end - first }, (_, i) => first + i).sort((a, b) => Math.abs(a - centre) - Math.abs(b - centre) || a - b) // biome-ignore format: one thought
}

/** The merged bins of an answer, filled window by window. NaN where nothing was added. */
export class MergedBins {
  readonly count: number
  readonly mean: Float32Array
  readonly max: Float32Array
  readonly unknown: Uint8Array
  readonly deleted: Uint8Array
  readonly #sums: Float64Array
  readonly #numbers: Uint32Array
  readonly #known: Uint8Array
  readonly #gaps: Uint32Array

  constructor(
    private readonly grid: ViewGrid,
    private readonly channels: number,
  ) {
    this.count = (grid.endBin - grid.firstBin) / grid.merged
    this.mean = new Float32Array(this.count * channels).fill(Number.NaN)
    this.max = new Float32Array(this.count * channels).fill(Number.NaN)
    this.unknown = new Uint8Array(this.count)
    this.deleted = new Uint8Array(this.count)
    this.#sums = new Float64Array(this.count * channels)
    this.#numbers = new Uint32Array(this.count * channels)
    this.#known = new Uint8Array(this.count)
    this.#gaps = new Uint32Array(this.count)
  }

  /** Whether bases are known, for bins from `bin` on: a merged bin is unknown when none of the bins that were told is known. */
  addUnknown(bin: number, unknown: Uint8Array): void {
    this.#each(bin, unknown.length, (i, out) => {
      if (unknown[i] === 0) this.#known[out] = 1
      this.unknown[out] = this.#known[out] === 1 ? 0 : 1
    })
  }

  /** Bins that a haplotype lacks: a merged bin is a gap when all of its bins are. */
  addGaps(bin: number, gap: Uint8Array): void {
    this.#each(bin, gap.length, (i, out) => {
      if (gap[i] === 1) this.#gaps[out]!++
      this.deleted[out] = this.#gaps[out] === this.grid.merged ? 1 : 0
    })
  }

  /** Values of one channel (a column of the answer) for bins from `bin` on. */
  addValues(column: number, bin: number, values: Float32Array): void {
    const { channels } = this
    this.#each(bin, values.length, (i, out) => {
      const value = values[i]!
      if (Number.isNaN(value)) return // a gap
      const at = out * channels + column
      this.#sums[at]! += value
      const n = ++this.#numbers[at]!
      this.mean[at] = n === 1 ? value : this.#sums[at]! / n
      if (!(this.max[at]! >= value)) this.max[at] = value
    })
  }

  #each(bin: number, length: number, visit: (i: number, out: number) => void): void {
    const { firstBin, endBin, merged } = this.grid
    const from = Math.max(0, firstBin - bin)
    const to = Math.min(length, endBin - bin)
    for (let i = from; i < to; i++) visit(i, Math.floor((bin + i - firstBin) / merged))
  }
}
