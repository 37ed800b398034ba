import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { TwoBitFile } from '@gmod/twobit'
import { LocalFile } from 'generic-filehandle2'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { writeTwoBit } from './twobitWriter.ts'

/** The string that a sparse contig stands for, spelled out: the naive twin. */
const spelled = (length: number, runs: readonly { start: number; sequence: string }[]) => {
  const letters = Array.from({ length }, () => 'N')
  for (const run of runs) for (const [i, base] of [...run.sequence].entries()) letters[run.start + i] = base
  return letters.join('')
}

describe('writeTwoBit', () => {
  let folder = ''
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'diploscope-2bit-'))
  })
  afterAll(() => rmSync(folder, { recursive: true, force: true, maxRetries: 10 }))

  it('is decoded by @gmod/twobit to the spelled-out sequence (truth: an independent decoder)', async () => {
    const contigs = [
      { name: 'chr19', length: 1003, runs: [{ start: 101, sequence: 'ACGTTGCAacgtNNnGGATc' }, { start: 990, sequence: 'TTTTTTTTTTGCA' }] }, // biome-ignore format: data
      { name: 'all-N', length: 7, runs: [] },
      { name: 'empty', length: 0, runs: [] },
      { name: 'from start', length: 5, runs: [{ start: 0, sequence: 'gaTTa' }] },
    ]
    const path = join(folder, 'a.2bit')
    writeFileSync(path, writeTwoBit(contigs))
    const file = new TwoBitFile({ filehandle: new LocalFile(path) })
    expect(await file.getSequenceSizes()).toEqual({ chr19: 1003, 'all-N': 7, empty: 0, 'from start': 5 })
    for (const { name, length, runs } of contigs) {
      if (length === 0) continue
      // Case of an N is not stored by all decoders: n and N are compared as N.
      const got = (await file.getSequence(name))?.replaceAll('n', 'N')
      expect(got).toBe(spelled(length, runs).replaceAll('n', 'N'))
    }
  })

  it('gives the bytes of the published layout (truth: UCSC format written out by hand)', () => {
    const bytes = writeTwoBit([{ name: 'a', length: 6, runs: [{ start: 1, sequence: 'cAGT' }] }])
    const u32 = (n: number) => [n & 255, (n >> 8) & 255, (n >> 16) & 255, (n >>> 24) & 255]
    expect([...bytes]).toEqual([
      ...u32(0x1a412743), ...u32(0), ...u32(1), ...u32(0),
      1, 97, ...u32(22),
      ...u32(6),
      ...u32(2), ...u32(0), ...u32(5), ...u32(1), ...u32(1),
      ...u32(1), ...u32(1), ...u32(1),
      ...u32(0),
      // N(0) c(1) A(2) G(3) | T(0) N(0)
      0b00_01_10_11, 0,
    ]) // biome-ignore format: one field a line
  })

  it('refuses runs that cannot be, naming them', () => {
    const write = (length: number, runs: { start: number; sequence: string }[]) => () => writeTwoBit([{ name: 'c', length, runs }]) // biome-ignore format: one line
    expect(write(3, [{ start: 1, sequence: 'ACG' }])).toThrow(/covers 1\.\.4, outside 0\.\.3/)
    expect(write(9, [{ start: 4, sequence: 'AC' }, { start: 5, sequence: 'A' }])).toThrow(/covers 5\.\.6, outside 6\.\.9/) // biome-ignore format: one line
    expect(() => writeTwoBit([{ name: 'c', length: 1, runs: [] }, { name: 'c', length: 1, runs: [] }])).toThrow(/twice/) // biome-ignore format: one line
  })
})
