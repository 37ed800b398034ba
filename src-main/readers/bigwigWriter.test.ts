import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { BigWig } from '@gmod/bbi'
import { afterAll, describe, expect, it } from 'vitest'
import { SeededRandom } from '../../test-support/random.ts'
import { type SignalColumns, writeBigWig } from './bigwigWriter.ts'

const folder = mkdtempSync(join(tmpdir(), 'diploscope-bigwig-'))
afterAll(() => rmSync(folder, { recursive: true, force: true, maxRetries: 10 }))

const contigs = [
  { name: 'chr2', length: 5_000_000 },
  { name: 'chr1', length: 2_000 },
  { name: 'chr10', length: 100 },
]

function columns(contig: string, count: number, first: number): SignalColumns {
  const random = new SeededRandom(contig)
  const starts: number[] = []
  const ends: number[] = []
  const values: number[] = []
  let at = first
  for (let i = 0; i < count; i++) {
    at += random.chance(0.3) ? random.integer(1, 9) : 0
    starts.push(at)
    at += random.integer(1, 20)
    ends.push(at)
    values.push(Math.fround(random.normal(3, 2)))
  }
  return { contig, starts, ends, values }
}

describe('writeBigWig, read back by @gmod/bbi', () => {
  // Over 256 sections, so that the index has two levels.
  const signal = [columns('chr2', 300_000, 17), columns('chr1', 50, 3)]
  const path = join(folder, 'a.bw')
  writeFileSync(path, writeBigWig(contigs, signal))
  const file = new BigWig({ path })

  it('has the contigs, by name', async () => {
    const header = await file.getHeader()
    expect(Object.values(header.refsByNumber).map(c => [c.name, c.length])).toEqual([['chr1', 2000], ['chr10', 100], ['chr2', 5_000_000]]) // biome-ignore format: one line
  })

  it('gives every interval back as written, any region', async () => {
    for (const s of signal)
      for (const [from, to] of [
        [0, 2_000],
        [900_000, 901_000],
        [2_300_017, 2_302_000],
      ] as const) {
        const features = (await file.getFeatures(s.contig, from, to, { scale: 1 }))
          .filter(f => f.end > from) // this reader also returns an interval that only touches the range
          .map(f => [f.start, f.end, f.score])
        const expected: number[][] = []
        for (let i = 0; i < s.values.length; i++)
          if (s.starts[i]! < to && s.ends[i]! > from) expected.push([s.starts[i]!, s.ends[i]!, s.values[i]!])
        if (s.contig === 'chr2') expect(expected.length).toBeGreaterThan(50)
        expect(features).toEqual(expected)
      }
    expect(await file.getFeatures('chr10', 0, 100)).toEqual([])
  })

  it('has zoom levels whose sums are those of the data', async () => {
    const coarse = await file.getFeatures('chr2', 0, 5_000_000, { scale: 1 / 5_000 })
    expect(coarse.length).toBeGreaterThan(10)
    expect(coarse.length).toBeLessThan(10_000)
    const max = Math.max(...coarse.map(f => f.maxScore ?? Number.NaN))
    expect(max).toBe(Array.from(signal[0]!.values).reduce((a, b) => Math.max(a, b)))
    const { totalSummary } = await file.getHeader()
    let [bases, sum] = [0, 0]
    for (const s of signal)
      for (let i = 0; i < s.values.length; i++) {
        bases += s.ends[i]! - s.starts[i]!
        sum += (s.ends[i]! - s.starts[i]!) * s.values[i]!
      }
    expect(totalSummary.basesCovered).toBe(bases)
    expect(totalSummary.scoreSum).toBeCloseTo(sum, 2)
  })

  it('writes a file without values, and refuses what a bigWig cannot hold', async () => {
    const empty = join(folder, 'empty.bw')
    writeFileSync(empty, writeBigWig(contigs, []))
    expect(await new BigWig({ path: empty }).getFeatures('chr1', 0, 100)).toEqual([])
    const one = (start: number, end: number, value: number) => () => writeBigWig(contigs, [{ contig: 'chr1', starts: [5, start], ends: [10, end], values: [1, value] }]) // biome-ignore format: one line
    expect(one(8, 12, 1)).toThrow(/overlaps/)
    expect(one(1990, 2001, 1)).toThrow(/leaves the contig/)
    expect(one(20, 30, Number.NaN)).toThrow(/not finite/)
    expect(() => writeBigWig(contigs, [{ contig: 'chr9', starts: [], ends: [], values: [] }])).toThrow(/not to have/)
  })
})
