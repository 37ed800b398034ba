import { describe, expect, it } from 'vitest'
import { SeededRandom } from '../../test-support/random.ts'
import type { ModelTrack } from '../models/folder/modelJson.ts'
import { chooseTracks, trackLabels } from './chooseTracks.ts'
import { oneHot, reverseComplement } from './oneHot.ts'
import { addPass, passes, planPrediction, strandPartners, windowGeometry } from './predict.ts'
import { undoTransform } from './undoTransform.ts'

const geometry = { windowBp: 131_072, binBp: 32, bins: 2048, cropBins: 1024 }
const plan = (start: number, end: number) => planPrediction({ contig: 'c', start, end }, geometry)

describe('the plan of a prediction', () => {
  // Truth: the arithmetic of a window of 131,072 bp whose central 65,536 bp are kept.
  it('a region of exactly the kept centre is one window around it', () => {
    expect(plan(32_768, 98_304)).toEqual({
      contig: 'c',
      start: 32_768,
      end: 98_304,
      binBp: 32,
      bins: 2048,
      windows: [{ start: 0, outBin: 0, firstBin: 0, count: 2048 }],
    })
  })
  it('a small region is snapped outward to the bins of the window centred on it', () => {
    // The kept centre of the window around [100000, 100101) starts at floor((200101 - 65536) / 2) = 67282.
    const p = plan(100_000, 100_101)
    expect((p.start - 67_282) % 32).toBe(0)
    expect(p).toMatchObject({ start: 99_986, end: 100_114, bins: 4, windows: [{ start: 67_282 - 32_768, firstBin: 1022, count: 4 }] }) // biome-ignore format: one thought
  })
  it('a longer region has bins that count from the start of the contig', () => {
    const p = plan(100_001, 300_000)
    expect(p).toMatchObject({ start: 100_000, end: 300_000, bins: 6250 })
    expect(p.windows.map(w => [w.start, w.outBin, w.firstBin, w.count])).toEqual([
      [100_000 - 32_768, 0, 0, 2048],
      [100_000 + 65_536 - 32_768, 2048, 0, 2048],
      [100_000 + 2 * 65_536 - 32_768, 4096, 0, 2048],
      [100_000 + 3 * 65_536 - 32_768, 6144, 0, 106],
    ])
  })
  // Truth: the definition, at random places and for random models.
  it('every bin is answered once by the window that holds it, and the region lies inside', () => {
    const random = new SeededRandom('plans')
    for (let i = 0; i < 500; i++) {
      const [binBp, bins, cropBins] = [2 ** random.integer(0, 6), random.integer(1, 40), random.integer(0, 20)]
      const g = { windowBp: (bins + 2 * cropBins) * binBp, binBp, bins, cropBins }
      const start = random.integer(0, 5000)
      const region = { contig: 'c', start, end: start + 1 + random.integer(0, 4000) }
      const p = planPrediction(region, g)
      expect(p.start).toBeLessThanOrEqual(region.start)
      expect(p.start + binBp).toBeGreaterThan(region.start)
      expect(p.end).toBeGreaterThanOrEqual(region.end)
      expect(p.end - binBp).toBeLessThan(region.end)
      const answered = new Array<number>(p.bins).fill(0)
      for (const w of p.windows)
        for (let b = 0; b < w.count; b++) {
          answered[w.outBin + b]!++
          expect(w.firstBin + b).toBeLessThan(bins)
          expect(w.start + (cropBins + w.firstBin + b) * binBp).toBe(p.start + (w.outBin + b) * binBp)
        }
      expect(answered.every(n => n === 1)).toBe(true)
      const fits = region.end - region.start <= bins * binBp
      expect(p.windows.length === 1 || !fits).toBe(true)
      if (!fits) expect(p.start % binBp).toBe(0)
    }
  })
  it('refuses a model that does not predict tracks from DNA, or does not add up', () => {
    const dna = {
      type: 'dna',
      alphabet: 'ACGT',
      unknown: 'zeros',
      length: 64,
      lengthMultiple: 8,
      genome: null,
    } as const
    const ok = { id: 'm', input: dna, output: { binSize: 8, bins: 4, cropBins: 2 } }
    expect(windowGeometry(ok)).toEqual({ windowBp: 64, binBp: 8, bins: 4, cropBins: 2 })
    expect(() => windowGeometry({ ...ok, input: { type: 'tokens', maxTokens: 3 } })).toThrow(/takes tokens/)
    expect(() => windowGeometry({ ...ok, output: {} })).toThrow(/predicts no tracks/)
    expect(() => windowGeometry({ ...ok, output: { binSize: 8, bins: 4, cropBins: 1 } })).toThrow(
      /are not its window of 64/,
    )
  })
})

const track = (head: string, index: number, more: Partial<ModelTrack> = {}): ModelTrack => ({ head, index, name: `${head} ${index}`, ...more }) // biome-ignore format: one thought
const tracks = [
  track('human', 0, { name: 'CAGE:liver', sourceId: 'CNhs1+', strand: '+', strandPair: 1 }),
  track('human', 1, { name: 'CAGE:liver', sourceId: 'CNhs1-', strand: '-', strandPair: 0 }),
  track('human', 2, { name: 'DNASE:HepG2', sourceId: 'ENCFF1', strand: '.', strandPair: 2 }),
  track('mouse', 0, { name: 'DNASE:brain', sourceId: 'ENCFF1', strand: '.' }),
]

