import type { Interval } from '../../src-shared/genome/interval.ts'
import type { CoverageBins } from '../../src-shared/ipc/contract.ts'
import { AXIS, BASE_COLOUR, DEPTH, DEPTH_PEAK, INSERTION, SKIP } from './colours.ts'
import { Failure } from './failure.ts'
import { type DrawContext, type IgvBrowser, igv, type TrackConfig } from './igvInternals.ts'

/** Depth by our own pileup, with the options of the position panel: what igv.js draws as coverage is filtered and down-sampled. */
export interface CoverageData {
  readonly bins: CoverageBins
  /** Upper-case reference of the same interval, '' when there is none or bins are wider than a base. */
  readonly sequence: string
}

export interface CoverageSource {
  read(interval: Interval, bins: number): Promise<CoverageData | Failure>
}

/** igv.js asks the features for the largest value in view when it scales the axis. */
export class CoverageFeatures {
  readonly data: CoverageData
  constructor(data: CoverageData) {
    this.data = data
  }
  getMax(start: number, end: number): number {
    const { interval, binBp, max } = this.data.bins
    const first = Math.max(0, Math.floor((start - interval.start) / binBp))
    const last = Math.min(max.length, Math.ceil((end - interval.start) / binBp))
    let top = 0
    for (let i = first; i < last; i++) if (max[i]! > top) top = max[i]!
    return top
  }
}

/** A base whose non-reference share reaches this is drawn by allele, as genome browsers do. */
export const ALLELE_SHARE = 0.2

/** Interleaved order of CoverageBins.counts. */
export const COUNT_COLUMNS = 8
const LETTERS = ['A', 'C', 'G', 'T', 'N', 'DEL'] as const

/** Share of A, C, G, T and deletions that is not the reference, at one base of `counts`. */
export function nonReferenceShare(counts: Int32Array, at: number, reference: string): number {
  let total = 0
  let same = 0
  for (let k = 0; k < 6; k++) {
    if (k === 4) continue
    const n = counts[at * COUNT_COLUMNS + k]!
    total += n
    if (LETTERS[k] === reference) same = n
  }
  return total === 0 || reference === '' || reference === 'N' ? 0 : 1 - same / total
}

/** A round number at or above the value: the top of an axis. */
export function niceTop(value: number): number {
  if (value <= 5) return 5
  const power = 10 ** Math.floor(Math.log10(value))
  return [1, 1.5, 2, 3, 4, 5, 6, 8, 10].map(m => m * power).find(v => v >= value) ?? value
}

/** What one answer may hold. */
const MAX_BINS = 20_000

/** Reads that skip a bin's bases, as introns of RNA: part of the depth, not evidence for a base. */
export const skippedAt = ({ counts, skipped }: CoverageBins, i: number): number =>
  counts ? counts[i * COUNT_COLUMNS + 6]! : (skipped?.[i] ?? 0)

export const COVERAGE_TYPE = 'diploscope-coverage'

export function registerCoverageTrack(): void {
  class CoverageTrack extends igv.TrackBase {
    readonly resolutionAware = true
    readonly autoscale = true
    readonly visibilityWindow: number
    readonly source: CoverageSource
    dataRange = { min: 0, max: 10 }

    constructor(config: TrackConfig, browser: IgvBrowser) {
      super(config, browser)
      this.source = config['_source'] as CoverageSource
      this.visibilityWindow = config['visibilityWindow'] as number
    }

    doAutoscale(found: readonly { readonly value?: number }[]) {
      return { min: 0, max: niceTop(found.reduce((top, f) => Math.max(top, f.value ?? 0), 0)) }
    }

    async getFeatures(chr: string, start: number, end: number, bpPerPixel: number) {
      if (end <= start) return []
      // Single bases as far as they go, for alleles and introns; then a bin a pixel.
      const width = end - start
      const bins = width <= MAX_BINS ? width : Math.min(MAX_BINS, Math.ceil(width / Math.max(1, bpPerPixel)))
      const data = await this.source.read({ contig: chr, start, end }, bins)
      return data instanceof Failure ? data : new CoverageFeatures(data)
    }

    draw({ context, pixelWidth, pixelHeight, bpStart, bpPerPixel, features }: DrawContext) {
      if (features instanceof Failure) return features.draw(context, pixelWidth, pixelHeight)
      if (!(features instanceof CoverageFeatures)) return
      const { bins, sequence } = features.data
      const { interval, binBp, mean, max, counts } = bins
      const scale = (pixelHeight - 2) / this.dataRange.max
      const bar = (x: number, width: number, depth: number, colour: string, base = 0) => {
        context.fillStyle = colour
        const height = Math.min(depth, this.dataRange.max - base) * scale
        context.fillRect(x, pixelHeight - base * scale - height, width, height)
      }
      for (let i = 0; i < mean.length; i++) {
        const from = interval.start + i * binBp
        const to = Math.min(interval.end, from + binBp)
        const x = (from - bpStart) / bpPerPixel
        const right = (to - bpStart) / bpPerPixel
        if (right < 0 || x > pixelWidth || max[i] === 0) continue
        const width = Math.max(1, right - x)
        const skips = skippedAt(bins, i)
        const seen = Math.max(0, mean[i]! - skips)
        if (binBp > 1 && skips === 0) bar(x, width, max[i]!, DEPTH_PEAK)
        bar(x, width, seen, DEPTH)
        // Skips as a line at the height that the depth has with them.
        if (skips > 0) {
          context.fillStyle = SKIP
          context.fillRect(x, Math.max(0, pixelHeight - mean[i]! * scale), width, 1)
        }
        if (!counts) continue
        if (nonReferenceShare(counts, i, sequence[i] ?? '') >= ALLELE_SHARE) {
          let base = 0
          LETTERS.forEach((letter, k) => {
            const n = counts[i * COUNT_COLUMNS + k]!
            if (n > 0) bar(x, Math.max(1.5, width), n, BASE_COLOUR[letter] ?? DEPTH, base)
            base += n
          })
        }
        const inserted = counts[i * COUNT_COLUMNS + 7]!
        if (inserted > 0 && inserted >= ALLELE_SHARE * Math.max(1, mean[i]!)) {
          context.fillStyle = INSERTION
          context.fillRect(right - 1, 0, 2, pixelHeight)
        }
      }
    }

    paintAxis(context: CanvasRenderingContext2D, width: number, height: number) {
      context.clearRect(0, 0, width, height)
      context.fillStyle = 'white'
      context.fillRect(0, 0, width, height)
      context.fillStyle = AXIS
      context.strokeStyle = AXIS
      context.font = '10px sans-serif'
      context.textAlign = 'right'
      context.fillText(String(this.dataRange.max), width - 9, 10)
      context.fillText('0', width - 9, height - 2)
      for (const y of [1, height - 1]) context.fillRect(width - 6, y, 6, 1)
      context.fillRect(width - 1, 0, 1, height)
    }

    popupData() {
      return []
    }
  }
  igv.registerTrackClass(COVERAGE_TYPE, CoverageTrack)
}
