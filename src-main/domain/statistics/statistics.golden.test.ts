import { describe, expect, it } from 'vitest'
import { goldenArray, goldenCases, Judge } from '../../../test-support/golden.ts'
import { TrackPearson } from './pearson.ts'

const cases = goldenCases('statistics')

/** Truth: two-pass Pearson in float64, the track with a large offset by exact rational arithmetic. */
describe.skipIf(cases.length === 0)('golden: statistics', () => {
  it.each(cases)('$folder', at => {
    const { json } = at
    const { tolerance } = json
    const judge = new Judge()
    const predictions = goldenArray(at, 'predictions.npy')
    const targets = goldenArray(at, 'targets.npy')
    const [windows, bins, tracks] = predictions.shape as readonly [number, number, number]
    judge.array('shape', predictions.shape, json.shape, 0)
    const x = predictions.data as Float32Array
    const y = targets.data as Float32Array
    // In parts of one window each, merged: the way a whole evaluation runs.
    const total = new TrackPearson(tracks)
    let first: TrackPearson | undefined
    for (let w = 0; w < windows; w++) {
      const part = new TrackPearson(tracks)
      part.add(
        x.subarray(w * bins * tracks, (w + 1) * bins * tracks),
        y.subarray(w * bins * tracks, (w + 1) * bins * tracks),
      )
      first ??= part
      total.merge(part)
    }
    const one = (label: string, actual: number | undefined, expected: number | null, bound: number) => {
      if (expected === null) {
        expect(actual, label).toBeUndefined()
        judge.number(`${label} is undefined`, 1, 1, 0)
      } else judge.number(label, actual, expected, bound)
    }
    const result = total.result()
    const bound = (track: { kind: string }) => (/offset/.test(track.kind) ? tolerance.offset_track_abs : tolerance.abs)
    for (const track of json.tracks)
      one(`track ${track.track}`, result.perTrack[track.track], track.pearson, bound(track))
    const loose = tolerance.offset_track_abs
    one('mean', result.mean, json.mean_per_track, loose)
    judge.number('used', result.used, json.tracks_used, 0)
    judge.number('excluded', result.excluded, json.tracks_excluded, 0)
    one('pooled', result.pooled, json.pooled_all_tracks, tolerance.abs)
    const used = result.perTrack.flatMap((r, track) => (r === undefined ? [] : [track]))
    one('pooled, used tracks', total.result(used).pooled, json.pooled_used_tracks_only, tolerance.abs)
    for (const [key, value] of Object.entries(json)) {
      const left = /^pooled_without_offset_track_(\d+)$/.exec(key)?.[1]
      if (left === undefined) continue
      const kept = result.perTrack.map((_, track) => track).filter(track => track !== Number(left))
      one(key, total.result(kept).pooled, value as number, tolerance.abs)
    }
    for (const [name, type] of Object.entries<{
      tracks: number[]
      mean: number | null
      used: number
      excluded: number
      pooled: number | null
    }>(json.by_type)) {
      const part = total.result(type.tracks)
      one(`${name} mean`, part.mean, type.mean, loose)
      judge.number(`${name} used`, part.used, type.used, 0)
      judge.number(`${name} excluded`, part.excluded, type.excluded, 0)
      one(`${name} pooled`, part.pooled, type.pooled, tolerance.abs)
    }
    const window = first!.result()
    json.per_window_first_window.forEach((value: number | null, track: number) => {
      one(`window 0, track ${track}`, window.perTrack[track], value, bound(json.tracks[track]))
    })
    expect(judge.comparisons).toBeGreaterThanOrEqual(
      json.tracks.length + json.per_window_first_window.length + 4 * Object.keys(json.by_type).length + 6,
    )
    console.log(`statistics: ${judge.worst}`)
  })
})
