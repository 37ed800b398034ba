import { readFileSync, writeFileSync } from 'node:fs'
import { BigWig } from '@gmod/bbi'
import { LocalFile } from 'generic-filehandle2'
import { describe, expect, it } from 'vitest'
import { quietContext } from '../../src-shared/job.ts'
import { sharedData } from '../../test-support/shared-data.ts'
import { writeBigWig } from './bigwigWriter.ts'
import { openSignal } from './signal.ts'
import { random, testFolder } from './testFiles.ts'

const at = testFolder()
const context = quietContext()

interface Item {
  readonly start: number
  readonly end: number
  readonly score: number
}

/** Bins by going over every base: the slow twin. NaN where no base has a value. */
function naive(items: readonly Item[], start: number, end: number, count: number) {
  const bases = new Float64Array(end - start).fill(Number.NaN)
  for (const item of items) for (let p = Math.max(start, item.start); p < Math.min(end, item.end); p++) bases[p - start] = item.score // biome-ignore format: one line
  return Array.from({ length: count }, (_, i) => {
    const part = [...bases.subarray(Math.floor((i * (end - start)) / count), Math.floor(((i + 1) * (end - start)) / count))].filter(v => !Number.isNaN(v)) // biome-ignore format: one line
    if (part.length === 0) return { mean: Number.NaN, min: Number.NaN, max: Number.NaN, covered: 0 }
    return { mean: part.reduce((a, b) => a + b, 0) / part.length, min: Math.min(...part), max: Math.max(...part), covered: part.length } // biome-ignore format: one line
  })
}

const files = ['bigwig/test.bw', 'bigwig/fixedStep.bw', 'bigwig/variable_step.bw', 'bigwig/nozooms.bw', 'bigwig/hg19.dnase1.bw', 'apoe/ENCSR653DFZ_rnaseq_APOE.GRCh38.coverage.bw', 'baskerville/t25_ENCFF136DBS.bw', 'bam/gviz/test.bw', 'yeast/RNA.fwd.bw'] // biome-ignore format: a list of files

describe.each(files)('openSignal: %s', name => {
  const path = sharedData(name)

  it.skipIf(!path)('equals @gmod/bbi base by base (truth: an independent reader and a slow twin)', async () => {
    const signal = await openSignal(path!)
    const peer = new BigWig({ filehandle: new LocalFile(path!) })
    const header = await peer.getHeader()
    expect(signal.contigs).toEqual(Object.values(header.refsByNumber).map(r => ({ name: r.name, length: r.length })))
    const next = random(17)
    let compared = 0
    for (const { name: contig, length } of signal.contigs.slice(0, 3)) {
      const everything = (await peer.getFeatures(contig, 0, length)) as Item[]
      for (let k = 0; k < 12; k++) {
        const anchor = everything[next(Math.max(1, everything.length))]?.start ?? 0
        const start = Math.max(0, anchor - next(400))
        const end = Math.min(length, start + 1 + next(3000))
        if (end <= start) continue
        const count = 1 + next(Math.min(end - start, 50))
        const bins = await signal.bins({ contig, start, end }, count, context, { exact: true })
        expect(bins.resolutionBp).toBe(1)
        for (const [i, bin] of naive(everything, start, end, count).entries()) {
          expect(bins.covered[i]).toBeCloseTo(bin.covered, 6)
          expect(bins.mean[i]! - bin.mean || 0).toBeCloseTo(0, 3 - Math.max(0, Math.ceil(Math.log10(Math.abs(bin.mean) || 1)))) // biome-ignore format: one line
          expect(Number.isNaN(bins.mean[i])).toBe(Number.isNaN(bin.mean))
          expect([bins.min[i], bins.max[i]]).toEqual([bin.min, bin.max])
          compared++
        }
      }
    }
    expect(compared).toBeGreaterThan(50)
    await signal.close()
  })

  it.skipIf(!path)('has zoomed bins whose totals are those of all values (truth: exact bins)', async () => {
    const signal = await openSignal(path!)
    for (const { name: contig, length } of signal.contigs.slice(0, 2)) {
      const wide = { contig, start: 0, end: length }
      const zoomed = await signal.bins(wide, 20, context)
      const exact = await signal.bins(wide, 20, context, { exact: true })
      if (signal.zoomLevels.some(z => z <= length / 40)) expect(zoomed.resolutionBp).toBeGreaterThan(1)
      const total = (a: Float64Array) => a.reduce((x, y) => x + y, 0)
      // Some writers count bases at the edges of summaries twice (the file's own total then exceeds the genome's length).
      if (name.startsWith('yeast')) continue
      expect(total(zoomed.covered) / total(exact.covered)).toBeCloseTo(1, 5)
      expect(total(zoomed.sums) / total(exact.sums)).toBeCloseTo(1, 3)
      expect(Math.max(...zoomed.max.filter(v => !Number.isNaN(v)))).toBe(Math.max(...exact.max.filter(v => !Number.isNaN(v)))) // biome-ignore format: one line
    }
    await signal.close()
  })
})

