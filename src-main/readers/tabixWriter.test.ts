import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { TabixIndexedFile } from '@gmod/tabix'
import { afterAll, describe, expect, it } from 'vitest'
import { SeededRandom } from '../../test-support/random.ts'
import { type IndexedLine, VCF_COLUMNS, writeTabix } from './tabixWriter.ts'

const folder = mkdtempSync(join(tmpdir(), 'diploscope-tabix-'))
afterAll(() => rmSync(folder, { recursive: true, force: true, maxRetries: 10 }))

describe('writeTabix, read back by @gmod/tabix', () => {
  const random = new SeededRandom('tabix')
  const lines: IndexedLine[] = []
  // 12,000 lines of 60 bytes: over ten blocks, many bins and levels.
  for (const contig of ['chr1', 'chr2'])
    for (
      let start = random.integer(0, 50);
      lines.length < (contig === 'chr1' ? 6000 : 12_000);
      start += random.integer(1, 9000)
    ) {
      const ref = 'A'.repeat(random.integer(1, 30))
      lines.push({
        contig,
        start,
        end: start + ref.length,
        text: `${contig}\t${start + 1}\t${'x'.repeat(20)}\t${ref}\tC\t.\tPASS\t.`,
      })
    }
  const made = writeTabix(['##fileformat=VCFv4.3', '#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO'], lines, VCF_COLUMNS)
  const path = join(folder, 'a.vcf.gz')
  writeFileSync(path, made.data)
  writeFileSync(`${path}.tbi`, made.index)
  const file = new TabixIndexedFile({ path, tbiPath: `${path}.tbi` })

  it('gives the lines of any range, as a plain filter of them does', async () => {
    const length = lines.at(-1)!.end
    let found = 0
    for (let k = 0; k < 60; k++) {
      const contig = random.pick(['chr1', 'chr2'])
      const start = k === 0 ? 0 : random.integer(0, length)
      const end = k === 0 ? length : start + random.pick([1, 100, 20_000, 2_000_000])
      const got: string[] = []
      await file.getLines(contig, start, end, line => got.push(line))
      const expected = lines.filter(l => l.contig === contig && l.start < end && l.end > start).map(l => l.text)
      expect(got).toEqual(expected)
      found += got.length
    }
    expect(found).toBeGreaterThan(6000)
  })

  it('keeps the header and the contigs', async () => {
    expect(await file.getHeader()).toContain('#CHROM\tPOS')
    expect(await file.getReferenceSequenceNames()).toEqual(['chr1', 'chr2'])
  })
})