describe('choosing tracks', () => {
  it.each([
    [undefined, [0, 1, 2, 3]],
    ['2', [2]],
    ['1-2,0', [1, 2, 0]],
    ['mouse:0', [3]],
    ['CNhs1-', [1]],
    ['ENCFF1', [2, 3]],
    ['dnase', [2, 3]],
    ['HepG2, liver', [2, 0, 1]],
    ['2,hepg2,ENCFF1', [2, 3]],
  ])('%s', (list, expected) => expect(chooseTracks(list, tracks)).toEqual(expected))
  it.each(['4', '2-1', '1-9', 'fish', 'mouse:7'])('%s is no track', list => {
    expect(() => chooseTracks(`2,${list}`, tracks)).toThrow(`no track is '${list}' among the 4`)
  })
  it('an empty list is no list', () => expect(() => chooseTracks(' , ', tracks)).toThrow(/empty/))
  it('labels differ', () => {
    expect(trackLabels(tracks)).toEqual(['CNhs1+', 'CNhs1-', 'ENCFF1:human:2', 'ENCFF1:mouse:0'])
  })
})

describe('strands', () => {
  it('partners are places in the table', () => expect(strandPartners([2, 0, 1, 3], tracks)).toEqual([2, 1, 0, 3]))
  it('refuses a stranded track without a partner', () => {
    expect(() => strandPartners([0], [track('human', 0, { strand: '+' })])).toThrow(
      /does not say which track is the other/,
    )
    expect(() => strandPartners([0], [track('human', 0, { strandPair: 5 })])).toThrow(/strandPair 5/)
  })
  // Truth: complement and reverse letter by letter.
  it('one-hot of the other strand', () => {
    const bases = 'ACGTNNacgtRTT'
    const other = [...bases].reverse().map(b => ({ A: 'T', C: 'G', G: 'C', T: 'A' })[b.toUpperCase()] ?? 'N').join('') // biome-ignore format: one thought
    for (const unknown of ['zeros', 'quarter'] as const) {
      const [forward, reverse] = [new Float32Array(52).fill(7), new Float32Array(52)]
      oneHot(bases, unknown, forward)
      oneHot(other, unknown, reverse)
      expect(forward.subarray(0, 20)).toEqual(Float32Array.of(...[1, 0, 0, 0], ...[0, 1, 0, 0], ...[0, 0, 1, 0], ...[0, 0, 0, 1], ...new Array<number>(4).fill(unknown === 'zeros' ? 0 : 0.25))) // biome-ignore format: one table
      expect(reverseComplement(forward)).toEqual(reverse)
    }
  })
})

describe('adding up passes', () => {
  it('turns the other strand round, swaps its columns, and refuses what is not a number', () => {
    const window = { start: 0, outBin: 0, firstBin: 1, count: 2 }
    const values = Float32Array.of(...[0, 10], ...[1, 11], ...[2, 12], ...[3, 13]) // four bins of two columns
    const result = { values, columns: 2, of: [0, 1], reverseOf: [1, 0] }
    const out = new Float64Array(4)
    const [forward, reverse] = passes([0], true) as [{ shiftBp: number; reverse: boolean }, { shiftBp: number; reverse: boolean }] // biome-ignore format: one line
    addPass(out, window, forward, result, 0.5)
    expect([...out]).toEqual([0.5, 5.5, 1, 6])
    addPass(out, window, reverse, result, 0.5)
    expect([...out]).toEqual([0.5 + 6, 5.5 + 1, 1 + 5.5, 6 + 0.5])
    values[2] = Number.NaN
    expect(() => addPass(out, window, forward, result, 0.5)).toThrow(/NaN in bin 0/)
  })
  it('passes are all shifts on all strands', () => {
    expect(passes([-1, 2], true)).toHaveLength(4)
    expect(passes([0], false)).toEqual([{ shiftBp: 0, reverse: false }])
  })
})

// Truth: the forward transforms, as their programs define them.
describe('undoing the transform of the targets', () => {
  const transform = { sum_stat: 'sum_sqrt', scale: 0.3, clipSoft: 8, clip: 384 }
  it.each([0, 0.5, 3, 40, 900, 5000])('%s comes back', x => {
    const current = (v: number) => {
      const root = Math.sqrt(1 + 0.3 * v) - 1
      return root > 8 ? 8 - 1 + Math.sqrt(root - 8 + 1) : root
    }
    const paper = (v: number) => {
      const power = v ** 0.75
      return 0.3 * (power > 8 ? 8 + Math.sqrt(power - 8) : power)
    }
    expect(undoTransform(track('h', 0, { transform }), 'current')(current(x))).toBeCloseTo(x, 8)
    expect(undoTransform(track('h', 0, { transform }), 'paper')(paper(x))).toBeCloseTo(x, 8)
  })
  it('a track without a transform stays', () => expect(undoTransform(track('h', 0), 'current')(3.5)).toBe(3.5))
})
