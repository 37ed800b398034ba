import type { Scale, TrackComparison } from '../../src-shared/genome/prediction.ts'
import { PearsonSums } from '../domain/statistics/pearson.ts'
import { spearman } from '../domain/statistics/spearman.ts'
import { hexbin } from './hexbin.ts'
import { findPeaks, judgePeaks } from './peaks.ts'

/** Two tracks in the same bins; `used` 1 where both count. */
export interface TrackPair {
  readonly start: number
  readonly binBp: number
  readonly predicted: Float32Array
  readonly observed: Float32Array
  readonly used: Uint8Array
}

/** Correlations over the bins that count; null where undefined (a constant track, fewer than two bins). */
export function correlate({ predicted, observed, used }: TrackPair) {
  const [plain, log] = [new PearsonSums(), new PearsonSums()]
  const [x, y]: [number[], number[]] = [[], []]
  for (let i = 0; i < predicted.length; i++) {
    if (used[i] !== 1) continue
    const [p, o] = [predicted[i]!, observed[i]!]
    x.push(p)
    y.push(o)
    plain.add(p, o)
    log.add(Math.log1p(Math.max(0, p)), Math.log1p(Math.max(0, o)))
  }
  return { n: x.length, pearson: plain.r ?? null, spearman: spearman(x, y) ?? null, pearsonLog: log.r ?? null }
}

/** Everything that a comparison shows of one pair of tracks, apart from where it comes from. */
export function compareTracks(
  pair: TrackPair,
  scale: Scale,
): Pick<TrackComparison, 'n' | 'pearson' | 'spearman' | 'pearsonLog' | 'hexbin' | 'peaks'> {
  const { predicted, observed, used, start, binBp } = pair
  const largest = (values: Float32Array, from: number, to: number) => {
    let most = Number.NEGATIVE_INFINITY
    for (let i = from; i < to; i++) if (used[i] === 1) most = Math.max(most, values[i]!)
    return most
  }
  const peaks = judgePeaks(findPeaks(predicted, used), findPeaks(observed, used)).map(({ from, to, kind }) => ({
    start: start + from * binBp,
    end: start + to * binBp,
    kind,
    predicted: largest(predicted, from, to),
    observed: largest(observed, from, to),
  }))
  return { ...correlate(pair), hexbin: { ...hexbin(predicted, observed, used, scale), scale }, peaks }
}
