import { describe, expect, it } from 'vitest'
import { pearson } from '../../test-support/baskerville-data.ts'
import { SeededRandom } from '../../test-support/random.ts'
import type { ModelTrack } from '../models/folder/modelJson.ts'
import { assayOf, compareJudges, TrackJudge } from './evaluate.ts'

const tracks: readonly ModelTrack[] = [
  { index: 0, head: 'h', name: 'DNASE:a' },
  { index: 1, head: 'h', name: 'CHIP:H3K27ac:b', assay: 'CHIP', target: 'H3K27ac' },
  { index: 2, head: 'h', name: 'CHIP:HDAC1:c', assay: 'CHIP', target: 'HDAC1' },
  { index: 3, head: 'h', name: 'DNASE:constant' },
]
const BINS = 30
const WINDOWS = 12

function filled(noise: number, seed: string) {
  const truth = new SeededRandom('truth')
  const random = new SeededRandom(seed)
  const judge = new TrackJudge(tracks)
  const all: { predicted: number[]; target: number[] }[] = tracks.map(() => ({ predicted: [], target: [] }))
  const windows: { predicted: number[]; target: number[] }[] = []
  for (let w = 0; w < WINDOWS; w++) {
    const target = Array.from({ length: BINS * 4 }, (_, i) => (i % 4 === 3 ? 2 : truth.normal(i % 4, 1)))
    const predicted = target.map((t, i) => (i % 4 === 3 ? random.next() : t + random.normal(0, noise)))
    judge.add(`w${w}`, predicted, target)
    windows.push({ predicted, target })
    for (let i = 0; i < target.length; i++) {
      all[i % 4]!.predicted.push(predicted[i]!)
      all[i % 4]!.target.push(target[i]!)
    }
  }
  return { judge, all, windows }
}

describe('TrackJudge', () => {
  // Truth: Pearson's formula over all values at once.
  it('gives r of each track, by assay, pooled and by window; a constant track is left out and said', () => {
    const { judge, all, windows } = filled(0.8, 'x')
    const e = judge.evaluation(200, 1)
    for (let t = 0; t < 3; t++) expect(e.tracks[t]!.r).toBeCloseTo(pearson(all[t]!.predicted, all[t]!.target), 12)
    expect(e.tracks[3]!.r).toBeNull()
    expect([e.used, e.excluded]).toEqual([3, 1])
    expect(e.mean.r).toBeCloseTo((e.tracks[0]!.r! + e.tracks[1]!.r! + e.tracks[2]!.r!) / 3, 12)
    expect(e.assays.map(a => [a.assay, a.tracks])).toEqual([['DNASE', 2], ['CHIP histone', 1], ['CHIP other', 1]]) // biome-ignore format: one table
    const both = [0, 3].flatMap(t => all[t]!.predicted)
    expect(e.assays[0]!.pooled).toBeCloseTo(
      pearson(
        both,
        [0, 3].flatMap(t => all[t]!.target),
      ),
      12,
    )
    const column = (x: number[], t: number) => x.filter((_, i) => i % 4 === t)
    expect(e.sequences[5]!.pooledByAssay['CHIP other']).toBeCloseTo(pearson(column(windows[5]!.predicted, 2), column(windows[5]!.target, 2)), 12) // biome-ignore format: one thought
    expect(e.sequences[5]!.meanPerTrack).toBeLessThan(1)
  })
  // Truth: Fisher's z for independent bins: the interval's width within a third of 2·1.96·(1 - r²)/√n.
  it('has intervals that hold the estimate and are as wide as theory says; the same seed gives the same', () => {
    const { judge } = filled(0.8, 'x')
    const e = judge.evaluation(400, 1)
    for (const t of e.tracks.slice(0, 3)) {
      const [low, high] = t.interval95!
      expect(low).toBeLessThan(t.r!)
      expect(high).toBeGreaterThan(t.r!)
      const width = (2 * 1.96 * (1 - t.r! ** 2)) / Math.sqrt(WINDOWS * BINS)
      expect(Math.abs((high - low) / width - 1)).toBeLessThan(0.5)
    }
    expect(judge.evaluation(400, 1)).toEqual(e)
    expect(judge.evaluation(400, 2).mean.interval95).not.toEqual(e.mean.interval95)
    expect(judge.evaluation(0, 1).mean.interval95).toBeNull()
  })
})

describe('compareJudges', () => {
  it('finds no difference from itself, and one from a noisier model', () => {
    const [good, bad] = [filled(0.5, 'x').judge, filled(1.5, 'y').judge]
    const same = compareJudges([good, good], 100, 1)
    expect(same.difference).toEqual({ r: 0, interval95: [0, 0] })
    expect(same.byAssay.every(a => a.shareOtherAtLeast === 1 && Math.abs(a.r! - 1) < 1e-12)).toBe(true)
    const worse = compareJudges([good, bad], 400, 1)
    expect(worse.difference.r).toBeLessThan(-0.2)
    expect(worse.difference.interval95![1]).toBeLessThan(0)
    expect(worse.byAssay.map(a => [a.assay, a.windows])).toEqual([['DNASE', 12], ['CHIP histone', 12], ['CHIP other', 12]]) // biome-ignore format: one table
    expect(worse.byAssay.every(a => a.meanY < a.meanX)).toBe(true)
    expect(worse.points).toHaveLength(36)
  })
})

it('assayOf tells histones from other ChIP', () => {
  const of = (name: string, target?: string) => assayOf({ index: 0, head: 'h', name, ...(target ? { target, assay: 'CHIP' } : {}) }) // biome-ignore format: one thought
  expect([of('CHIP:H2AFZ:x'), of('CHIP:HNF4A:x'), of('CAGE:x'), of('x', 'H4K20me1'), of('x', 'CTCF')]).toEqual(['CHIP histone', 'CHIP other', 'CAGE', 'CHIP histone', 'CHIP other']) // biome-ignore format: one table
})
