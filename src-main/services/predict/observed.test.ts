import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { FileFacts } from '../../../src-shared/genome/files.ts'
import { quietContext } from '../../../src-shared/job.ts'
import { undoTransform } from '../../analyses/undoTransform.ts'
import type { ModelTrack } from '../../models/folder/modelJson.ts'
import { writeBigWig } from '../../readers/bigwigWriter.ts'
import { observedBins, observedValue } from './observed.ts'

const track = (transform?: Record<string, unknown>): ModelTrack => ({
  index: 0,
  head: 'h',
  name: 'n',
  ...(transform ? { transform } : {}),
})

describe('an experiment in the units of a track', () => {
  // The training program's steps, written out: scale, pool, √(1 + x) - 1, soft clip.
  it('has the closed form of the training transform', () => {
    const value = observedValue(track({ sum_stat: 'sum_sqrt', scale: 2, clipSoft: 4 }), { units: 'model' })
    const root = Math.sqrt(1 + 2 * 60) - 1
    expect(value(60, 6, 10)).toBeCloseTo(4 - 1 + Math.sqrt(root - 4 + 1), 12)
    expect(observedValue(track(), { units: 'model' })(60, 6, 10)).toBe(6)
  })
  it.each(['sum', 'mean', 'sum_sqrt', 'mean_sqrt'])(
    'comes back from the units of the model to those of the signal: %s',
    stat => {
      const t = track({ sum_stat: stat, scale: 0.5, clipSoft: 8 })
      const undo = undoTransform(t, 'current')
      for (const sum of [0, 1, 17, 400, 9000]) {
        const signal = observedValue(t, { units: 'signal' })(sum, sum / 32, 32)
        expect(undo(observedValue(t, { units: 'model' })(sum, sum / 32, 32))).toBeCloseTo(signal, 6)
        expect(signal).toBe(stat.startsWith('sum') ? sum : sum / 32)
      }
    },
  )
  it('takes targets as they are, and undoes them for the units of the signal', () => {
    const t = track({ sum_stat: 'sum_sqrt' })
    expect(observedValue(t, { units: 'model', observed: 'transformed' })(96, 3, 32)).toBe(3)
    expect(observedValue(t, { units: 'signal', observed: 'transformed' })(96, 3, 32)).toBeCloseTo(15, 12)
    expect(observedValue(t, { units: 'model', observed: 'transformed' })(0, Number.NaN, 32)).toBe(0)
  })
})

describe('bins of an experiment', () => {
  let folder: string
  let path: string
  const values = Array.from({ length: 64 }, (_, i) => (i * 7) % 11)
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'diploscope-observed-'))
    path = join(folder, 'a.bw')
    const starts = values.map((_, i) => 100 + i * 4)
    writeFileSync(path, writeBigWig([{ name: 'chr1', length: 1000 }], [{ contig: 'chr1', starts, ends: starts.map(s => s + 4), values }])) // biome-ignore format: one line
  })
  afterAll(() => rmSync(folder, { recursive: true, force: true, maxRetries: 10 }))
  const entry = (kind: FileFacts['kind']) => ({ path, facts: { kind } as FileFacts })
  const ask = (start: number, end: number, binBp: number) =>
    observedBins(
      entry('bigwig'),
      track({ sum_stat: 'sum' }),
      { units: 'model', interval: { contig: '1', start, end }, binBp, modelBinBp: 8 },
      quietContext(),
    )

  it('sum the bases of each bin of the model; merged bins have their mean and largest', async () => {
    const fine = await ask(100, 356, 8)
    expect([...fine.mean]).toEqual(Array.from({ length: 32 }, (_, b) => 4 * (values[2 * b]! + values[2 * b + 1]!)))
    const coarse = await ask(100, 356, 32)
    for (let b = 0; b < 8; b++) {
      const part = [...fine.mean.subarray(4 * b, 4 * b + 4)]
      expect(coarse.mean[b]).toBeCloseTo(part.reduce((s, v) => s + v, 0) / 4, 5)
      expect(coarse.max[b]).toBe(Math.max(...part))
    }
  })
  it('are none where the file holds nothing at all, and 0 beside values', async () => {
    expect([...(await ask(600, 632, 8)).mean].every(Number.isNaN)).toBe(true)
    expect([...(await ask(340, 380, 8)).mean].slice(2)).toEqual([0, 0, 0])
  })
  it('refuse other files, other contigs and bins that do not divide', async () => {
    await expect(ask(100, 130, 8)).rejects.toMatchObject({ code: 'region' })
    await expect(ask(100, 112, 12)).rejects.toMatchObject({ code: 'region' })
    const asked = { units: 'model', interval: { contig: 'chr1', start: 0, end: 8 }, binBp: 8, modelBinBp: 8 } as const
    await expect(observedBins(entry('bigbed'), track(), asked, quietContext())).rejects.toMatchObject({ code: 'wrong-type' }) // biome-ignore format: one line
    const elsewhere = { ...asked, interval: { ...asked.interval, contig: 'chr9' } }
    await expect(observedBins(entry('bigwig'), track(), elsewhere, quietContext())).rejects.toMatchObject({ code: 'not-found' }) // biome-ignore format: one line
  })
})
