import type { ModelTrack } from '../models/folder/modelJson.ts'
import { SUM_STATS, type TargetTransform, targetTransform } from './targetTransform.ts'

/** A track's training transform, as far as the table gives one that is known. */
export function transformOf(track: Pick<ModelTrack, 'transform'>): TargetTransform | undefined {
  const t = track.transform
  const sum_stat = SUM_STATS.find(s => s === t?.['sum_stat'])
  if (!t || sum_stat === undefined) return undefined
  const number = (field: string) => {
    const value = t[field]
    return typeof value === 'number' && Number.isFinite(value) ? { [field]: value } : {}
  }
  return { sum_stat, ...number('scale'), ...number('clipSoft'), ...number('clip') }
}

/** The transform in words, in the order of its steps; '' for none. */
export function transformText(track: Pick<ModelTrack, 'transform'>): string {
  const t = transformOf(track)
  if (!t) return ''
  const parts = [
    t.scale !== undefined && t.scale !== 1 ? `coverage x ${t.scale}` : 'coverage',
    t.sum_stat.startsWith('mean') ? 'mean of the bin' : 'sum of the bin',
    ...(t.sum_stat.endsWith('_sqrt') ? ['√(1 + x) - 1'] : []),
    ...(t.clipSoft === undefined ? [] : [`square root above ${t.clipSoft}`]),
    ...(t.clip === undefined ? [] : [`at most ${t.clip}`]),
  ]
  return parts.join(', ')
}

/**
 * What a network that learnt this track would call a bin of raw coverage: from the sum of the bin's bases and its width. A track
 * without a known transform is compared with mean coverage.
 */
export function applyTransform(track: Pick<ModelTrack, 'transform'>): (sum: number, binBp: number) => number {
  const t = transformOf(track)
  return t ? targetTransform(t) : (sum, binBp) => sum / binBp
}
