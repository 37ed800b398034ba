import type { TranscriptModel } from '../../../src-shared/genome/genes.ts'
import type { TrackComparison } from '../../../src-shared/genome/prediction.ts'

/** A transcription start, 0-based, with its gene. */
export interface Tss {
  readonly position: number
  readonly strand: '+' | '-'
  readonly gene: string
}

/** Starts of transcripts of a strand (both for an unstranded track), once each, in order. The first base of a `-` transcript is its last. */
export function startsOf(transcripts: readonly TranscriptModel[], strand: '+' | '-' | '.'): readonly Tss[] {
  const found = new Map<string, Tss>()
  for (const t of transcripts) {
    if (t.strand === '.' || (strand !== '.' && t.strand !== strand)) continue
    const position = t.strand === '+' ? t.start : t.end - 1
    const key = `${position}${t.strand}`
    if (!found.has(key)) found.set(key, { position, strand: t.strand, gene: t.geneName || t.geneId })
  }
  return [...found.values()].sort((a, b) => a.position - b.position)
}

/** The next start to the right (1) or left (-1) of a place, further than `beyond` bp from it. */
export const nextStart = (starts: readonly Tss[], from: number, direction: 1 | -1, beyond: number): Tss | undefined =>
  direction === 1
    ? starts.find(s => s.position > from + beyond)
    : [...starts].reverse().find(s => s.position < from - beyond)

/** Bins on each side of a start that its profile shows. */
export const TSS_BINS = 32

/**
 * Mean predicted and observed signal around transcription starts, in the direction of transcription: bin TSS_BINS holds the start.
 * Starts whose surroundings leave the compared stretch are left out.
 */
export function tssProfile(
  c: Pick<TrackComparison, 'start' | 'binBp' | 'predicted' | 'observed' | 'used'>,
  starts: readonly Tss[],
): { readonly predicted: Float32Array; readonly observed: Float32Array; readonly starts: number } {
  const width = 2 * TSS_BINS + 1
  const sums = [new Float64Array(width), new Float64Array(width)] as const
  const counts = new Int32Array(width)
  let used = 0
  for (const { position, strand } of starts) {
    const bin = Math.floor((position - c.start) / c.binBp)
    if (bin - TSS_BINS < 0 || bin + TSS_BINS >= c.predicted.length) continue
    used++
    for (let k = -TSS_BINS; k <= TSS_BINS; k++) {
      const from = strand === '+' ? bin + k : bin - k
      const to = k + TSS_BINS
      if (c.used[from] === 0 || Number.isNaN(c.predicted[from]!) || Number.isNaN(c.observed[from]!)) continue
      sums[0][to]! += c.predicted[from]!
      sums[1][to]! += c.observed[from]!
      counts[to]!++
    }
  }
  const mean = (s: Float64Array) => Float32Array.from(s, (v, i) => (counts[i]! > 0 ? v / counts[i]! : Number.NaN))
  return { predicted: mean(sums[0]), observed: mean(sums[1]), starts: used }
}
