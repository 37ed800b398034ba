import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { quietContext } from '../../src-shared/job.ts'
import { writeIndexedBam } from '../../test-support/apoe-people.ts'
import { sharedData } from '../../test-support/shared-data.ts'
import { openAlignments } from '../readers/alignments.ts'
import type { BamRecord } from '../readers/bamWriter.ts'
import { firstReads } from './firstReadsRun.ts'

const folder = mkdtempSync(join(tmpdir(), 'diploscope-first-'))
afterAll(() => rmSync(folder, { recursive: true, force: true, maxRetries: 10 }))

const CONTIGS = [
  { name: 'chrA', length: 50_000 },
  { name: 'chrB', length: 2_000_000 },
]
const read = (contig: number, start: number, flag = 0, length = 50): BamRecord => ({
  name: `r${start}`,
  flag,
  contig,
  start,
  mappingQuality: 60,
  cigar: `${length}M`,
  sequence: 'A'.repeat(length),
  qualities: new Uint8Array(length).fill(30),
})
let files = 0
const first = async (records: readonly BamRecord[]) => {
  const path = await writeIndexedBam(join(folder, `${files++}.bam`), records, CONTIGS)
  const file = await openAlignments(path)
  return firstReads(file, quietContext()).finally(() => file.close())
}

describe('the first stretch of reads: truth by construction', () => {
  it('is on the first contig that has any, up to the first gap', async () => {
    const reads = [read(1, 900_000), read(1, 900_040), read(1, 900_500), read(1, 1_500_000)]
    expect(await first(reads)).toEqual({ contig: 'chrB', start: 900_000, end: 900_550 })
  })
  it('is 20 kb at most, and passes over reads that are placed but not mapped', async () => {
    const reads = [read(0, 100, 4), ...Array.from({ length: 200 }, (_, i) => read(1, 5_000 + i * 200))]
    expect(await first(reads)).toEqual({ contig: 'chrB', start: 5_000, end: 25_000 })
  })
  it('is null where nothing is mapped', async () => {
    expect(await first([])).toBeNull()
  })
})

// Truth: samtools view FILE | head -1.
const real: readonly (readonly [string, string, number])[] = [
  ['bam/igvjs/na12889.bam', 'chr1', 155_148_857],
  ['cram/igvjs/hg00096_hg38.bam', 'chr8', 128_749_473],
]
describe('the first stretch of reads of real files', () => {
  for (const [name, contig, position] of real) {
    const path = sharedData(name)
    it.skipIf(!path)(name, async () => {
      const file = await openAlignments(path ?? '')
      expect(await firstReads(file, quietContext()).finally(() => file.close())).toMatchObject({ contig, start: position - 1 }) // biome-ignore format: one line
    })
  }
})