describe('openSignal', () => {
  const intervals = [
    { start: 100, end: 200, value: 2 },
    { start: 200, end: 210, value: 0 },
    { start: 1000, end: 1010, value: -3 },
  ]
  const write = () =>
    writeFileSync(
      at('w.bw'),
      writeBigWig(
        [{ name: 'chr1', length: 5000 }],
        [{ contig: 'chr1', starts: intervals.map(v => v.start), ends: intervals.map(v => v.end), values: intervals.map(v => v.value) }], // biome-ignore format: one line
      ),
    )

  it('tells no value from zero, and leaves what is outside the contig empty (truth: what was written)', async () => {
    write()
    const signal = await openSignal(at('w.bw'))
    const bins = await signal.bins({ contig: '1', start: 0, end: 400 }, 4, context, { exact: true })
    expect([...bins.mean]).toEqual([Number.NaN, 2, 0, Number.NaN])
    expect([...bins.covered]).toEqual([0, 100, 10, 0])
    const beyond = await signal.bins({ contig: 'chr1', start: 4000, end: 9000 }, 2, context)
    expect([...beyond.mean]).toEqual([Number.NaN, Number.NaN])
    expect([...(await signal.values({ contig: 'chr1', start: 998, end: 1002 }, context))]).toEqual([Number.NaN, Number.NaN, -3, -3]) // biome-ignore format: one line
    await expect(signal.bins({ contig: 'chr2', start: 0, end: 9 }, 1, context)).rejects.toMatchObject({
      code: 'not-found',
    })
    await expect(signal.bins({ contig: 'chr1', start: 9, end: 9 }, 1, context)).rejects.toMatchObject({
      code: 'region',
    })
    await signal.close()
  })

  it('refuses every truncation and survives every flipped byte with a coded error or an answer', async () => {
    write()
    const whole = readFileSync(at('w.bw'))
    const outcome = async (bytes: Uint8Array) => {
      writeFileSync(at('f.bw'), bytes)
      const signal = await openSignal(at('f.bw'))
      try {
        return await signal.bins({ contig: 'chr1', start: 0, end: 5000 }, 5, context)
      } finally {
        await signal.close()
      }
    }
    const good = await outcome(whole)
    for (let size = 0; size < whole.length - 4; size += 13) {
      const answer = await outcome(whole.subarray(0, size)).catch(error => error)
      // What lies behind the last byte that a query needs may be missing unseen; the answer is then the right one.
      if (answer.name !== 'WorkbenchError') expect(answer.mean, `${size} bytes`).toEqual(good.mean)
      else expect(answer.code).toMatch(/truncated|wrong-type|corrupt|not-found/)
    }
    const next = random(23)
    for (let k = 0; k < 400; k++) {
      const bytes = Uint8Array.from(whole)
      bytes[next(bytes.length)]! ^= 1 << next(8)
      const answer = await outcome(bytes).catch(error => error)
      if (answer.name === 'WorkbenchError') expect(answer.code).not.toBe('internal')
      else expect(answer.count).toBe(5)
    }
  })
})
