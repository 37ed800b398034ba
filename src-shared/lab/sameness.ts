import type { PredictionChange, TrackChange } from './compression.ts'

/**
 * From here on a smaller model is another model. Of tracks: a mean r with the original's predictions below `pearson`, or that of one track
 * below `trackPearson`, a track whose scale changed by `scale`, or whose values moved by `track` of its largest. An AUC lower by `auc`, a
 * probability that moved by `probability`, an output that moved by `output` of the largest.
 */
export const SAME = { pearson: 0.99, trackPearson: 0.95, scale: 0.1, track: 0.2, auc: 0.01, probability: 0.05, output: 0.01 } as const // biome-ignore format: one table

/** One without r that moved: it was lost, or came out of nothing, and agrees with nothing. Rounding moves a constant track by less. */
export const isLost = ({ pearson, largestShare }: Pick<TrackChange, 'pearson' | 'largestShare'>): boolean =>
  pearson === null && largestShare !== undefined && largestShare >= SAME.output

/** The worst of all tracks; null where no track has it. */
export interface WorstTrack {
  /** 0 where a track was lost. */
  readonly pearson: number | null
  /** The scale that is furthest from 1, either way; 0 where a track was lost. */
  readonly scale: number | null
  /** Null where it was not recorded. */
  readonly largestShare: number | null
}

export function worstTrack(tracks: readonly TrackChange[]): WorstTrack {
  const known = <T>(of: (t: TrackChange) => T | null | undefined): readonly T[] => tracks.flatMap(t => of(t) ?? [])
  const lost = tracks.some(isLost) ? [0] : []
  const shares = known(t => t.largestShare)
  const [r, scales] = [
    [...known(t => t.pearson), ...lost],
    [...known(t => t.scale), ...lost],
  ]
  return {
    pearson: r.length > 0 ? Math.min(...r) : null,
    scale: scales.length > 0 ? scales.reduce((worst, s) => (scaleError(s) > scaleError(worst) ? s : worst)) : null,
    largestShare: shares.length > 0 ? Math.max(...shares) : null,
  }
}

/** How many times too large or too small, from 0: 0.1 for 1.1 and for 1 / 1.1. */
export const scaleError = (scale: number): number => (scale > 0 ? Math.max(scale, 1 / scale) - 1 : Number.POSITIVE_INFINITY) // biome-ignore format: one line

/** Whether tracks are the same by their mean r and the worst of them: shape, scale and single values. */
export const tracksAreSame = (meanPearson: number | null, { pearson, scale, largestShare }: WorstTrack): boolean =>
  meanPearson !== null &&
  meanPearson >= SAME.pearson &&
  (pearson ?? 0) >= SAME.trackPearson &&
  scaleError(scale ?? 0) < SAME.scale &&
  largestShare !== null &&
  largestShare < SAME.track

/** Null where what was recorded does not tell: reports of before have r alone. */
export function predictsTheSame(change: PredictionChange): boolean | null {
  switch (change.kind) {
    case 'tracks': {
      const worst = worstTrack(change.tracks)
      const byR = tracksAreSame(change.meanPearson, { pearson: worst.pearson, scale: 1, largestShare: 0 })
      return byR && worst.largestShare === null ? null : tracksAreSame(change.meanPearson, worst)
    }
    case 'risk':
      return (
        (change.interval95?.[0] ?? change.difference) > -SAME.auc && change.largestProbabilityChange < SAME.probability
      )
    case 'outputs':
      return change.relativeChange < SAME.output
  }
}
