import { describe, expect, it } from 'vitest'
import type { TrackChange } from './compression.ts'
import { predictsTheSame, worstTrack } from './sameness.ts'

const track = (more: Partial<TrackChange> = {}): TrackChange => ({ name: 't', pearson: 1, spearman: 1, scale: 1, largestShare: 0, ...more }) // biome-ignore format: one line
const constant = (largestShare: number) => track({ pearson: null, spearman: null, scale: null, largestShare })
const same = (...tracks: readonly TrackChange[]) => predictsTheSame({ kind: 'tracks', on: '', tracks, meanPearson: 1, largestChange: 0, experiment: null }) // biome-ignore format: one line

// Truth: made-up tracks whose judgement is plain.
describe('a report of before, which has r alone', () => {
  const { scale: _s, largestShare: _l, ...old } = track()
  it('is not judged, but for an r that is too low', () => {
    expect(worstTrack([old])).toEqual({ pearson: 1, scale: null, largestShare: null })
    expect(same(old)).toBeNull()
    expect(same({ ...old, pearson: 0.9 })).toBe(false)
  })
})

describe('a track without a correlation', () => {
  it('that moved was lost: it agrees with nothing, however little of its largest it moved', () => {
    expect(same(track(), constant(0.15))).toBe(false)
    expect(worstTrack([track(), constant(0.15)])).toEqual({ pearson: 0, scale: 0, largestShare: 0.15 })
  })
  it('that was constant and stays so, but for rounding, is the same', () => {
    expect(same(track(), constant(0), constant(1e-6))).toBe(true)
    expect(worstTrack([track({ scale: 1.02 }), constant(0)])).toEqual({ pearson: 1, scale: 1.02, largestShare: 0 })
  })
})
